"""Liquid's `tablerow`: a loop that writes rows and cells of an HTML table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livemerge.template import nodes
from livemerge.template.generate.filter_calls import value
from livemerge.template.generate.function import Function
from livemerge.template.generate.loops import charged, item_name, shared_names
from livemerge.template.generate.outputs import markup_writer, static
from livemerge.template.limits import ROUND_WORK
from livemerge.template.nodes import Statement


def table_rows(function: Function, node: nodes.TableRow) -> None:
    items = function.simple(value(function, node.items))
    limit = f"WHOLE({value(function, node.limit)})" if node.limit else "None"
    offset = f"WHOLE({value(function, node.offset)})" if node.offset else "None"
    function.emit(f"if {items} is not None and {items} is not False:")
    with function.indented():
        part = function.simple(f"PART({items}, c, '', {limit}, {offset}, False, False)")
        _rows(function, node, part)


def _rows(function: Function, node: nodes.TableRow, items: str) -> None:
    columns = f"COLUMNS({value(function, node.columns)})" if node.columns else f"len({items})"
    state, leaves, row = function.fresh("f"), function.fresh("k"), item_name(function, node.items)
    function.emit(f"{state} = FORLOOP('', len({items}), None, {columns} or 1)")
    function.emit(f"{leaves} = None")
    static(function, '<tr class="row1">\n')
    scope = {node.name: row, "tablerowloop": state}
    with function.weighed(ROUND_WORK) as work:
        function.emit(f"for {row} in {charged(function, items, work)}:")
        _row(function, node, scope, leaves)
    static(function, "</tr>\n")


def _row(function: Function, node: nodes.TableRow, scope: dict[str, str], leaves: str) -> None:
    row, state = scope.values()
    with function.nested_loop("row", scope), function.indented():
        shared = shared_names(function, {})
        if shared:
            function.emit(f"{shared}.update({{{node.name!r}: {row}, 'tablerowloop': {state}}})")
        _cell(function, node, state, leaves)
        if shared:
            function.emit("S.pop()")
        _row_end(function, state, leaves)


def _cell(function: Function, node: nodes.TableRow, state: str, leaves: str) -> None:
    """One cell; its body is a loop of one round, so that an interrupt still closes the cell."""
    function.emit(f"{state}.index0 += 1")
    _write(function, f"CELL({state})")
    function.loops[-1] = leaves
    function.emit("for _ in ONCE:")
    with function.indented():
        function.block(node.body)
    static(function, "</td>")


def _row_end(function: Function, state: str, leaves: str) -> None:
    function.emit(f"if {leaves} == 'break': break")
    function.emit(f"if {state}.step('col_last') and not {state}.step('last'):")
    with function.indented():
        _write(function, f"ROW({state})")


def _write(function: Function, markup: str) -> None:
    function.emit(f"{function.sink.append}({markup_writer(function)}({markup}))")


TABLE_ROWS: dict[type[Statement], Callable[[Function, Any], None]] = {nodes.TableRow: table_rows}
