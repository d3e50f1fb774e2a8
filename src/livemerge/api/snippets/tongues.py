"""How template languages print a value with a fallback and repeat a list: what the writers of snippets share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from livemerge.api.snippets.snippet import Printed


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language. `value`: path and fallback → what prints it; `loop`: path and what stands in it, with `item`."""

    value: Callable[[str, str], str]
    loop: Callable[[str, str], str]
    item: Callable[[str], str]  # a key of the loop's item → its path
    markup: Callable[[str, str], str] | None = None  # as value, for HTML, where the language escapes what it prints

    def lines(self, printed: Iterable[Printed], path: Callable[[str], str]) -> str:
        """HTML that shows each field once. path: an answer's key → how the template reaches it."""
        return "\n".join(self._line(one, path(one.name)) for one in printed)

    def _line(self, one: Printed, path: str) -> str:
        if one.items is None:
            value = self.markup if one.is_markup and self.markup is not None else self.value
            return f"<p>{value(path, one.fallback)}</p>"
        inner = " ".join(self.value(self.item(name), "") for name in one.items)
        return self.loop(path, f"<li>{inner}</li>")


def quoted(text: str) -> str:
    """A string of languages that have no escapes: in the quotes it does not hold itself."""
    text = " ".join(text.split())
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}") + '"'


def doubled(text: str) -> str:
    """A string of AMPscript, where a quote inside is doubled."""
    return '"' + " ".join(text.split()).replace('"', '""') + '"'


def slashed(text: str) -> str:
    """A string of languages with backslashes, in double quotes."""
    return '"' + " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"') + '"'


LIQUID = Tongue(
    value=lambda path, fallback: f"{{{{ {path} | default: {quoted(fallback)} }}}}",
    loop=lambda path, body: f"<ul>{{% for item in {path} %}}{body}{{% endfor %}}</ul>",
    item=lambda name: f"item.{name}",
)
DJANGO = Tongue(
    value=lambda path, fallback: f"{{{{ {path}|default:{quoted(fallback)} }}}}",
    loop=lambda path, body: f"<ul>{{% for item in {path} %}}{body}{{% endfor %}}</ul>",
    item=lambda name: f"item.{name}",
)
JINJA = Tongue(
    value=lambda path, fallback: f"{{{{ {path}|default({slashed(fallback)}, true) }}}}",
    loop=lambda path, body: f"<ul>{{% for item in {path} %}}{body}{{% endfor %}}</ul>",
    item=lambda name: f"item.{name}",
)
ITERABLE = Tongue(
    value=lambda path, fallback: f"{{{{defaultIfEmpty {path} {quoted(fallback)}}}}}" if fallback else f"{{{{{path}}}}}",
    loop=lambda path, body: f"<ul>{{{{#each {path}}}}}{body}{{{{/each}}}}</ul>",
    item=lambda name: name,
    markup=lambda path, fallback: (
        f"{{{{{{defaultIfEmpty {path} {quoted(fallback)}}}}}}}" if fallback else f"{{{{{{{path}}}}}}}"
    ),
)
AJO = Tongue(
    value=lambda path, fallback: f"{{%= {path} ?: {slashed(fallback)} %}}",
    loop=lambda path, body: f"<ul>{{{{#each {path} as |item|}}}}{body}{{{{/each}}}}</ul>",
    item=lambda name: f"item.{name}",
)
