"""The tree every template language is read into: plain data, walked by the analysis and the code generator.

A front end makes these nodes; nothing in them says which language they came from. What differs between
languages (truth, comparison, formats) is a named function in that language's table of filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """A position in the template's source; both count from 1."""

    line: int
    column: int


# --- expressions: what gives a value ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the template. `value` may also be one of the runtime's EMPTY and BLANK."""

    value: object
    place: Place


@dataclass(frozen=True, slots=True)
class Path:
    """A name and the steps into it: `user.name`, `items[0]`, `[name]`. `source` is the text as written.

    Steps are Literals (`.name`) and Indexes (`[key]`).
    """

    root: str | Expression
    steps: tuple[Expression, ...]
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Index:
    """A step in brackets, `[key]`: never one of the words that a dotted step may be (size, first, last)."""

    key: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Range:
    """Whole numbers from `start` to `end`, both included."""

    start: Expression
    end: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class FilterCall:
    """A named function of the language applied to a value."""

    target: Expression
    name: str
    arguments: tuple[Expression, ...]
    options: tuple[tuple[str, Expression], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is one of == != < > <= >= contains."""

    left: Expression
    operator: str
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Logic:
    """`operator` is `and` or `or`; the right side is looked at only where the left does not decide."""

    left: Expression
    operator: str
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression
    place: Place


Expression: TypeAlias = Literal | Path | Index | Range | FilterCall | Comparison | Logic | Not


# --- statements: what writes, chooses, repeats and remembers ---------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Template text that leaves as it is."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Output:
    """A value that is written.

    `escaping` is `auto` (Markup is written as it is), `always`, or `raw`. `absent` is written instead where the
    data has no such name at all (None: nothing is). `keeps_apostrophe` leaves ' alone, safe only outside tags.
    """

    value: Expression
    source: str
    place: Place
    escaping: str = "auto"
    absent: str | None = None
    keeps_apostrophe: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """One arm of an if-chain; `source` is its condition as written."""

    condition: Expression
    source: str
    body: Block
    place: Place


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[Branch, ...]
    otherwise: Block
    place: Place


@dataclass(frozen=True, slots=True)
class When:
    """One arm of a case. `values` None is an else: it runs where no arm before it ran."""

    values: tuple[Expression, ...] | None
    source: str
    body: Block
    place: Place


@dataclass(frozen=True, slots=True)
class Case:
    """Every arm with an equal value runs, in order, as Liquid does."""

    subject: Expression
    arms: tuple[When, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class For:
    """A loop. `resumes` starts where the last loop of the same `key` stopped."""

    name: str
    items: Expression
    body: Block
    otherwise: Block
    place: Place
    key: str
    limit: Expression | None = None
    offset: Expression | None = None
    resumes: bool = False
    is_reversed: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """A loop that writes HTML table rows of `columns` cells."""

    name: str
    items: Expression
    body: Block
    place: Place
    columns: Expression | None = None
    limit: Expression | None = None
    offset: Expression | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    name: str
    value: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Capture:
    name: str
    body: Block
    place: Place


@dataclass(frozen=True, slots=True)
class Counter:
    """Writes and moves a counter: `step` 1 writes before it moves, -1 after."""

    name: str
    step: int
    place: Place


@dataclass(frozen=True, slots=True)
class Cycle:
    """Writes the next of `values` each time; `group` or `key` says which cycle this is."""

    values: tuple[Expression, ...]
    group: Expression | None
    key: str
    place: Place


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Leaves (`break`) or goes on with (`continue`) the loop around it."""

    kind: str
    place: Place


@dataclass(frozen=True, slots=True)
class IfChanged:
    """Writes its body only where it differs from what the last one wrote."""

    body: Block
    place: Place


@dataclass(frozen=True, slots=True)
class Include:
    """Another template in this place. `is_isolated`: it sees the data and its arguments, not our variables."""

    name: Expression
    is_isolated: bool
    arguments: tuple[tuple[str, Expression], ...]
    place: Place
    bound: Expression | None = None
    repeats: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A construct that cannot be rendered: compiling goes on, rendering this place raises `what`."""

    what: str
    advice: str
    place: Place


Statement: TypeAlias = (
    Text
    | Output
    | If
    | Case
    | For
    | TableRow
    | Assign
    | Capture
    | Counter
    | Cycle
    | Interrupt
    | IfChanged
    | Include
    | Unsupported
)

Block: TypeAlias = tuple[Statement, ...]
