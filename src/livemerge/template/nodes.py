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
    """A value written in the template. `value` may also be one of the runtime's EMPTY and BLANK.

    is_vendors: it is what a name of the vendor's always is in a mail; asking for it is a habit, no mistake.
    """

    value: object
    place: Place
    is_vendors: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A name and the steps into it: `user.name`, `items[0]`, `[name]`. `source` is the text as written.

    Steps are Literals (`.name`) and Indexes (`[key]`). `demand`: what must be there, else rendering stops: nothing,
    every `parent` that is stepped into, or the `value` too.
    """

    root: str | Expression
    steps: tuple[Expression, ...]
    source: str
    place: Place
    demand: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """A step in brackets, `[key]`: never one of the words that a dotted step may be (size, first, last)."""

    key: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Data:
    """All of the data this template sees. `is_whole`: what the message's first template sees, also in others."""

    place: Place
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """The context `levels` outside of the one called `scope` (empty: the template's own data).

    A block that leaves the context as it is counts as no level, which may be known only while rendering; `likely`
    is what it is where every block changes it.
    """

    scope: str
    levels: int
    likely: Expression | None
    place: Place


@dataclass(frozen=True, slots=True)
class Nearest:
    """The value of a name in the innermost context that has it; `contexts` are those it may be in, inmost first."""

    scope: str
    name: str
    contexts: tuple[Expression, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Private:
    """A value that is no data, by its name: a loop's `index` where the loop is in a template around this one."""

    name: str
    levels: int
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
class Call:
    """A value that is called with arguments: a macro. `more` and `names` hold arguments nobody has counted."""

    callee: Expression
    arguments: tuple[Expression, ...]
    options: tuple[tuple[str, Expression], ...]
    place: Place
    more: Expression | None = None
    names: Expression | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is one of == != < > <= >= contains; any other stops the rendering where it is reached."""

    left: Expression
    operator: str
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Logic:
    """`operator` is `and` or `or`; the right side is looked at only where the left does not decide.

    `gives_operand`: its value is that of the side that decided, not true or false.
    """

    left: Expression
    operator: str
    right: Expression
    place: Place
    gives_operand: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two values; only the chosen one is looked at."""

    condition: Expression
    first: Expression
    second: Expression
    place: Place


Context: TypeAlias = Data | Around | Nearest | Private  # what a Path may start with instead of a name
Expression: TypeAlias = Literal | Path | Index | Context | Range | FilterCall | Call | Comparison | Logic | Not | Choice


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
    """A loop. `resumes` starts where the last loop of the same `key` stopped.

    `condition` chooses items, which have the loop's name in it. `state` is the name of what knows where the loop is;
    `depth` how often a loop that calls itself is inside itself.
    """

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
    condition: Expression | None = None
    state: str = "forloop"
    depth: Expression | None = None


@dataclass(frozen=True, slots=True)
class Bind:
    """A block in which a value has a name. `around`: the name is its context, and this the context scope outside."""

    name: str
    value: Expression
    body: Block
    place: Place
    around: str | None = None


@dataclass(frozen=True, slots=True)
class Each:
    """A loop over a list's items or a mapping's values, which makes them its context.

    Beside `name`, its body has `name.index`, `.key`, `.first`, `.last` and `.loops`. `outer` is set for a section: its
    value may also be true (once, in the context `outer`) or anything else that is not false (once, in that), be it 0
    or an empty text unless `skips_empty`.
    """

    name: str
    items: Expression
    body: Block
    otherwise: Block
    place: Place
    source: str
    outer: Expression | None = None
    around: str = ""  # the context scope outside
    skips_empty: bool = False


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of this template that other places write, in a context they choose and which is `name` here."""

    name: str
    around: str
    body: Block
    place: Place


@dataclass(frozen=True, slots=True)
class Define:
    """A block in which other templates, also those it writes, may be called by these names."""

    fragments: tuple[tuple[str, Fragment], ...]
    body: Block
    place: Place


@dataclass(frozen=True, slots=True)
class Partial:
    """Another template in this place, with `context` and `arguments` as its data.

    `private` are names it sees beside its data, of the `levels` loops around; `fragments` it may write by name
    (before ours of the same name, or where `is_outermost_first` after), `block` by `@partial-block`; `fallback` stands
    in where there is no such template. `scope` is the context scope whose contexts it sees, if any. Each line is
    indented by `indent` when it is written, or where `indents_source` before it is read; where `indents_pieces` that
    is done to pieces only, and empty lines stay empty.
    """

    name: Expression
    context: Expression
    arguments: tuple[tuple[str, Expression], ...]
    place: Place
    scope: str | None = None
    private: tuple[tuple[str, Expression], ...] = ()
    levels: int = 0
    fragments: tuple[tuple[str, Fragment], ...] = ()
    block: Fragment | None = None
    fallback: Fragment | None = None
    indent: str = ""
    indents_source: bool = False
    indents_pieces: bool = False
    is_outermost_first: bool = False


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
    """`is_start`: the variable begins as what its name means outside of here, which is no reading of it."""

    name: str
    value: Expression
    place: Place
    is_start: bool = False


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
    """Another template in this place. `is_isolated`: it sees the data and its arguments, not our variables.

    `is_optional`: where there is no such template nothing is written; `is_alone`: it does not see the data either.
    """

    name: Expression
    is_isolated: bool
    arguments: tuple[tuple[str, Expression], ...]
    place: Place
    bound: Expression | None = None
    repeats: bool = False
    alias: str | None = None
    is_optional: bool = False
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class Macro:
    """A variable that holds a piece of the template as a function, which gives what the piece writes as a value.

    `written` are the parameters' names for callers, `parameters` those in its body: first the same, then what `takes`
    asks for (c: a caller, k: further named values, v: further values). The last `defaults` parameters may be left out.
    """

    name: str
    written: tuple[str, ...]
    parameters: tuple[str, ...]
    defaults: int
    body: Block
    place: Place
    title: str = ""
    takes: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """A variable that holds what another template sets. `arguments`: what that sees beside the data; None: nothing."""

    name: str
    template: Expression
    arguments: tuple[tuple[str, Expression], ...] | None
    place: Place


@dataclass(frozen=True, slots=True)
class Slot:
    """A part that templates which extend this one may write instead; `arguments` are variables those see."""

    name: str
    body: Block
    arguments: tuple[tuple[str, Expression], ...]
    is_required: bool
    is_written: bool  # else it is only there for templates that are extended
    place: Place


@dataclass(frozen=True, slots=True)
class Inherited:
    """The part of this name as the template above has it, or as the last heir has it."""

    name: str
    is_above: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Extends:
    """Writes another template with our slots in the place of its own."""

    template: Expression
    place: Place


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
    | Bind
    | Each
    | Define
    | Partial
    | TableRow
    | Assign
    | Capture
    | Counter
    | Cycle
    | Interrupt
    | IfChanged
    | Include
    | Macro
    | Import
    | Slot
    | Inherited
    | Extends
    | Unsupported
)

Block: TypeAlias = tuple[Statement, ...]
