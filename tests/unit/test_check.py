"""A template × the catalog → findings, each with its place and the way to mend it."""

from __future__ import annotations

import pytest

from livemerge.catalog import load_catalog
from livemerge.check import check_template, has_errors
from livemerge.config import load_settings
from livemerge.template import compile_message

TOML = """
[source.crm]
kind = "table"
path = "crm.csv"
key = "id"

[source.products]
kind = "table"
path = "products.csv"
key = "id"
by = "recommended[].product_id"

[field.first_name]
source = "crm"
type = "text"
alias = ["FNAME", "user.first_name"]

[field.city]
source = "crm"
type = "text"
fallback = "your town"

[field.nickname]
source = "crm"
type = "text"
fallback = ""

[field.tier]
source = "crm"
type = "text"
required = true

[field.orders]
source = "crm"
type = "integer"
fallback = 0

[field.spent]
source = "crm"
type = "money"
fallback = 0

[field.since]
source = "crm"
type = "date"
fallback = 2026-01-01

[field.is_member]
source = "crm"
type = "boolean"
fallback = false

[field.recommended]
source = "crm"
type = "list"

[field.price]
source = "products"
type = "money"
fallback = 0

[field.title]
source = "products"
type = "text"
"""


@pytest.fixture
def check(tmp_path):
    (tmp_path / "livemerge.toml").write_text(TOML)
    catalog = load_catalog(load_settings(tmp_path))

    def check(body, language="liquid"):
        text = f'+++\nsubject = "Hello"\n+++\n<p>{body}</p>\n'
        return check_template(compile_message(text, name="t", language=language), text, catalog)

    return check


@pytest.fixture
def codes(check):
    return lambda body: [finding.code for finding in check(body + "{{ unsubscribe_url }}")]


@pytest.mark.parametrize(
    "body",
    [
        "Hello",
        "{{ city }}",
        "{{ tier }}",
        "{{ first_name | default: 'there' }}",
        "{% if first_name %}{{ first_name }}{% endif %}",
        "{% if first_name %}{{ first_name | upcase }}{% endif %}{{ city }}",
        "{{ email }} {{ customer_id }} {{ view_url }}",
        "{{ orders | plus: 1 }} {{ spent | times: 2 | round }}",
        "{% if orders > 3 %}x{% endif %}{% if is_member == true %}x{% endif %}",
        "{{ since | date: '%Y' }} {{ since | date: '%Y' | plus: 1 }}",
        "{{ city | size | plus: 1 }} {{ city.size }} {% if recommended.size > 2 %}x{% endif %}",
        "{% for item in recommended %}{{ item.price | times: 2 }} {{ item.colour }}{% endfor %}",
        "{{ recommended[0].price }} {{ recommended.first.price }} {{ recommended | size }}",
    ],
)
def test_what_the_catalog_can_give_is_found_right(codes, body):
    assert codes(body) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{% render 'card' %}", "unknown-include"),
        ("{% include city %}", "dynamic-include"),
        ("{{ frist_name }}", "unknown-field"),
        ("{{ profile.city }}", "unknown-field"),
        ("{{ first_name }}", "no-fallback"),
        ("{{ user.first_name }}", "no-fallback"),
        ("{{ nickname }}", "no-fallback"),
        ("{% if first_name %}x{% endif %}{{ first_name }}", "no-fallback"),
        ("{{ recommended[0].title }}", "no-fallback"),
        ("{{ city | date: '%Y' }}", "wrong-type"),
        ("{{ orders | date: '%Y' }}", "wrong-type"),
        ("{{ city | plus: 1 }}", "wrong-type"),
        ("{{ since | times: 2 }}", "wrong-type"),
        ("{% if city > 5 %}x{% endif %}", "wrong-type"),
        ("{% for item in recommended %}{{ item.price | date: '%Y' }}{% endfor %}", "wrong-type"),
        ("{{ recommended[0].title | default: 'x' | plus: 1 }}", "wrong-type"),
        ("{% for x in city %}{{ x }}{% endfor %}", "not-a-list"),
        ("{{ city.name }}", "reads-into"),
        ("{{ since.year }}", "reads-into"),
        ("{{ recommended.title }}", "reads-into"),
    ],
)
def test_what_would_go_wrong_is_an_error(check, codes, body, code):
    assert code in codes(body)
    assert has_errors(check(body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{{ recommended }}{{ unsubscribe_url }}", "prints-a-list"),
        ("{% if nickname %}x{% endif %}{{ unsubscribe_url }}", "empty-fallback"),
        ("no link at all", "no-unsubscribe"),
    ],
)
def test_what_may_be_meant_is_a_warning(check, body, code):
    found = check(body)
    assert [finding.code for finding in found] == [code]
    assert not has_errors(found)


def test_a_finding_has_its_place_a_caret_and_advice(check):
    (found,) = [
        finding for finding in check("Hello\n{{ frist_name }}{{ unsubscribe_url }}") if finding.severity == "error"
    ]
    assert (found.line, found.column) == (5, 4)
    line, caret = found.caret.splitlines()
    assert line[caret.index("^") :].startswith("frist_name")
    assert "`first_name`" in found.advice


def test_every_finding_says_what_to_do(check):
    body = "{{ nobody }}{{ first_name }}{{ city | date: '%Y' }}{{ city | plus: 1 }}{{ city.x }}{{ recommended }}"
    found = check(body + "{% for x in city %}{% endfor %}{% if nickname %}x{% endif %}{% if city > 1 %}x{% endif %}")
    assert {finding.code for finding in found} == {
        "unknown-field",
        "no-fallback",
        "wrong-type",
        "reads-into",
        "prints-a-list",
        "not-a-list",
        "empty-fallback",
        "no-unsubscribe",
    }
    assert all(finding.advice and finding.what for finding in found)


def test_findings_come_in_the_order_of_the_lines_and_each_once(check):
    found = check("{{ b_unknown }}\n{{ a_unknown }}{{ a_unknown }}\n{{ unsubscribe_url }}")
    assert [(finding.line, finding.what) for finding in found] == [
        (4, "no field is called `b_unknown`"),
        (5, "no field is called `a_unknown`"),
        (5, "no field is called `a_unknown`"),
    ]
    assert len({(finding.line, finding.column) for finding in found}) == 3


def test_mailchimps_own_tags_and_capitals_are_known(check):
    assert check("*|CITY|* *|UNSUB|*", "mailchimp") == []
    assert [finding.code for finding in check("*|TOWN|* *|UNSUB|*", "mailchimp")] == ["unknown-field"]


def test_a_section_over_a_field_that_is_no_list_reads_what_is_around_it(check) -> None:
    found = check("{{#is_member}}{{city}} {{first_name}}{{/is_member}}{{unsubscribe_url}}", "handlebars")

    assert [finding.what for finding in found] == ["`first_name` may be missing, and then nothing stands here"]


def test_a_section_over_a_list_reads_its_items(check) -> None:
    assert check("{{#recommended}}{{colour}}{{/recommended}}{{unsubscribe_url}}", "handlebars") == []


def test_a_name_that_is_nowhere_is_unknown_in_a_section_too(check) -> None:
    found = check("{{#is_member}}{{frist_name}}{{/is_member}}{{unsubscribe_url}}", "handlebars")

    assert [finding.severity for finding in found] == ["error"]


def test_advice_speaks_the_templates_own_language(tmp_path):
    (tmp_path / "livemerge.toml").write_text(
        '[source.crm]\nkind = "http"\nurl = "https://crm.example/{key}"\n'
        '[field.city]\nsource = "crm"\ntype = "text"\n[field.tier]\nsource = "crm"\ntype = "text"\nfallback = ""\n'
    )
    catalog = load_catalog(load_settings(tmp_path))
    said = {}
    for name, text in (
        ("a.liquid.html", "{{ city }}{% if tier %}x{% endif %}"),
        ("a.handlebars.html", "{{city}}{{#if tier}}x{{/if}}"),
    ):
        findings = check_template(compile_message(text, name=name), text, catalog)
        said[name] = {finding.code: finding.advice for finding in findings}
    assert "default" in said["a.liquid.html"]["no-fallback"]
    assert "default" not in said["a.handlebars.html"]["no-fallback"]
    assert "empty-fallback" in said["a.liquid.html"]
    assert "empty-fallback" not in said["a.handlebars.html"]
