"""What is written: template text, and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from livemerge.clean import clean_html, clean_text
from livemerge.template import nodes, runtime
from livemerge.template.generate.filter_calls import written
from livemerge.template.generate.function import Function
from livemerge.template.generate.paths import is_of_data
from livemerge.template.generate.repeats import piece_key
from livemerge.template.generate.work import OUTPUT_WORK
from livemerge.template.nodes import Place, Statement
from livemerge.template.trace import TracePoint
from livemerge.template.walk import expressions_in, paths_in
from livemerge.template.wire import Encoding

OUTPUTS_BETWEEN_CHECKS = 50  # values written before the size of the output is looked at
_WRITER_NAMES = {"auto": "auto", "always": "always", "always'": "text", "raw": "raw"}


def writers(encoding: Encoding, text_encoding: Encoding) -> dict[str, object]:
    """What generated code calls to write: W_… into the output, X_… into a text of its own."""
    names: dict[str, object] = {"Q": encoding.static}
    for prefix, each in (("W", encoding), ("X", text_encoding)):
        names |= {f"{prefix}_{_WRITER_NAMES[escaping]}": write for escaping, write in each.writers.items()}
        names |= {f"{prefix}_static": each.static, f"{prefix}_number": each.number}
    return names


def markup_writer(function: Function) -> str:
    """The name of what encodes text of ours that is known only while rendering."""
    return f"{'X' if function.sink.is_inner else 'W'}_static"


def static(function: Function, text: str) -> None:
    """Writes a text as it is."""
    piece = function.sink.encoding.static(text)
    if piece:
        function.piece(repr(piece))


def text(function: Function, node: nodes.Text) -> None:
    static(function, node.text)


def output(function: Function, node: nodes.Output) -> None:
    if isinstance(node.value, nodes.Literal) and not function.is_traced:
        value = node.value.value
        clean = clean_html if function.sink.encoding.escape else clean_text
        static(function, "" if isinstance(value, runtime.Special) else clean(runtime.text_of(value)))
    elif node.absent is not None:
        _output_or_absent(function, node)
    else:
        _write(function, node)


def _output_or_absent(function: Function, node: nodes.Output) -> None:
    """A value, or a fixed text where the data has no such name; a trace knows only the value."""
    if not function.is_traced:
        _write(function, node)
        return
    function.emit(f"if {_absence(function, node)}:")
    with function.indented():
        static(function, node.absent or "")
    function.emit("else:")
    with function.indented():
        _write(function, replace(node, absent=None))


def _absence(function: Function, node: nodes.Output) -> str:
    """A test for a name that is not in the data; one that has a value is not looked up again."""
    name = next(found.root for found in expressions_in(node.value) if isinstance(found, nodes.Path))
    held = function.roots.get(name, "") if isinstance(name, str) else ""
    return f"{held and f'{held} is None and '}S.data.get({name!r}, MISSING) is MISSING"


def _write(function: Function, node: nodes.Output) -> None:
    """Writes the value of an expression; one that was written before is not looked up and escaped again."""
    key = piece_key(function, node)
    piece = function.name_of(key) if key else ""
    if not piece:
        piece = _encoded(function, written(function, node.value), node)
        if node.absent is not None:
            piece = f"{function.sink.encoding.static(node.absent)!r} if {_absence(function, node)} else {piece}"
        piece = function.name_from_here(key, piece) if key else piece
    function.piece(piece)
    _written(function, node)


def write_plainly(function: Function, value: str, place: Place) -> None:
    """Writes a value that is no output of the template's author: a counter, a turn of a cycle."""
    node = nodes.Output(nodes.Literal(None, place), "", place)
    function.piece(_encoded(function, value, node))
    _written(function, node)


def _written(function: Function, node: nodes.Output) -> None:
    """What follows an output: its mark in a trace, and now and then a look at the size of the whole."""
    if function.is_traced and not function.sink.is_inner:
        point = TracePoint(node.place.line, node.place.column, node.source, tuple(paths_in(node.value)))
        function.emit(f"c.trace.append((len(o) - 1, {function.constant(point)}, None))")
    function.work += OUTPUT_WORK
    function.outputs += 1
    if function.outputs % OUTPUTS_BETWEEN_CHECKS == 0:
        function.emit(f"CHECK({function.sink.output})")


def _encoded(function: Function, value: str, node: nodes.Output) -> str:
    """The piece of a value, the short way where it is a text that needs no cleaning."""
    sink = function.sink
    escaping = "always'" if node.keeps_apostrophe and node.escaping == "always" else node.escaping
    writer = f"{'X' if sink.is_inner else 'W'}_{_WRITER_NAMES[escaping]}"
    if function.kinds.get(value) == "number":
        return f"{'X' if sink.is_inner else 'W'}_number({value})"
    if escaping not in sink.encoding.fast:
        return f"{writer}(c, {value})"
    name, named = function.named(value)
    test = sink.encoding.is_fast.format(name) if is_of_data(function, node.value) else f"{name}.isprintable()"
    return f"{sink.encoding.fast[escaping].format(name)} if type({named}) is str and {test} else {writer}(c, {name})"


OUTPUTS: dict[type[Statement], Callable[[Function, Any], None]] = {nodes.Text: text, nodes.Output: output}
