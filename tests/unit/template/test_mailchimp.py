"""Merge tags, what the shared cases do not show: the two dialects, feeds, groups, what only the vendor can fill."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from livemerge.errors import TemplateError
from livemerge.template import Template
from livemerge.template import compile as compile_template

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
FEED = {"RSSITEMS": [{"TITLE": "A & B", "URL": "https://e.example/a", "CONTENT": "<b>a</b>"}, {"TITLE": "C"}]}


def compiled(source: str, dialect: str | None = None) -> Template:
    return compile_template(source, "mailchimp", dialect=dialect)


def rendered(source: str, data: dict[str, Any], dialect: str | None = None) -> str:
    return compiled(source, dialect).render(data, now=NOW)


def codes(source: str, dialect: str | None = None) -> list[tuple[str, int]]:
    return [(finding.code, finding.line) for finding in compiled(source, dialect).findings]


# --- Mandrill --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["FNAME", "fname", "FName"])
def test_mandrill_reads_names_in_any_case(name: str) -> None:
    source = "*|fName|* *|UPPER:Fname|* *|IF:fname=Ada|*yes*|END:IF|*"

    assert rendered(source, {name: "Ada"}, "mandrill") == "Ada ADA yes"
    assert compiled(source, "mandrill").fields == {"FNAME"}


def test_mailchimp_reads_names_as_they_are_written() -> None:
    assert rendered("*|fname|*", {"FNAME": "Ada"}) == "*|fname|*"


def test_a_name_in_capitals_comes_before_the_same_name_in_others() -> None:
    assert rendered("*|a|*", {"A": 1, "a": 2}, "mandrill") == "1"
    assert rendered("*|a|*", {"a": 2, "A": 1}, "mandrill") == "1"


@pytest.mark.parametrize("tag", ["*|LIST:NAME|*", "*|INTERESTED:A:B|*", "*|USER:COMPANY|*", "*|_x|*", "*|RSSITEMS:|*"])
def test_what_mandrill_has_not_stays_in_the_mail_and_is_found(tag: str) -> None:
    assert rendered(tag, {"LIST:NAME": "x", "_x": 1}, "mandrill") == tag
    assert codes(f"\n{tag}", "mandrill") == [("unknown-tag", 2)]


def test_mandrills_unsubscribe_tag_names_a_page_and_gives_the_link() -> None:
    source = '<a href="*|UNSUB:https://a.example/bye?x=1|*">bye</a>'

    assert compiled(source, "mandrill").fields == {"UNSUB"}
    assert rendered(source, {"UNSUB": "https://u.example/1"}, "mandrill") == '<a href="https://u.example/1">bye</a>'


def test_an_empty_recipients_value_is_a_value_for_mandrill() -> None:
    assert rendered("[*|A|*]", {"_global": {"A": "all"}, "a": ""}, "mandrill") in ("[]", "[all]")


# --- feeds -----------------------------------------------------------------------------------------


def test_a_feed_is_a_loop_over_the_items_that_the_data_gives() -> None:
    source = "*|RSSITEMS:|*<i>*|RSSITEM:TITLE|**|RSSITEM:CONTENT|*</i>*|END:RSSITEMS|*"

    assert rendered(source, FEED) == "<i>A &amp; B<b>a</b></i><i>C</i>"
    assert compiled(source).fields == {"RSSITEMS", "RSSITEMS[].TITLE", "RSSITEMS[].CONTENT"}
    assert codes(source) == [("vendor-value", 1)]


def test_a_feed_may_be_cut_to_so_many_items() -> None:
    assert rendered("*|RSSITEMS:[$count=1]|**|RSSITEM:TITLE|*,*|END:RSSITEMS|*", FEED) == "A &amp; B,"


def test_a_feed_that_the_data_has_not_is_an_error_not_an_empty_mail() -> None:
    with pytest.raises(TemplateError, match="no feed"):
        rendered("*|RSSITEMS:|*x*|END:RSSITEMS|*", {})


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("*|RSSITEMS:|*", "never closed"),
        ("*|RSSITEMS:|**|RSSITEMS:|**|END:RSSITEMS|**|END:RSSITEMS|*", "inside a feed"),
        ("*|RSSITEMS:|**|IF:A|**|END:RSSITEMS|*", "closes nothing"),
        ("*|RSSITEMS:|**|ELSE:|**|END:RSSITEMS|*", "ELSE stands outside"),
    ],
)
def test_a_broken_feed_block_is_named(source: str, what: str) -> None:
    with pytest.raises(TemplateError, match=what):
        compiled(source)


# --- Mailchimp's own tags --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        "*|POLL:RATING:x|*",
        "*|FEEDBLOCK:https://a.example/rss|*",
        "*|PROMO_CODE:[$store_id=x, $rule_id=y]|*",
        "*|TWITTER:TWEET [$text=hello]|*",
        "*|SHARE:Facebook,Twitter|*",
        "*|END:POLL|*",
    ],
)
def test_what_only_mailchimp_can_fill_is_found_and_never_silent(tag: str) -> None:
    assert codes(f"\n\n{tag}") == [("unsupported-tag", 3)]
    with pytest.raises(TemplateError, match="filled by Mailchimp itself"):
        rendered(tag, {})


@pytest.mark.parametrize("name", ["FACEBOOK:PROFILEURL", "TRANSLATE:en", "MC:TOC", "REWARDS", "RSSITEM:TITLE"])
def test_what_mailchimp_fills_itself_may_be_a_field_and_is_an_error_where_it_is_none(name: str) -> None:
    assert codes(f"*|{name}|*") == [("vendor-value", 1)]
    assert compiled(f"*|{name}|*").fields == {name}
    assert rendered(f"*|{name}|*", {name: "a & b"}) == "a &amp; b"
    with pytest.raises(TemplateError, match="filled by Mailchimp itself"):
        rendered(f"*|{name}|*", {})


@pytest.mark.parametrize(
    "text", ["AGE == 20", 'AGE="20"', "AGE => 20", "AGE <> 20", "LAND=BE AND PLAN=PRO", "LAND=BE or PLAN = PRO"]
)
def test_a_condition_that_compares_with_more_text_than_was_meant_is_found(text: str) -> None:
    source = f"*|IF:{text}|*yes*|ELSE:|*no*|END:IF|*"

    assert codes(source) == [("text-in-condition", 1)]


@pytest.mark.parametrize("text", ["AGE=20", "LAND = ", "NAME=Research AND Development", 'NAME=the "best" one'])
def test_a_condition_that_compares_with_a_text_as_it_stands_is_not(text: str) -> None:
    assert codes(f"*|IF:{text}|*yes*|END:IF|*") == []


def test_a_mail_is_not_its_page_in_the_archive() -> None:
    source = "*|IFNOT:ARCHIVE_PAGE|*<a href='*|ARCHIVE|*'>view</a>*|END:IF|**|IF:ARCHIVE_PAGE|*page*|END:IF|*"

    assert compiled(source).fields == {"ARCHIVE"}
    assert rendered(source, {"ARCHIVE": "https://a.example"}) == "<a href='https://a.example'>view</a>"


@pytest.mark.parametrize(("locale", "date"), [("", "03/04/2026"), ("en_US", "03/04/2026"), ("en-GB", "04/03/2026")])
def test_mc_date_is_written_as_the_messages_locale_has_it(locale: str, date: str) -> None:
    template = compile_template("*|MC:DATE|*", "mailchimp", locale=locale)

    assert template.render({}, now=NOW) == date
