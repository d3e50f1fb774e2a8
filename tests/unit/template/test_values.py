"""Values as data has them: decimals, dates, lists of mappings, dotted names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template


def render(source: str, language: str = "liquid", **data: object) -> str:
    return compile_template(source, language).render(data, now=datetime(2026, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("source", "value", "text"),
    [
        ("{{ v }}", Decimal("12.50"), "12.50"),
        ("{{ v | plus: 1 }}", Decimal("12.50"), "13.50"),
        ("{{ v | times: 2 }}", Decimal("0.10"), "0.20"),
        ("{{ v | round: 1 }}", Decimal("0.25"), "0.3"),
        ("{% if v > 12 %}yes{% endif %}", Decimal("12.50"), "yes"),
        ("{% if v == 12.5 %}yes{% endif %}", Decimal("12.50"), "yes"),
        ("{{ v }}", date(2026, 3, 4), "2026-03-04"),
        ("{{ v | date: '%d.%m.%Y' }}", date(2026, 3, 4), "04.03.2026"),
        ("{% if v == '2026-03-04' %}yes{% endif %}", date(2026, 3, 4), "yes"),
        ("{% if v < '2026-04-01' %}yes{% endif %}", date(2026, 3, 4), "yes"),
        ("{{ v }}", datetime(2026, 3, 4, 5, 6, tzinfo=UTC), "2026-03-04 05:06:00 UTC"),
        ("{{ v }}", True, "true"),
        ("{{ v }}", None, ""),
        ("{{ v }}", 3.0, "3.0"),
        ("{% if v %}x{% else %}y{% endif %}", 0, "x"),
        ("{{ v | json }}", {"a": Decimal("1.5"), "b": date(2026, 1, 1)}, '{"a":1.5,"b":"2026-01-01"}'),
    ],
)
def test_a_value_prints_and_compares_as_what_it_is(source: str, value: object, text: str) -> None:
    assert compile_template(source, escape=None).render({"v": value}) == text


def test_dotted_names_are_read_from_nested_data() -> None:
    assert render("{{ user.first_name }}", user={"first_name": "Ada"}) == "Ada"


def test_a_list_of_products_is_looped_over() -> None:
    source = "{% for p in products %}{{ forloop.index }}.{{ p.name }} {% else %}none{% endfor %}"

    assert render(source, products=({"name": "a"}, {"name": "b"})) == "1.a 2.b "
    assert render(source, products=[]) == "none"


@pytest.mark.parametrize(
    ("value", "is_shown"),
    [(None, False), ("", False), (False, False), ([], False), (0, True), ("0", True), ("x", True), (True, True)],
)
def test_a_mailchimp_tag_is_true_for_any_value(value: object, is_shown: bool) -> None:
    assert render("*|IF:X|*yes*|END:IF|*", "mailchimp", X=value) == ("yes" if is_shown else "")


def test_a_mailchimp_tag_prints_empty_values_and_stays_where_no_data_has_it() -> None:
    assert render("[*|A|*][*|B|*][*|UPPER:C|*]", "mailchimp", A=None) == "[][*|B|*][*|UPPER:C|*]"


def test_mailchimp_dates_are_the_moment_of_sending() -> None:
    assert render("*|DATE:d.m.Y|* *|CURRENT_YEAR|*", "mailchimp") == "02.01.2026 2026"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("*|IF:A|*x", "`*|IF:|*` is never closed"),
        ("x*|END:IF|*", "closes nothing"),
        ("*|ELSE:|*", "stands outside"),
        ("*|ELSEIF:A|*", "stands outside"),
        ("*|IF:A|**|INTERESTED:x:y|**|END:IF|*", "`INTERESTED` is open"),
        ("*|IF:A ~ 3|*x*|END:IF|*", "is no condition"),
    ],
)
def test_broken_mailchimp_blocks_are_named(source: str, what: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(source, "mailchimp")
    assert what in caught.value.what


def test_the_moment_is_the_callers_then_the_datas_own() -> None:
    template = compile_template("*|DATE:Y-m-d|*", "mailchimp")

    assert template.render({"_now": "2024-01-15T10:30:00"}) == "2024-01-15"
    assert template.render({"_now": "2024-01-15T10:30:00"}, now=datetime(2026, 1, 2)) == "2026-01-02"


def test_a_moment_without_a_zone_is_utc() -> None:
    template = compile_template("{{ 'now' | date: '%s %Z' }}")

    assert template.render({}, now=datetime(2026, 1, 2)) == "1767312000 UTC"
