"""One input of a fuzzer: octets → a template in any language, rendered over hostile data. Only TemplateError may leave.

`scripts/fuzz` (`make fuzz`) looks for inputs, `test_corpus.py` runs those that are kept. An input is one octet for the
language and dialect, one for how it is compiled, then the template and a template it may include, divided by FF.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from livemerge.clean import clean_data
from livemerge.errors import TemplateError
from livemerge.template import LANGUAGES, compile_message
from livemerge.template import compile as compile_template

VARIANTS = [(name, dialect) for name, each in LANGUAGES.items() for dialect in (None, *each.dialects)]
NOW = datetime(2026, 3, 4, 19, 5, 7, tzinfo=UTC)
HOSTILE = "<b>\"'&amp; {{ a }} {% raw %} %%=Now()=%% *|UNSUB|* \r\n\0\u2028\u202e\ud800 e\u0301 \U0001f600"
DATA: dict[str, Any] = {
    "a": HOSTILE,
    "b": ["x", HOSTILE, 3, None, {"a": HOSTILE, "b": [1]}, [1, [2]]],
    "c": {"a": 1, "b": HOSTILE, "length": 2, "size": "s", "0": True},
    "n": -3,
    "f": 1e308,
    "t": "2026-03-04T05:06:07Z",
    "e": "",
    "v": HOSTILE,
    "l": [HOSTILE],
    "o": {"v": HOSTILE},
    "A": HOSTILE,
    "V": HOSTILE,
    "B": "3",
    "data_extensions": {"T": [{"v": HOSTILE, "id": 1, "a": HOSTILE, "b": 1}, {"a": "x", "b": 2}]},
    "content_blocks": {"x": "%%=v(@a)=%%"},
}
CLEAN = clean_data(DATA)  # and said to be so: what is written of them may not differ


def one_input(octets: bytes) -> str:
    """What the input renders; the word of its mistake where it is no template."""
    if len(octets) < 2:
        return ""
    language, dialect = VARIANTS[octets[0] % len(VARIANTS)]
    how = octets[1]
    template, _, partial = octets[2:].partition(b"\xff")
    source, included = template.decode("utf-8", "replace"), partial.decode("utf-8", "replace")
    try:
        if how & 64:
            return _message(source, language, included)
        return _rendered(source, language, dialect, how, included)
    except TemplateError as error:
        assert "cannot be rendered (" not in error.what, error.what
        return error.what


def _rendered(source: str, language: str, dialect: str | None, how: int, included: str) -> str:
    template = compile_template(
        source,
        language,
        dialect=dialect,
        escape=None if how & 1 else "html",
        strict=not how & 2,
        raw="markup" if how & 4 else "any",
        plain_text=bool(how & 8),
        templates={"p": included, "q": "{{ a }}"},
    )
    text = template.render(DATA, now=NOW)
    if how & 128:
        assert template.render(CLEAN, now=NOW) == template.render(dict(CLEAN), now=NOW)
    if how & 16:
        assert template.trace(DATA, now=NOW).text == text
    octets = template.writer("quoted-printable" if how & 32 else "8bit")(DATA, NOW)
    assert b"\r" not in octets.replace(b"\r\n", b"")
    return text


def _message(source: str, language: str, included: str) -> str:
    message = compile_message(source, name="x.html", language=language, templates={"p": included})
    return "".join(part.render(DATA, now=NOW) for part in message.parts.values())
