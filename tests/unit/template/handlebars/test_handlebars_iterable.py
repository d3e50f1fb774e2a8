"""Iterable's Handlebars: dates and numbers as Java writes them, its lists, its variables, skipping a customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from livemerge.errors import SkipRecipient, TemplateError
from livemerge.template import compile as compile_template
from livemerge.template import compile_message

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
AT = {"at": "2025-02-12T13:45:30Z"}
ITEMS = {"items": [{"n": "b", "price": 20}, {"n": "a", "price": 5.5}, {"n": "c"}]}


def rendered(source: str, data: Any = None, *, locale: str = "", templates: dict[str, str] | None = None) -> str:
    template = compile_template(source, "handlebars", dialect="iterable", locale=locale, templates=templates)
    return template.render(data or {}, now=NOW)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{{dateFormat at format="full"}}', "Wednesday, February 12, 2025"),
        ('{{dateFormat at format="long"}}', "February 12, 2025"),
        ("{{dateFormat at}}", "Feb 12, 2025"),
        ('{{dateFormat at format="short"}}', "2/12/25"),
        ('{{dateFormat at "long" "de_DE"}}', "12. Februar 2025"),
        ('{{dateFormat at "full" "fr_FR"}}', "mercredi 12 février 2025"),
        ('{{dateFormat at "full" "es"}}', "miércoles, 12 de febrero de 2025"),
        ('{{dateFormat at "full" "ru"}}', "среда, 12 февраля 2025 г."),
        ('{{dateFormat at "medium" "ja_JP"}}', "2025/02/12"),
        ('{{dateFormat at "yyyy-MM-dd HH:mm:ss Z" tz="America/Denver"}}', "2025-02-12 06:45:30 -0700"),
        ("{{{dateFormat at \"yy D e EEE h a K k S w 'of''y'\"}}}", "25 43 3 Wed 1 PM 1 13 0 7 of'y"),
        ("{{dateFormat none}}[{{dateFormat text}}]", "[soon]"),
        ('{{now format="yyyy"}} {{now}}', "2026 Mar 4, 2026"),
        ("{{timestamp}}", "1772636767000"),
        ('{{dateMath at "+7d"}}', "Feb 19, 2025"),
        ('{{dateMath at "+1y-1M+1w-1d+1h-1m+1s" format="yyyy-MM-dd HH:mm:ss"}}', "2026-01-18 14:44:31"),
        ('{{dateMath "now" "-24h" format="yyyyMMddHHmmss"}}', "20260303150607"),
        ('{{dateMath at "/d" format="yyyy-MM-dd HH:mm:ss"}}', "2025-02-12 00:00:00"),
        ('{{dateMath at "/w" format="yyyy-MM-dd"}} {{dateMath at "/M" format="M/d H"}}', "2025-02-10 2/1 0"),
        ('{{dateMath "2024-01-31" "+1M" format="yyyy-MM-dd"}}', "2024-02-29"),
        ('{{#ifGte (dateFormat at format="yyyyMMdd") "20250101"}}since{{/ifGte}}', "since"),
    ],
)
def test_dates_are_written_as_java_writes_them(source: str, expected: str) -> None:
    assert rendered(source, {**AT, "text": "soon"}) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{{numberFormat 29.99 "currency"}}', "$29.99"),
        ('{{numberFormat 29.99 "currency" "fr_FR"}}', "29,99 €"),
        ('{{numberFormat debt "currency"}}', "-$1,234.50"),
        ('{{numberFormat 0.23 "percent"}} {{numberFormat 0.235 "percent" "de"}}', "23% 24 %"),
        ("{{numberFormat 178.0787402 maximumFractionDigits=2}}", "178.08"),
        ("{{numberFormat 178.07 minimumFractionDigits=5}}", "178.07000"),
        ("{{numberFormat 200000000 groupingUsed=true}} {{numberFormat 1234 groupingUsed=false}}", "200,000,000 1234"),
        ('{{numberFormat 2.5 "integer"}} {{numberFormat 3.5 "integer"}}', "2 4"),  # half goes to the even one
        ('{{numberFormat 2.1 "integer" roundingMode="up"}}', "3"),
        (
            '{{numberFormat 1234.567 "#,###.00"}} {{numberFormat 0.5 "#.##"}} {{numberFormat 7 "000"}}',
            "1,234.57 .5 007",
        ),
        ('{{numberFormat "12"}} {{numberFormat text}}[{{numberFormat none "currency"}}]', "12 soon[]"),
        (
            "{{math 30 '+' 2}} {{math 30 '/' 2}} {{math 35 '%' 17}} {{math 1 '/' 4}} {{math 0.1 '+' 0.2}}",
            "32 15 1 0.25 0.3",
        ),
        ("{{#each items}}{{math @index '+' 1}}{{#ifModEq @index 2 0}}e{{/ifModEq}}{{/each}}", "1e23e"),
    ],
)
def test_numbers_are_written_as_java_writes_them(source: str, expected: str) -> None:
    assert rendered(source, {**ITEMS, "text": "soon", "debt": -1234.5}).replace("\u00a0", " ") == expected


def test_the_messages_locale_is_how_numbers_and_dates_are_written() -> None:
    source = '{{numberFormat 1234.5 "currency"}} {{dateFormat at format="long"}} {{dateFormat at "long" "en_US"}}'

    assert rendered(source, AT, locale="de-DE") == "1.234,50 € 12. Februar 2025 February 12, 2025"


def test_front_matter_gives_the_locale() -> None:
    text = '+++\nsubject = "x"\ndialect = "iterable"\nlocale = "de-DE"\n+++\n{{numberFormat 1.5}}'
    message = compile_message(text, name="a.html", language="handlebars")

    assert message.html.render({}) == "1,5"
    assert not message.findings


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{items.size}} {{#if items.size}}some{{/if}}", "3 some"),
        ('{{join names ", " prefix="<" suffix=">"}}', "&lt;x, y&gt;"),
        ('{{#sortBy items field="price" order="asc" as |s|}}{{#each s}}{{n}}{{/each}}{{/sortBy}}', "abc"),
        ('{{#sortBy items field="price" order="desc" as |s|}}{{#each s}}{{n}}{{/each}}{{/sortBy}}', "bac"),
        ('{{#minInList items "price"}}{{n}}{{/minInList}}{{#maxInList items "price"}}{{n}}{{/maxInList}}', "ab"),
        ("{{#lookup words language as |w|}}{{w.hello}}{{else}}none{{/lookup}}", "hallo"),
        ("{{#lookup words other as |w|}}{{w.hello}}{{else}}none{{/lookup}}", "none"),
        ('{{#assign "who"}}{{language}}!{{/assign}}{{#each names}}{{this}}{{who}} {{/each}}', "xde! yde! "),
        ("{{#each items}}{{n}}{{language}}{{/each}}", "bdeadecde"),  # names are looked for around, as Java does
        ('{{eq language "de" yes="ja" no="no"}} {{gt 1 2 yes="a" no="b"}} {{not none yes="y" no="n"}}', "ja b y"),
        ("{{#and language (gte 3 2)}}both{{/and}} {{eq 1 1}}", "both true"),
        ("{{#breaklines}}{{lines}}{{/breaklines}}", "a &lt;b&gt;<br>c"),
        (
            '{{hexEncode "user"}} {{hmacSHA256 "a" "k"}}',
            "75736572 " + "78da91511e675587f5b9df78bedebaf5560da2abb88162ee875dcdf744951d9e",
        ),
        ('{{{snippet "foot" year=(now format="yyyy")}}}', "<p>2026 de</p>"),
    ],
)
def test_lists_variables_and_texts(source: str, expected: str) -> None:
    data = {
        **ITEMS,
        "names": ["x", "y"],
        "language": "de",
        "words": {"de": {"hello": "hallo"}},
        "lines": "a <b>\nc",
    }
    assert rendered(source, data, templates={"foot": "<p>{{year}} {{language}}</p>"}) == expected


def test_send_skip_skips_the_customer_and_tells_only_what_the_author_wrote() -> None:
    source = '{{#ifLt credit 5}}{{sendSkip cause="no credit" credit=credit}}{{/ifLt}}x'

    assert rendered(source, {"credit": 9}) == "x"
    with pytest.raises(SkipRecipient, match="no credit") as raised:
        rendered(source, {"credit": 3})
    assert raised.value.line == 1


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("{{math none '+' 1}}", "needs two numbers"),
        ("{{math 1 '/' 0}}", "cannot be calculated"),
        ("{{math 1 '^' 2}}", "no such operator"),
        ('{{dateMath "now" "tomorrow"}}', "no sum of a date"),
        ('{{dateMath "now" "+9999999y"}}', "out of reach"),
        ('{{dateFormat "2025-01-01" tz="Mars/Base"}}', "no such time zone"),
        ('{{numberFormat 1 roundingMode="x"}}', "no such rounding mode"),
        ("{{numberFormat 1 maximumFractionDigits=1000}}", "no count of digits"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_advice(source: str, what: str) -> None:
    with pytest.raises(TemplateError, match=what):
        rendered(source)


@pytest.mark.parametrize(
    "source", ['{{#catalog "a" 1 as |x|}}{{/catalog}}', '{{#groupBy items field="n" as |g|}}{{/groupBy}}']
)
def test_what_only_iterable_can_fill_is_found(source: str) -> None:
    findings = compile_template(source, "handlebars", dialect="iterable").findings

    assert [finding.code for finding in findings] == ["unsupported-helper"]


def test_the_fields_of_lists_and_around_are_known() -> None:
    source = (
        '{{#sortBy items field="price" as |s|}}{{#each s as |i|}}{{i.n}}{{/each}}{{/sortBy}}'
        '{{#minInList other "p"}}{{n}}{{/minInList}}'
    )
    fields = compile_template(source, "handlebars", dialect="iterable").fields

    assert {"items", "items[].n", "other[]"} <= fields


def test_a_section_over_zero_or_an_empty_text_is_skipped() -> None:
    source = "{{#a}}x{{else}}none{{/a}}{{^b}}none{{/b}}{{#c}}{{this}}{{/c}}"
    assert compile_template(source, "handlebars", dialect="iterable").render({"a": 0, "b": "", "c": 1}) == "nonenone1"
