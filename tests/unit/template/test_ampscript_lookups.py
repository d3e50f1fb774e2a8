"""Data extensions: which ones and which columns a template names, and how rows are found."""

from __future__ import annotations

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template
from livemerge.template import compile_message
from livemerge.template.ampscript import LookupTable
from livemerge.template.ampscript.tables import table_of

ROWS = [("1", "Ada", 30), ("2", "ada", 4), ("3", "ADA", None), ("10", None, 100)]


def lookups(body: str) -> list[tuple[tuple[str | None, ...], list[str]]]:
    found = compile_message(f"+++\nsubject = 's'\n+++\n{body}", name="mail.ampscript.html").lookups
    return [(each.tables, [name for name, _ in each.columns]) for each in found]


@pytest.mark.parametrize(
    ("call", "tables", "columns"),
    [
        ('Lookup("Orders", "Total", "Id", @x)', ("Orders",), ["Total", "Id"]),
        ('RowCount(LookupRows("Orders", "Id", 1, "Kind", "Day"))', ("Orders",), ["Id", "Kind"]),
        ('RowCount(LookupRowsCS("Orders", "Id", "Day"))', ("Orders",), ["Id"]),
        ('RowCount(LookupOrderedRows("O", 0, "Total DESC, [My Day]", "Id", 1))', ("O",), ["Total", "My Day", "Id"]),
        ("DataExtensionRowCount('Orders')", ("Orders",), []),
        ('Lookup(@table, "Total", "Id", 1)', (None,), ["Total", "Id"]),
        ('Lookup("Orders", @column, "Id", 1)', ("Orders",), ["Id"]),
    ],
)
def test_a_lookup_tells_its_table_and_columns(call: str, tables: tuple[str | None, ...], columns: list[str]) -> None:
    assert lookups(f"%%=v({call})=%%") == [(tables, columns)]


def test_the_columns_of_a_row_are_followed_through_variables() -> None:
    body = (
        '%%[ SET @rows = LookupRows("Orders", "Id", 1) SET @row = Row(@rows, 1) SET @other = @row ]%%'
        '%%=Field(@other, "Total")=%% %%=Field(@other, 2)=%% %%=Field(@other, "Maybe", 0)=%%'
    )
    assert lookups(body) == [(("Orders",), ["Id"]), (("Orders",), ["Total"])]


def test_a_variable_that_is_set_in_a_circle_ends_somewhere() -> None:
    assert lookups('%%[ SET @a = @b SET @b = @a ]%%%%=Field(@a, "X")=%%') == [((), ["X"])]


def test_rows_of_texts_are_of_no_data_extension() -> None:
    body = '%%[ SET @r = Row(BuildRowsetFromString("a", ","), 1) ]%%%%=Field(@r, "Value")=%%'
    assert lookups(body) == [((None,), ["Value"])]


def table() -> LookupTable:
    return LookupTable(("Id", "Name", "Total"), ROWS)


def value(expression: str, tables: object) -> str:
    return compile_template(f"%%={expression}=%%", "ampscript", escape=None).render({"data_extensions": tables})


@pytest.mark.parametrize("rows", [table(), [dict(zip(("Id", "Name", "Total"), row, strict=True)) for row in ROWS]])
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("Lookup('T', 'Total', 'NAME', 'aDa')", "30"),
        ("Lookup('t', 'Total', 'Id', 2)", "4"),
        ("Lookup('ENT.T', 'Total', 'Id', '2')", "4"),
        ("Lookup('T', 'Total', 'Id', 3)", ""),
        ("IsNull(Lookup('T', 'Total', 'Id', 3))", "True"),
        ("Lookup('T', 'Total', 'Id', 4)", ""),
        ("Lookup('T', 'Id', 'Name', '')", "10"),
        ("Lookup('T', 'Total', 'Name', 'ada', 'Id', '2')", "4"),
        ("RowCount(LookupRows('T', 'Name', 'ada'))", "3"),
        ("RowCount(LookupRowsCS('T', 'Name', 'ada'))", "1"),
        ("Field(Row(LookupOrderedRows('T', 0, 'Total DESC', 'Name', 'ada'), 1), 'Id')", "1"),
        ("Field(Row(LookupOrderedRows('T', 0, 'Total', 'Name', 'ada'), 1), 'Id')", "3"),
        ("RowCount(LookupOrderedRows('T', 2, 'Id', 'Name', 'ada'))", "2"),
        ("DataExtensionRowCount('T')", "4"),
    ],
)
def test_a_table_and_a_list_of_rows_are_looked_up_alike(rows: object, call: str, expected: str) -> None:
    assert value(call, {"T": rows}) == expected


def test_the_index_finds_what_looking_at_each_row_would() -> None:
    found = LookupTable(("K", "V"), [(str(n % 7), n) for n in range(1_000)])
    rows, looked_at = found.matches([(0, "3"), (1, 10)], is_exact=False)
    assert (rows, looked_at) == ([("3", 10)], 1)
    assert found.matches([(0, "8")], is_exact=False) == ([], 0)


def test_columns_beyond_the_bound_of_indexes_are_looked_through() -> None:
    names = [f"c{n}" for n in range(20)]
    found = LookupTable(names, [[f"{row}" for _ in names] for row in range(50)])
    assert [found.matches([(at, "7")], is_exact=False)[1] for at in range(20)] == [1] * 8 + [50] * 12


@pytest.mark.parametrize("call", ["'T', 'Nam', 'Id', 1", "'T', 'Name', 'Idd', 1", "'X', 'a', 'b', 1"])
def test_what_is_not_there_stops_the_message(call: str) -> None:
    with pytest.raises(TemplateError, match="no such"):
        value(f"Lookup({call})", {"T": table()})


def test_looking_through_much_is_bounded_and_an_index_is_cheap() -> None:
    large = LookupTable(("K", "V"), [(str(n), "x") for n in range(100_000)])
    loop = "%%[ FOR @i = 1 TO 3000 DO SET @v = Lookup('T', 'V', 'K', @i) NEXT @i ]%%%%=v(@v)=%%"
    template = compile_template(loop, "ampscript", escape=None)
    assert template.render({"data_extensions": {"T": large}}) == "x"
    slow = compile_template(loop.replace("'K', @i", "'V', 'x'"), "ampscript", escape=None)
    with pytest.raises(TemplateError, match="units of work"):
        slow.render({"data_extensions": {"T": large}})


def test_columns_that_differ_in_case_only_are_one_column_and_the_last_value_counts() -> None:
    assert table_of([{"A": "1", "a": "2"}, {"A": "3", "a": "4"}]).rows == (("2",), ("4",))


def test_rows_that_name_their_columns_in_another_order_are_put_in_order() -> None:
    assert table_of([{"a": "1", "b": "2"}, {"b": "4", "a": "3"}]).rows == (("1", "2"), ("3", "4"))


def test_a_rows_number_of_a_column_and_its_name_of_any_case_give_the_same() -> None:
    source = (
        '%%[SET @r = Row(LookupRows("T", "a", "1"), 1)]%%%%=Field(@r, "B")=%%%%=Field(@r, 2)=%%%%=Field(@r, "2")=%%'
    )
    data = {"attributes": {}, "data_extensions": {"T": [{"a": "1", "b": "x"}]}}
    assert compile_template(source, "ampscript").render(data) == "xxx"
