"""What a Handlebars template says, tag by tag: the plain data that the parser makes and the tree is built from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Strip:
    """On which sides of a tag `~` takes the white space away."""

    before: bool = False
    after: bool = False


NO_STRIP = Strip()


@dataclass(frozen=True, slots=True)
class Name:
    """A path: `../a.b`, `@index`, `this`. `is_scoped`: it starts with `this` or `.`, so it is no block parameter."""

    parts: tuple[str, ...]
    levels: int  # of `../`
    is_private: bool  # begins with @
    is_scoped: bool
    text: str
    offset: int

    @property
    def is_simple(self) -> bool:
        """Whether it is one word, which may also name a helper."""
        return len(self.parts) == 1 and not self.levels and not self.is_scoped and not self.is_private


@dataclass(frozen=True, slots=True)
class Value:
    """A literal; `text` is it as written, without quotes."""

    value: object
    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Condition:
    """Text between backticks, which Mandrill reads as a condition."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Mustache's `*name`: the template that the value of a name names; none for `**name`."""

    name: Name | None
    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """A name or literal with what follows it: arguments, `name=value` pairs."""

    head: Term
    arguments: tuple[Term, ...]
    options: tuple[tuple[str, Term], ...]
    text: str
    offset: int

    @property
    def is_bare(self) -> bool:
        """Whether nothing follows the head."""
        return not self.arguments and not self.options


Term = Name | Value | Condition | Call | Dynamic


@dataclass(slots=True)
class Content:
    """Template text; white space control shortens `text`, `written` stays as it is."""

    text: str
    written: str
    offset: int
    is_right_cut: bool = False
    is_left_cut: bool = False
    starts_line: bool = False  # the line before it was cut with its end


@dataclass(slots=True)
class Mustache:
    """A value or the result of a helper, written here."""

    call: Call
    is_raw: bool
    strip: Strip
    offset: int


@dataclass(slots=True)
class Comment:
    """Nothing; also a tag that changes the delimiters."""

    strip: Strip
    offset: int


@dataclass(slots=True)
class PartialTag:
    """Another template in this place."""

    call: Call
    strip: Strip
    offset: int
    indent: str = ""


@dataclass(slots=True)
class Program:
    """The nodes of one body. `is_chained`: it is nothing but the block of an `{{else …}}`."""

    body: list[Node] = field(default_factory=list)
    parameters: tuple[str, ...] = ()
    is_chained: bool = False


@dataclass(slots=True)
class Section:
    """A block tag with its bodies. `kind` is block, raw, partial (`#>`), decorator (`#*`), parent or slot."""

    kind: str
    call: Call
    program: Program | None
    inverse: Program | None
    open_strip: Strip
    inverse_strip: Strip
    close_strip: Strip
    offset: int
    indent: str = ""  # of a parent's lines, or of what stands in a slot's place


Node = Content | Mustache | Comment | PartialTag | Section
