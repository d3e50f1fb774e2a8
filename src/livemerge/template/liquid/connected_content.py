"""Braze's `connected_content`: an address, options, and where the reply goes.

    {% connected_content https://api.example/{{${user_id}}} :headers {"X-Key": "k"} :cache_max_age 900 :save result %}

The tag becomes a call of the filter of the same name, whose value is remembered, and of one that writes what in the
reply is no JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from livemerge.template.liquid.dialect import Desk
from livemerge.template.liquid.heads import Markup
from livemerge.template.liquid.tokens import Token
from livemerge.template.nodes import Assign, Block, Expression, FilterCall, Literal, Output, Path, Place

DEFAULT_NAME = "connected"
_REPLY = "reply of connected_content"  # a variable no template can name
_WORD = re.compile(r"(?:\{\{(?:\$\{[^{}\n]{0,200}\}|(?!\}\}).){0,2000}?\}\}|\S)+", re.DOTALL)
_INTERPOLATED = re.compile(r"\{\{-?((?:\$\{[^{}\n]{0,200}\}|(?!\}\}).){0,2000}?)-?\}\}", re.DOTALL)
_BLOCK = re.compile(r"content_blocks\s{0,100}\.")
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_FLAGS = frozenset({"no_cache", "retry"})
_VALUES = frozenset(
    {"save", "method", "body", "headers", "content_type", "basic_auth", "auth_credentials", "cache_max_age"}
    | {"timeout_ms"}
)
_LONGEST_MS = 60_000  # an attempt never outlives the message's deadline anyway


def connected_content_tag(desk: Desk, token: Token) -> Block:
    """The reply in a variable, and its text in place of the tag where it is no JSON. Raises TemplateError."""
    place = desk.source.place(token.start)
    options = _Options(desk, token, place)
    url, given = options.read()
    name = options.word(given.pop("save", None), "save", DEFAULT_NAME)
    call = FilterCall(url, "connected_content", (), tuple(options.arguments(given)), place)
    value, text = (Path(_REPLY, (Literal(step, place),), f"{name}", place) for step in ("value", "text"))
    return (Assign(_REPLY, call, place), Assign(name, value, place), Output(text, token.name, place))


class _Options:
    """Reads the words of one tag."""

    def __init__(self, desk: Desk, token: Token, place: Place) -> None:
        self.desk = desk
        self.token = token
        self.place = place

    def read(self) -> tuple[Expression, dict[str, Markup]]:
        """The address, and the options with their values as written."""
        text, offset = self.token.markup, self.token.offset
        first = _WORD.match(text)
        if first is None or first[0].startswith(":"):
            raise self.refusal("`connected_content` has no address", "write the URL after the tag's name")
        given: dict[str, Markup] = {}
        at = first.end()
        while word := _WORD.search(text, at):
            name, at = word[0].removeprefix(":"), word.end()
            if not word[0].startswith(":") or name not in _FLAGS | _VALUES:
                raise self.refusal(f"`{word[0][:50]}` is no option", f"known: :{', :'.join(sorted(_FLAGS | _VALUES))}")
            value = Markup("true", offset + at)
            if name in _VALUES:
                found = self.value(name, at)
                value, at = Markup(found[0], offset + found.start()), found.end()
            given[name] = value
        return self.text(Markup(first[0], offset + first.start())), given

    def value(self, name: str, at: int) -> re.Match[str]:
        """The value of an option: one word; headers up to their last brace."""
        pattern = _HEADERS if name == "headers" else _WORD
        found = pattern.search(self.token.markup, at)
        if found is None:
            raise self.refusal(f"`:{name}` has no value", "write it after the option's name")
        return found

    def arguments(self, given: dict[str, Markup]) -> Iterator[tuple[str, Expression]]:
        """The options as named arguments of the filter. Raises TemplateError for values that cannot be."""
        method = self.word(given.pop("method", None), "method", "get").upper()
        if method not in ("GET", "POST"):
            raise self.refusal(f"the method `{method[:20]}` is not there", "get and post are")
        yield "method", Literal(method, self.place)
        if age := given.pop("cache_max_age", None):
            if not re.fullmatch("[0-9]{1,7}", age.text):
                raise self.refusal("`:cache_max_age` is a number of seconds", "Braze takes 300 to 14400")
            yield "max_age", Literal(int(age.text), self.place)
        if timeout := given.pop("timeout_ms", None):  # Livemerge's own: Braze waits as long as it sees fit
            if not re.fullmatch("[1-9][0-9]{0,4}", timeout.text) or int(timeout.text) > _LONGEST_MS:
                raise self.refusal("`:timeout_ms` is a number of milliseconds", f"write 1 to {_LONGEST_MS}")
            yield "timeout_ms", Literal(int(timeout.text), self.place)
        if headers := given.pop("headers", None):
            self.check_headers(headers)
            yield "headers", self.text(headers, is_json=True)
        for name, markup in given.items():
            yield name, Literal(True, self.place) if name in _FLAGS else self.text(markup)

    def check_headers(self, headers: Markup) -> None:
        try:
            found = json.loads(_INTERPOLATED.sub("x", headers.text))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            raise self.refusal("`:headers` is no JSON object of texts", 'write it as {"Name": "value"}')

    def word(self, markup: Markup | None, name: str, instead: str) -> str:
        """A plain name."""
        if markup is None:
            return instead
        if not _NAME.fullmatch(markup.text):
            raise self.refusal(f"`:{name}` needs a plain word", "use letters, digits and _")
        return markup.text

    def text(self, markup: Markup, *, is_json: bool = False) -> Expression:
        """Text in which `{{ }}` stand for values, as one expression; inside JSON they are escaped for it."""
        parts = list(self.parts(markup, is_json))
        found = parts[0] if parts else Literal("", self.place)
        for part in parts[1:]:
            found = FilterCall(found, "append", (part,), (), self.place)
        return found

    def parts(self, markup: Markup, is_json: bool) -> Iterator[Expression]:
        at = 0
        for found in _INTERPOLATED.finditer(markup.text):
            if found.start() > at:
                yield Literal(markup.text[at : found.start()], self.place)
            if _BLOCK.search(found[1]):
                raise self.refusal("a stored text cannot stand in `connected_content`", "capture its text before")
            inner = Markup(self.desk.plain(found[1]), markup.offset + found.start(1))
            value = self.desk.grammar.filtered(inner)
            yield FilterCall(value, "json_escape", (), (), self.place) if is_json else value
            at = found.end()
        if at < len(markup.text):
            yield Literal(markup.text[at:], self.place)

    def refusal(self, what: str, advice: str) -> Exception:
        return self.desk.source.error(what, self.place, advice)


_HEADERS = re.compile(r"\{(?:\"[^\"]*\"|[^{}\"]){0,5000}\}")
