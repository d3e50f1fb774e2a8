"""What a rendering does is counted where it is done: nothing a template says takes long, and the count never varies."""

from __future__ import annotations

from typing import Any

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template
from livemerge.template.limits import MAX_WORK
from livemerge.template.runtime import Context, charge, size_of, sorting_size, whole_size

LONG = "ab <é>\n" * 14_000  # some 100 KB
LIST = [{"a": str(at), "b": at % 7} for at in range(5_000)]
ROUNDS = "{% for i in (1..100000) %}"


def work_of(source: str, data: dict[str, Any], language: str = "liquid") -> str:
    """What stops a rendering."""
    with pytest.raises(TemplateError) as stopped:
        compile_template(source, language).render(data, now=None)
    return stopped.value.what


@pytest.mark.parametrize(
    "body",
    [
        "{% assign x = t | upcase %}",
        "{% assign x = t | escape_once | strip_html | url_encode %}",
        "{% assign x = t | replace: 'a', 'b' | split: ' ' | join: '' %}",
        "{% assign x = t | truncatewords: 3 %}",
        "{% assign x = l | sort: 'a' %}",
        "{% assign x = l | map: 'a' | uniq %}",
        "{% assign x = l | json %}",
        "{% assign x = l | where: 'b', 3 | size %}",
        "{% assign x = l | find: 'a', 'none' %}",
        "{% if t contains u %}{% endif %}",
        "{% if t == u %}{% endif %}",
        "{% if l == m %}{% endif %}",
        "{% if l contains u %}{% endif %}",
        "{% if w == blank %}{% endif %}",
        "{% case t %}{% when u %}{% endcase %}",
        "{{ n }}",
        "{{ e }}",
        "{% capture x %}{{ t }}{% endcapture %}",
        "{% ifchanged %}{{ t }}{% endifchanged %}",
        "{% for p in d limit: 1 %}{% endfor %}",
        "{% assign x = 'now' | date: f %}",
        "{% for p in l %}{% endfor %}",
        "{% cycle t, u %}",
    ],
)
def test_heavy_work_in_a_loop_is_stopped(body: str) -> None:
    data = {
        "t": LONG,
        "u": LONG + "",
        "l": LIST,
        "m": list(LIST),
        "w": " " * 100_000,
        "n": "\0" * 100_000,
        "e": [""] * 50_000,
        "d": {str(at): at for at in range(5_000)},
        "f": "%A %B " * 160,
    }
    what = work_of(f"{ROUNDS}{body}{{% endfor %}}", data)

    assert "units of work" in what or "characters" in what


@pytest.mark.parametrize("call", ["{% include 'a' %}", "{% render 'a' %}"])
def test_templates_that_include_others_many_times_are_stopped(call: str) -> None:
    templates = {"a": "{% if n %}" + call * 30 + "{% endif %}"}

    with pytest.raises(TemplateError, match=r"units of work|deeper"):
        compile_template(call * 30, templates=templates).render({"n": 1})


def test_partials_that_write_their_blocks_many_times_are_stopped() -> None:
    templates = {"a": "{{> @partial-block}}" * 30}

    with pytest.raises(TemplateError, match="units of work"):
        source = "{{#> a}}" * 6 + "x" + "{{/a}}" * 6
        compile_template(source, "handlebars", templates=templates).render({})


@pytest.mark.parametrize(
    "body",
    [
        "SET @x = Uppercase(t)",
        "SET @x = Replace(t, 'b', 'c')",
        "SET @x = ReplaceList(t, 'x', 'a', 'b', '<', 'q')",
        "IF t == u THEN ENDIF",
        "SET @x = BuildRowsetFromString(t, ' ')",
        "SET @x = RegExMatch(t, '(a|b)+z', 0)",
        "SET @x = TreatAsContent(Concat('%%=v(@i)=%%%%=v(@i)=%%', @i))",
        "SET @x = Char(65, 500000)",
        "SET @x = Base64Encode(t)",
        "IF t THEN ENDIF",
    ],
)
def test_heavy_ampscript_in_a_loop_is_stopped(body: str) -> None:
    source = f"%%[ FOR @i = 1 TO 99999 DO {body} NEXT ]%%"

    what = work_of(source, {"t": "é" + LONG, "u": "É" + LONG}, "ampscript")

    assert any(limit in what for limit in ("units of work", "too many steps", "pieces"))


def test_regular_expressions_of_handlebars_count_their_steps() -> None:
    source = "{{#each l}}{{#ifMatchesRegexStr ../t '(a|b|ab)*z'}}{{/ifMatchesRegexStr}}{{/each}}"

    with pytest.raises(TemplateError, match="units of work"):
        compile_template(source, "handlebars", dialect="iterable").render({"l": [1] * 10_000, "t": "ab" * 5_000})


def test_plain_loops_go_round_a_hundred_thousand_times() -> None:
    assert len(compile_template("{% for i in (1..99999) %}{{ i | modulo: 10 }}{% endfor %}").render({})) == 99_999


def test_a_large_mail_is_far_from_the_limit() -> None:
    products = [{"name": f"Product {at}", "price": at * 1.5, "text": "words " * 40} for at in range(500)]
    source = (
        "{% for p in products %}<td>{{ p.name | upcase | escape }} {{ p.price | times: 1.2 | round: 2 }}"
        "{{ p.text | truncatewords: 20 | replace: 'words', 'word' | capitalize }}</td>{% endfor %}"
    )

    assert "PRODUCT 499" in compile_template(source).render({"products": products})


def test_the_same_rendering_takes_the_same_work() -> None:
    source = "{% for i in (1..3000) %}{{ t | upcase | size }}{% endfor %}"
    places = set()
    for _ in range(2):
        with pytest.raises(TemplateError) as stopped:
            compile_template(source).render({"t": LONG})
        places.add((stopped.value.line, stopped.value.column, stopped.value.what))

    assert len(places) == 1


def test_sizes_of_values_count_what_is_in_them() -> None:
    assert size_of("abc") == 3
    assert size_of(["abc", ["d"]]) == 2 * 20 + 3 + 20 + 1
    assert size_of({"a": "long"}) == 20
    assert whole_size({"a": "long"}) == 25
    assert size_of(range(5)) == 100
    assert sorting_size(["a"]) == 84
    assert size_of(7) == 0


def test_a_list_that_holds_itself_has_a_size() -> None:
    endless: list[Any] = []
    endless.append(endless)

    assert whole_size(endless) > MAX_WORK


def test_work_beyond_the_limit_is_a_fault() -> None:
    context = Context(now=lambda: None, load=lambda *_: None)  # type: ignore[arg-type,return-value]
    charge(context, MAX_WORK)

    with pytest.raises(Exception, match="units of work"):
        charge(context, 1)
