"""A template knows which fields it reads, where, and behind which guards."""

from __future__ import annotations

import pytest

from livemerge.template import Read
from livemerge.template import compile as compile_template
from livemerge.template.analysis import walk


def reads_of(source: str, language: str = "liquid") -> dict[str, Read]:
    """The last read of each path."""
    return {read.path: read for read in compile_template(source, language).reads}


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("{{ first_name }}", {"first_name"}),
        ("{{ user.first_name }}", {"user.first_name"}),
        ("{{ user['first_name'] }}", {"user.first_name"}),
        ("{{ items[0].name }}", {"items[].name"}),
        ("{% for i in items %}{{ i.name }}{% endfor %}", {"items", "items[].name"}),
        ("{% for a in b %}{% for c in a.d %}{{ c.e }}{% endfor %}{% endfor %}", {"b", "b[].d", "b[].d[].e"}),
        ("{% assign x = user %}{{ x.name }}", {"user", "user.name"}),
        (
            "{% assign x = items | where: 'on', true | first %}{{ x.name }}",
            {"items[]", "items[].name", "items[].on"},
        ),
        ("{{ items | map: 'name' | join }}", {"items[].name"}),
        ("{% capture x %}{{ a }}{% endcapture %}{{ x }}", {"a"}),
        ("{% if a and b %}{% elsif c %}{% endif %}", {"a", "b", "c"}),
        ("{% case a %}{% when b %}{% endcase %}", {"a", "b"}),
        ("{{ a | default: b | append: c }}", {"a", "b", "c"}),
        ("{% for i in (1..n) limit: m %}{{ i }}{{ forloop.index }}{% endfor %}", {"n", "m"}),
        ("{% increment n %}{{ n }}", set()),
        ("{% cycle a, 'x' %}{% echo b %}{% tablerow c in d %}{{ c.e }}{% endtablerow %}", {"a", "b", "d", "d[].e"}),
        ("{% raw %}{{ a }}{% endraw %}{% comment %}{{ b }}{% endcomment %}", set()),
    ],
)
def test_the_fields_of_a_template_are_known_without_rendering(source: str, fields: set[str]) -> None:
    assert compile_template(source).fields == fields


@pytest.mark.parametrize(
    ("language", "dialect", "source", "fields"),
    [
        ("liquid", None, "{{ items | where: 'on' | sort: 'rank' | map: 'n' }}", {"on", "rank", "n"}),
        ("liquid", None, "{{ items | reject: 'off' | sum: 'q' }}{{ items | has: 'h', 1 }}", {"off", "q", "h"}),
        ("liquid", "customerio", "{% assign x = items | where_not: 'w' | group_by: 'g' %}", {"w", "g"}),
        (
            "jinja",
            None,
            "{{ items|selectattr('on')|sort(attribute='a,b')|join(attribute='n') }}",
            {"on", "a", "b", "n"},
        ),
        ("jinja", None, "{{ items|sum('q') }}{{ items|sort(false, false, 'r')|length }}", {"q", "r"}),
        ("jinja", None, "{{ (items|max(attribute='m'))['n'] }}", {"m", "n"}),
        (
            "handlebars",
            "iterable",
            '{{#sortBy items field="p" as |s|}}{{#each s}}{{n}}{{/each}}{{/sortBy}}',
            {"p", "n"},
        ),
        ("handlebars", "iterable", '{{#minInList items "p"}}{{n}}{{/minInList}}', {"p", "n"}),
    ],
)
def test_what_a_function_reads_of_the_items_by_name_is_a_field(language, dialect, source, fields) -> None:
    found = compile_template(source, language, dialect=dialect).fields
    assert {path for path in found if path.startswith("items[].")} == {f"items[].{name}" for name in fields}


def test_an_unknown_name_of_a_property_reads_the_whole_item() -> None:
    assert "items[]" in compile_template("{% assign k = name %}{{ items | where: k | size }}").fields


@pytest.mark.parametrize(
    ("language", "dialect", "source"),
    [
        ("liquid", None, "{% for i in items %}{{ before.n }}{% assign before = i %}{% endfor %}"),
        ("liquid", None, "{% for i in items %}{{ x.n }}{% assign x = y %}{% assign y = i %}{% endfor %}"),
        ("handlebars", "iterable", "{{#each items}}{{#assign 'x'}}{{n}}{{/assign}}{{/each}}{{x}}"),
    ],
)
def test_what_a_round_leaves_to_the_next_is_read_there(language, dialect, source) -> None:
    found = compile_template(source, language, dialect=dialect).fields
    assert "items[].n" in found and not any("\0" in path for path in found)


def test_loops_in_loops_are_gone_over_in_bounded_time(monkeypatch) -> None:
    monkeypatch.setattr(walk, "MAX_GONE_OVER", 100)  # enough for two loops, far less than for eight
    inside = "{% for i in items %}{{ last.n }}{% assign last = i %}"
    template = compile_template(f"{inside}{'{% for j in items %}' * 8}{inside}{'{% endfor %}' * 10}")
    assert "items[].n" in template.fields


def test_mailchimp_fields_are_its_tag_names() -> None:
    source = (
        "*|IF:AGE >= 18|**|UPPER:FNAME|* *|UNSUB|* *|LIST:NAME|*"
        "*|INTERESTED:Style:Red,Blue|*x*|END:INTERESTED|**|END:IF|*"
    )
    assert compile_template(source, "mailchimp").fields == {"AGE", "FNAME", "UNSUB", "LIST:NAME", "INTERESTED:Style"}


def test_a_read_knows_its_place_and_what_is_done_with_it() -> None:
    read = reads_of("a\n {{ born | date: '%Y' | upcase }}")["born"]

    assert (read.line, read.column, read.usage, read.operations) == (2, 5, "output", ("date", "upcase"))


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("a > 3", "compare_number"),
        ("a == 'x'", "compare_text"),
        ("a == true", "compare_boolean"),
        ("a contains 'x'", "contains"),
        ("a == blank", "compare_presence"),
        ("a == b", "compare"),
    ],
)
def test_a_comparison_says_what_it_takes_a_field_for(condition: str, kind: str) -> None:
    read = reads_of(f"{{% if {condition} %}}{{% endif %}}")["a"]

    assert (read.usage, read.operations) == ("condition", (kind,))


def test_a_mailchimp_comparison_with_a_number_is_one() -> None:
    assert reads_of("*|IF:AGE >= 18|*x*|END:IF|*", "mailchimp")["AGE"].operations == ("compare_number",)


@pytest.mark.parametrize(
    ("source", "is_guarded"),
    [
        ("{{ a }}", False),
        ("{% if a %}{{ a }}{% endif %}", True),
        ("{% if a %}x{% endif %}{{ a }}", False),
        ("{% if b %}{{ a }}{% endif %}", False),
        ("{% if b and a %}{{ a }}{% endif %}", True),
        ("{% if b or a %}{{ a }}{% endif %}", False),
        ("{% if a or b %}{{ a }}{% endif %}", True),
        ("{% if b %}{% elsif a %}{{ a }}{% endif %}", True),
        ("{% unless a == blank %}{{ a }}{% endunless %}", True),
        ("{% case a %}{% when 'x' %}{{ a }}{% endcase %}", True),
        ("{% if a %}{{ a | upcase }}{% endif %}", True),
        ("{% assign b = a %}{% if b %}{{ b }}{% endif %}", True),
    ],
)
def test_a_guard_is_seen_on_every_way_to_the_place(source: str, is_guarded: bool) -> None:
    reads = [read for read in compile_template(source).reads if read.path == "a" and read.usage == "output"]

    assert [read.is_guarded for read in reads] == [is_guarded]


def test_a_test_of_an_object_guards_its_parts() -> None:
    assert reads_of("{% if a %}{{ a.b }}{% endif %}")["a.b"].is_guarded
    assert not reads_of("{% if a %}{{ ab }}{% endif %}")["ab"].is_guarded


@pytest.mark.parametrize(
    ("source", "has_fallback"),
    [
        ("{{ a }}", False),
        ("{{ a | default: 'x' }}", True),
        ("{{ a | default: '' }}", False),
        ("{% assign b = a | default: 'x' %}{{ b }}", True),
    ],
)
def test_a_default_with_something_in_it_is_a_fallback(source: str, has_fallback: bool) -> None:
    assert reads_of(source)["a"].has_fallback is has_fallback


def test_included_templates_are_read_too() -> None:
    template = compile_template(
        "{% render 'card', item: product %}{% include 'foot' %}",
        templates={"card": "{{ item.name }}{{ shop }}", "foot": "{{ phone }}"},
    )

    assert template.fields == {"product", "product.name", "shop", "phone"}


def test_a_template_that_is_not_there_yet_is_a_warning() -> None:
    (finding,) = compile_template("{% render 'card' %}").findings

    assert (finding.code, finding.severity) == ("unknown-include", "warning")


def test_a_name_known_only_while_rendering_is_a_warning() -> None:
    assert [finding.code for finding in compile_template("{{ [name] }}").findings] == ["dynamic-field"]


def test_variables_that_copy_each_other_do_not_explode() -> None:
    source = "{% assign a = f | default: g %}" + "{% assign a = a | default: a %}" * 200 + "{{ a }}"

    assert compile_template(source).fields == {"f", "g"}
