"""Liquid's markup read strictly: every word must have its place. What Ruby's strict parser refuses is refused."""

from __future__ import annotations

from collections.abc import Callable

from livemerge.template.findings import Source
from livemerge.template.liquid.expressions import ExpressionReader, Roots
from livemerge.template.liquid.heads import CycleHead, IncludeHead, LoopHead, Markup
from livemerge.template.nodes import Expression, Literal, Path


class StrictGrammar:
    """Reads markup word by word."""

    def __init__(self, source: Source, roots: Roots) -> None:
        self.source = source
        self.roots = roots

    def reader(self, markup: Markup) -> ExpressionReader:
        return ExpressionReader(self.source, markup.text, markup.offset, self.roots)

    def whole(self, markup: Markup, read: Callable[[ExpressionReader], Expression]) -> Expression:
        """What one reading gives, where nothing is left after it."""
        reader = self.reader(markup)
        found = read(reader)
        reader.end()
        return found

    def filtered(self, markup: Markup) -> Expression:
        return self.whole(markup, ExpressionReader.filtered)

    def condition(self, markup: Markup) -> Expression:
        return self.whole(markup, ExpressionReader.condition)

    def subject(self, markup: Markup) -> Expression:
        return self.whole(markup, ExpressionReader.value)

    def when(self, markup: Markup) -> list[Expression]:
        """What follows the values without a comma or `or` is passed over, as Ruby's strict parser does too."""
        reader = self.reader(markup)
        if reader.word.kind == "end":
            reader.refuse("`when` has no value", "write the value to compare with")
        values = [reader.value()]
        while reader.accept(",") or reader.accept("id", "or"):
            if reader.word.kind == "end":
                break
            values.append(reader.value())
        return values

    def loop(self, markup: Markup) -> LoopHead:
        reader = self.reader(markup)
        name = reader.expect("id").text
        if reader.accept("id", "in") is None:
            reader.refuse("`for` needs `in`", "write it as `for item in items`")
        start = reader.position
        items = reader.value()
        written = reader.text_from(start)
        is_reversed = reader.accept("id", "reversed") is not None
        arguments = reader.named(("limit", "offset"))
        is_reversed = is_reversed or reader.accept("id", "reversed") is not None
        reader.end()
        offset = arguments.get("offset")
        resumes = isinstance(offset, Path) and offset.source == "continue"
        if resumes:
            del arguments["offset"]
        return LoopHead(name, items, written, is_reversed, arguments, resumes)

    def row(self, markup: Markup) -> LoopHead:
        reader = self.reader(markup)
        name = reader.expect("id").text
        if reader.accept("id", "in") is None:
            reader.refuse("`tablerow` needs `in`", "write it as `tablerow item in items`")
        items = reader.value()
        arguments = reader.named(("cols", "limit", "offset", "range"))
        reader.end()
        return LoopHead(name, items, "", arguments=arguments)

    def cycle(self, markup: Markup) -> CycleHead:
        reader = self.reader(markup)
        if reader.word.kind == "end":
            reader.refuse("`cycle` has no values", "write the values it goes round")
        values = [reader.value()]
        group: Expression | None = None
        if reader.accept(":"):
            group, values = values[0], [reader.value()]
        while reader.accept(",") and reader.word.kind != "end":
            values.append(reader.value())
        reader.end()
        return CycleHead(tuple(values), group)

    def include(self, markup: Markup, *, is_isolated: bool) -> IncludeHead:
        reader = self.reader(markup)
        if reader.word.kind == "end":
            reader.refuse("no template is named here", "write the template's name in quotes")
        name = reader.value()
        if is_isolated and not (isinstance(name, Literal) and isinstance(name.value, str)):
            reader.refuse("`render` needs a name in quotes", "or use `include`")
        bound: Expression | None = None
        repeats = False
        if reader.word.kind == "id" and reader.word.text in ("with", "for"):
            repeats = reader.take().text == "for"
            bound = reader.value()
        alias = reader.expect("id").text if reader.accept("id", "as") else None
        arguments = reader.named(None)
        reader.end()
        return IncludeHead(name, arguments, bound, repeats, alias)
