"""The message as a whole: unsubscribing, its length, and files without a project."""

from __future__ import annotations

import unicodedata

import pytest

from livemerge.check import RULES, check_template, describe
from livemerge.check.size import GMAIL_BYTES
from livemerge.template import compile_message


def test_an_html_over_gmails_limit_is_clipped(codes):
    assert codes("x" * (GMAIL_BYTES - 1_000)) == []
    assert codes("x" * (GMAIL_BYTES + 1)) == ["gmail-clips"]


def test_a_loop_counts_with_a_few_items_and_a_choice_with_its_longest_way(codes):
    half = "ä" * (GMAIL_BYTES // 4)  # two octets each
    assert codes(f"{{% if points %}}{half}{{% else %}}{half}{{% endif %}}") == []
    assert codes(f"{{% for i in recommended %}}{half}{{% endfor %}}") == ["gmail-clips"]
    assert codes(f"{{% for i in recommended limit: 1 %}}{half}{{% endfor %}}") == []


@pytest.mark.parametrize(
    ("language", "link"),
    [("liquid", "{{ unsubscribe_url }}"), ("mailchimp", "*|UNSUB|*"), ("ampscript", "%%unsub_center_url%%")],
)
def test_a_missing_unsubscribe_link_is_asked_for_in_the_templates_language(catalog, language, link):
    text = '+++\nsubject = "x"\n+++\nHello'
    (found,) = check_template(compile_message(text, name="t", language=language), text, catalog)
    assert (found.code, found.part) == ("no-unsubscribe", "html")
    assert link in found.advice


def test_a_text_of_its_own_needs_an_unsubscribe_link_too(catalog):
    text = '+++\nsubject = "x"\ntext = "Hello from {{ city }}"\n+++\n{{ unsubscribe_url }}'
    (found,) = check_template(compile_message(text, name="t", language="liquid"), text, catalog)
    assert (found.code, found.part) == ("no-unsubscribe", "text")


def test_without_a_catalog_names_are_open_and_the_rest_is_checked():
    text = '+++\nsubject = "x"\n+++\n<a href="?q={{ q }}">{{ a }}</a>{% if a == 1 %}{% elsif a == 1 %}{% endif %}'
    found = check_template(compile_message(text, name="t", language="liquid"), text, None)
    assert {each.code for each in found} == {"unencoded-url", "branch-never-taken", "no-unsubscribe"}


@pytest.mark.parametrize("language", ["liquid", "mailchimp"])
def test_without_a_catalog_a_name_that_is_a_whole_address_may_be_one(language):
    links = {"liquid": ("{{ unsubscribe_url }}", "{{ shop_url }}"), "mailchimp": ("*|UNSUB|*", "*|SHOPURL|*")}
    body = "".join(f'<a href="{link}">x</a>' for link in links[language])
    text = f'+++\nsubject = "x"\n+++\n{body}'
    assert check_template(compile_message(text, name="t", language=language), text, None) == []


def test_the_caret_stands_under_its_character_behind_wide_ones_and_tabs(check):
    (found,) = check("日本\t👩‍👩‍👧 é {{ nobody }}")
    line, caret = found.caret.splitlines()
    before = line[: line.index("nobody")]
    assert len(caret) - 1 == sum(
        2 if unicodedata.east_asian_width(each) in "WF" else 0 if unicodedata.category(each) in ("Mn", "Cf") else 1
        for each in before
    )
    assert "\t" not in line


def test_a_description_stays_within_eighty_columns_and_code_in_one_piece(check):
    (found,) = [each for each in check("{{ first_name }}") if each.code == "no-fallback"]
    told = describe("templates/a-rather-long-name-of-a-template.liquid.html", found)
    assert all(len(line) <= 80 for line in told.splitlines())
    assert "`{{ first_name | default: '…' }}`" in told


def test_every_rule_has_a_severity_and_a_title():
    assert {rule.severity for rule in RULES.values()} == {"error", "warning"}
    assert all(rule.title and not rule.title.endswith(".") for rule in RULES.values())
