"""What a language does its own way in generated code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LIQUID_LOOP: Final[Mapping[str, str]] = {
    "index": "({at} + 1)",
    "index0": "{at}",
    "rindex": "({length} - {at})",
    "rindex0": "({length} - {at} - 1)",
    "first": "({at} == 0)",
    "last": "({at} == {length} - 1)",
    "length": "{length}",
}
"""What a template may ask of its loop, as Python, from the position and the number of items."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What a language does its own way in generated code: calls by another meaning, truth, what literals count as."""

    calls: Mapping[str, object]
    truth: str = "({named} is not None and {name} is not False)"  # of the value that `named` gives the name `name`
    has_escaped_literals: bool = True
    absent: str = ""  # what follows a key in a lookup: what is given where the key is not there
    shared_name: str = "S.get({name!r}, c.counters)"  # a name of templates that see each other's variables
    loop_state: str = "FORLOOP({key!r}, len({items}), {outer})"
    loop_names: Mapping[str, str] = field(default_factory=lambda: LIQUID_LOOP)  # as LIQUID_LOOP
    loop_length: str = "{state}.length"
    shares_loops: bool = True  # templates that are included see the loops around them


LIQUID_MANNER = Manner({})
