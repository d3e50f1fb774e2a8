"""Jinja's filters on texts. Markup stays Markup, and what is put into it is escaped."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from livemerge.template.jinja.formats import MAX_WIDTH, printf
from livemerge.template.jinja.methods import formatted_date, replaced
from livemerge.template.jinja.values import Undefined, bounded, not_there, plain, show, text
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Fault, too_long

_WORD: Final = re.compile(r"\w+")
_WORD_START: Final = re.compile(r"([-\s({\[<]+)")
_MAX_WRAPPED_CHARACTERS: Final = 100_000  # textwrap is slow


def upper(value: Any) -> str:
    return text(value).upper()


def lower(value: Any) -> str:
    return text(value).lower()


def capitalize(value: Any) -> str:
    return text(value).capitalize()


def title(value: Any) -> str:
    """Each word with a capital; words begin after white space, hyphens and opening brackets."""
    pieces = _WORD_START.split(plain(value))
    return "".join(piece[0].upper() + piece[1:].lower() for piece in pieces if piece)


def trim(value: Any, chars: Any = None) -> str:
    return text(value).strip(None if chars is None else plain(chars))


def center(value: Any, width: Any = 80) -> str:
    if not isinstance(width, int) or width > MAX_TEXT_CHARACTERS:
        raise Fault("a width is a number, and not this large", "use a smaller one")
    return text(value).center(width)


def string(value: Any) -> str:
    return text(value)


def wordcount(value: Any) -> int:
    return len(_WORD.findall(plain(value)))


def replace(value: Any, old: Any, new: Any, count: Any = None) -> str:
    """The text with a part replaced; escaped before where a part is Markup."""
    if isinstance(old, Markup) or (isinstance(new, Markup) and not isinstance(value, Markup)):
        value = Markup.escape(text(value))
    return replaced(text(value), text(old), text(new), -1 if count is None else _whole(count))


def replace_plain(value: Any, old: Any, new: Any, count: Any = None) -> str:
    """The text with a part replaced, where nothing is escaped."""
    return replaced(plain(value), plain(old), plain(new), -1 if count is None else _whole(count))


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise Fault("a whole number is needed here", "write one, or turn the value into one with `|int`")
    return value


def truncate(value: Any, length: Any = 255, killwords: Any = False, end: Any = "...", leeway: Any = 5) -> Any:
    """At most `length` characters with `end`, cut before a word; a text longer by `leeway` may stay."""
    leeway = 5 if leeway is None else leeway
    if isinstance(value, (list, tuple, Undefined)) and len(value) <= _whole(length) + _whole(leeway):
        return value  # as Jinja has it: what is short enough is not looked at
    found = _strict_text(value, "truncate")
    if _whole(length) < len(text(end)) or _whole(leeway) < 0:
        raise Fault("`truncate` has no room for its end", "give it a length longer than the end")
    if len(found) <= length + leeway:
        return found
    cut = found[: length - len(text(end))]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + text(end)


def _strict_text(value: Any, name: str) -> str:
    if isinstance(value, Undefined):
        raise not_there()
    if not isinstance(value, str):
        raise Fault(f"`{name}` takes a text", "turn the value into one with `|string`")
    return value


def indent(value: Any, width: Any = 4, first: Any = False, blank: Any = False) -> str:
    """Each line but the first moved to the right, by spaces or by a text; `first` and `blank` lines on request."""
    if not isinstance(width, str) and not (isinstance(width, int) and width <= MAX_WIDTH):
        raise Fault(f"an indent is a text, or at most {MAX_WIDTH} spaces", "use fewer spaces")
    found = _strict_text(value, "indent")
    move = width if isinstance(width, str) else " " * width
    if len(found) + len(move) * (found.count("\n") + 1) > MAX_TEXT_CHARACTERS:
        raise too_long()
    kind: Any = Markup if isinstance(found, Markup) else str
    lines = (found + kind("\n")).splitlines()
    rest = [kind(move) + line if line or blank else line for line in lines[1:]]
    head = kind(move) + lines[0] if first else lines[0]
    joined: str = kind("\n").join([head, *rest])
    return joined


def wordwrap(
    value: Any, width: Any = 79, break_long_words: Any = True, wrapstring: Any = None, break_on_hyphens: Any = True
) -> str:
    """The text in lines of at most `width` characters; its own lines stay lines."""
    found = _strict_text(value, "wordwrap")
    if len(found) > _MAX_WRAPPED_CHARACTERS or _whole(width) <= 0:
        raise Fault(
            f"`wordwrap` takes at most {_MAX_WRAPPED_CHARACTERS} characters, and a width above 0",
            "split the text before, or give a wider width",
        )
    wrap = "\n" if wrapstring is None else text(wrapstring)
    return bounded(
        wrap.join(
            wrap.join(
                textwrap.wrap(
                    line,
                    width=width,
                    expand_tabs=False,
                    replace_whitespace=False,
                    break_long_words=bool(break_long_words),
                    break_on_hyphens=bool(break_on_hyphens),
                )
            )
            for line in found.splitlines()
        )
    )


def format_(value: Any, given: Any) -> str:
    """A text with each `%s`, `%d`, `%.2f` replaced."""
    return printf(text(value), given)


def urlencode(value: Any) -> str:
    """Percent-encoded UTF-8; a mapping or list of pairs becomes a query."""
    if isinstance(value, (dict, Mapping)):
        pairs: list[Any] = list(value.items())
    elif isinstance(value, (list, tuple)):
        pairs = [each for each in value if isinstance(each, (list, tuple)) and len(each) == 2]
        if len(pairs) != len(value):
            raise Fault("`urlencode` takes a text, a mapping, or a list of pairs", "give it one of these")
    else:
        return bounded(quote(_octets(value), b"/"))
    return bounded("&".join(f"{_query(name)}={_query(each)}" for name, each in pairs))


def _query(value: Any) -> str:
    return quote(_octets(value), b"").replace("%20", "+")


def _octets(value: Any) -> bytes:
    return str.__str__(show(value)).encode("utf-8", "replace")


def strftime(value: Any, pattern: Any) -> str:
    """A date in C's letters."""
    if not isinstance(value, date):
        raise Fault("`strftime` takes a date", "declare the field as a date")
    return formatted_date(value, pattern)
