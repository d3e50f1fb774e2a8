"""What a rendering has written so far, and its limit."""

from __future__ import annotations

from typing import Any

from livemerge.template.limits import MAX_OUTPUT_CHARACTERS, MAX_TEXT_CHARACTERS
from livemerge.template.runtime.fault import Fault, too_long


class Output(list[Any]):
    """The pieces a rendering has written, and how much of them was measured.

    Most renderings are never measured while they run: the two numbers belong to the class until then.
    """

    measured = 0  # pieces
    size = 0  # characters or octets in them


def check_size(output: Output) -> None:
    """Raises Fault where a rendering has written too much. Looks only at what is new since the last look."""
    output.size += sum(map(len, output[output.measured :]))
    output.measured = len(output)
    if output.size > MAX_OUTPUT_CHARACTERS:
        raise Fault(f"the message grows over {MAX_OUTPUT_CHARACTERS} characters", "mail this large is not delivered")


def merged(output: Output) -> str:
    """The text of a finished piece of output. Raises Fault where it is too long for a value."""
    text = "".join(output)
    if len(text) > MAX_TEXT_CHARACTERS:
        raise too_long()
    return text
