"""Content blocks, text that is run as a template, and the outcomes a template may ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup

from livemerge.errors import AbortCampaign, SkipRecipient
from livemerge.template.ampscript.places import pieces_of
from livemerge.template.ampscript.texts import flag
from livemerge.template.ampscript.values import charge, environment, text
from livemerge.template.authored import Authored, parts_of, plain
from livemerge.template.limits import MAX_INCLUDE_DEPTH, MAX_TEXT_CHARACTERS
from livemerge.template.named_text import named
from livemerge.template.runtime import Context, Fault, Output, lets_data_in, merged, too_long
from livemerge.template.runtime import charge as charge_units

ROUNDS_A_RUN: Final = 100  # of a loop, that running a text as a template counts as: it may have to be compiled
CHARACTERS_A_ROUND: Final = 100  # of such a text, that count as one round more
CODE_WORK: Final = 100  # units of a character of code that is compiled while rendering
MASK: Final = re.compile("\ue000([0-9]{1,3}_[0-9]{1,6})\ue001")  # private use: a place where data stands
_DIGITS: Final = re.compile(r"[0-9]{1,18}")


def masked_name(number: str) -> str:
    """The variable that holds the data of a mask."""
    return f"@ data {number}"


# --- content blocks --------------------------------------------------------------------------------


def content_block(
    context: Context, key: Any, _region: Any = "", aborts: Any = True, default: Any = "", status: Any = ""
) -> str:
    """What a content block writes here; without one the default, and -1 in the status variable."""
    name = plain(text(key))
    source = named(name, environment(context).texts)
    _report(context, status, 0 if source is not None else -1)
    if source is not None:
        return _written(context, f"content block {name[:80]}", source)
    if flag(aborts) and not text(default):
        raise Fault("there is no content block of this name", "give it in the data's `content_blocks`")
    return text(default)


def _report(context: Context, status: Any, code: int) -> None:
    if status:
        environment(context).scope.variables[plain(text(status))] = code


def _written(context: Context, name: str, source: str) -> str:
    """What a source writes with our variables. Raises Fault where that goes too deep or on too long."""
    if context.depth >= MAX_INCLUDE_DEPTH:
        raise Fault(f"contents include each other deeper than {MAX_INCLUDE_DEPTH}", "check for a circle")
    charge(context, ROUNDS_A_RUN + len(source) // CHARACTERS_A_ROUND)
    around = environment(context)
    output = Output()
    context.depth += 1
    around.run(name, source)(context, around.scope, output)
    context.depth -= 1
    return around.captured(merged(output))


# --- text as a template ----------------------------------------------------------------------------


def treat_as_content(context: Context, value: Any) -> str:
    """What a text writes as a template with our variables. Data in it stays data, whatever it looks like."""
    found = text(value)
    if not found:
        return ""
    if len(found) > MAX_TEXT_CHARACTERS:
        raise too_long()
    source = _masked(context, found)
    if lets_data_in(_pieces(source)):
        raise Fault("data would stand in a tag without quotes", "put quotes around it")
    charge_units(context, CODE_WORK * sum(piece.end - piece.start for piece in pieces_of(source)))
    return _written(context, "treated as content", source)


def treat_as_content_area(context: Context, _key: Any, value: Any) -> str:
    return treat_as_content(context, value)


def _pieces(source: str) -> Iterator[str]:
    """What a masked text writes: its HTML as Markup, and a plain character for each piece of data; code is left out."""
    written = "".join(source[start:end] for start, end in _outside_code(source))
    for at, piece in enumerate(MASK.split(written)):
        yield "x" if at % 2 else Markup(piece)


def _outside_code(source: str) -> Iterator[tuple[int, int]]:
    at = 0
    for piece in pieces_of(source):
        yield at, piece.start
        at = piece.end
    yield at, len(source)


def _masked(context: Context, value: str) -> str:
    """The text with a mask for each part that is data; numbers stand as they are."""
    pieces: list[str] = []
    for at, part in enumerate(parts_of(value)):
        if isinstance(part, Authored) or _DIGITS.fullmatch(plain(part)):
            pieces.append(plain(part))
            continue
        number = f"{context.depth}_{at}"
        environment(context).scope.variables[masked_name(number)] = part
        pieces.append(f"\ue000{number}\ue001")
    return "".join(pieces)


# --- outcomes --------------------------------------------------------------------------------------


def raise_error(reason: Any, skips: Any = False, code: Any = "", number: Any = "", _keeps: Any = "") -> str:
    """Stops the campaign, or only this customer's message. Data in the reason is left out: it may be personal."""
    what = "".join(plain(part) if isinstance(part, Authored) else "…" for part in parts_of(text(reason)))[:300]
    codes = " ".join(plain(part) for part in (text(code), text(number)) if isinstance(part, Authored) and part)
    what = f"{what or 'RaiseError'} [{codes}]" if codes else what or "RaiseError"
    if flag(skips):
        raise SkipRecipient(what)
    raise AbortCampaign(what)
