"""A template that is made to be slow is refused, in every language, before it costs much."""

from __future__ import annotations

from decimal import Decimal

import pytest

from livemerge.errors import TemplateError
from livemerge.template import LANGUAGES, compile_message
from livemerge.template import compile as compile_template
from livemerge.template.limits import MAX_MISTAKES, MAX_PLACES, MAX_WORDS

DIALECTS = [(name, dialect) for name, each in LANGUAGES.items() for dialect in (None, *each.dialects)]
PIECES = {
    "liquid": [
        "{{a}}",
        "{%if a%}{%endif%}",
        "{%tablerow i in a%}{%endtablerow%}",
        "{%cycle 1,2%}",
        "{{",
        "{%comment%}",
    ],
    "mailchimp": ["*|A|*", "*|IF:A|**|END:IF|*", "*|", "<a href=*|A|*>"],
    "ampscript": ["%%a%%", "%%=v(@a)=%%", "%%[IF a == 1 THEN ENDIF]%%", "%%", "%%=Concat(", "{{.slot}}"],
    "handlebars": ["{{a}}", "{{#if a}}{{/if}}", "{{>a}}", "{{", "{{!--", "\\{{", "[[a]]", "<template name='a'>"],
    "jinja": ["{{a}}", "{%if a%}{%endif%}", "{%macro a()%}{%endmacro%}", "{{a+", "(", "{#", "{%raw%}"],
}
ENDLESS = {"liquid": ("{{a|", "}}", "upcase|"), "jinja": ("{{", "a}}", "a+"), "handlebars": ("{{a", "}}", " b=c")}


CHARACTERS = 100_000  # of tags without end: far beyond the limits, and what takes quadratic time is a hang


def refusal(source: str, language: str, dialect: str | None = None) -> str:
    try:
        compile_template(source, language, dialect=dialect, templates={"a": "x"})
    except TemplateError as error:
        return error.what
    return ""


@pytest.mark.parametrize(("language", "dialect"), DIALECTS)
def test_tags_without_end_are_read_in_linear_time(language: str, dialect: str | None) -> None:
    for piece in PIECES[language]:
        source = piece * (CHARACTERS // len(piece))
        assert "deeply nested" not in refusal(source, language, dialect)


@pytest.mark.parametrize(("language", "parts"), ENDLESS.items())
def test_one_endless_tag_is_refused(language: str, parts: tuple[str, str, str]) -> None:
    start, end, step = parts

    assert refusal(start + step * 200_000 + end, language)


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("jinja", "{{ [" + "a," * MAX_WORDS + "a] }}"),
        ("jinja", "{{" * MAX_WORDS),
        ("liquid", "{% cycle " + "1," * MAX_WORDS + "1 %}"),
    ],
)
def test_a_tag_is_read_no_further_than_its_limit_of_words(language: str, source: str) -> None:
    assert f"more than {MAX_WORDS} words and signs" in refusal(source + "}}", language)


@pytest.mark.parametrize("tag", ["{{a}}", "{%if a%}{%endif%}", "{%assign a = b%}"])
def test_the_limit_of_tags_names_itself(tag: str) -> None:
    assert f"more than {MAX_PLACES} tags" in refusal(tag * MAX_PLACES, "liquid")
    assert refusal(tag * 2_000, "liquid") == ""


def test_a_template_in_another_language_is_refused_for_its_mistakes() -> None:
    what = refusal("".join(f"{{{{ a | no{at} }}}}" for at in range(MAX_MISTAKES + 1)), "liquid")

    assert f"more than {MAX_MISTAKES} mistakes" in what


def test_mistakes_below_the_limit_are_all_told() -> None:
    source = "".join(f"{{{{ a | no{at} }}}}" for at in range(MAX_MISTAKES))

    assert len(compile_template(source).findings) == MAX_MISTAKES


def test_a_program_of_too_many_lines_is_refused() -> None:
    tables = "{%tablerow i in a%}{{i}}{%endtablerow%}" * 4_000

    assert "lines" in refusal(tables, "liquid")


@pytest.mark.parametrize("key", ["a.", '"a b".', "'a' . ", "a-b."])
@pytest.mark.parametrize("start", ["", "x = {", "[", "[["])
def test_front_matter_with_a_key_of_endless_parts_is_refused(start: str, key: str) -> None:
    """Python's TOML reader would take memory by the square of the parts: gigabytes for 20,000."""
    with pytest.raises(TemplateError, match="too many parts"):
        compile_message(f"+++\n{start}{key * 100_000}b = 1\n+++\nx", name="a.liquid.html")


@pytest.mark.parametrize("start", ["subject = ", "alias = [", "x = { y = "])
def test_front_matter_with_an_endless_number_is_refused(start: str) -> None:
    """Python reads no number of more than 4,300 digits, and its TOML reader lets that error through."""
    with pytest.raises(TemplateError, match="the front matter is not TOML"):
        compile_message(f"+++\n{start}{'9' * 5_000}\n+++\nx", name="a.liquid.html")


def test_dots_in_front_matter_are_text() -> None:
    text = ". ".join(["Sentence one"] * 200) + "." * 200 + " www." + "a." * 20
    message = compile_message(f'+++\nsubject = \'s\'\ntext = """{text}"""\n+++\nx', name="a.liquid.html")

    assert message.text.render({}) == text


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("ampscript", "%%=Substring('abc', v)=%%"),
        ("ampscript", "%%=Char(v)=%%"),
        ("ampscript", "%%[ FOR @i = 1 TO v DO NEXT ]%%"),
        ("liquid", "{{ 1 | round: v }}"),
        ("liquid", "{{ v | round: -2 }}"),
    ],
)
def test_numbers_of_a_million_digits_are_never_written_out(language: str, source: str) -> None:
    """Python takes more than half a minute to make a whole number of such a Decimal: that is a hang."""
    try:
        assert len(compile_template(source, language).render({"v": Decimal("1e999999")})) < 500
    except TemplateError as error:
        assert "cannot be rendered (" not in error.what


@pytest.mark.parametrize("source", ["{{ v|tojson }}", "{{ 'a' if v == w else 'b' }}", "{{ v < w }}"])
def test_values_nested_too_deep_say_so(source: str) -> None:
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(TemplateError, match="nested too deep"):
        compile_template(source, "jinja").render({"v": deep, "w": [deep]})


@pytest.mark.parametrize("none", [Decimal("NaN"), float("nan")])
def test_what_is_no_number_is_neither_above_nor_below_one(none: object) -> None:
    """PostgreSQL's numeric has NaN."""
    source = (
        "{% if v > 3 %}a{% endif %}{% if v < 3 %}b{% endif %}{{ v | at_least: 3 }} {{ v | abs }} {{ 1 | round: v }}"
    )

    assert compile_template(source).render({"v": none}) == "NaN NaN 1"


def test_a_sum_over_what_has_no_properties_leaves_it_out() -> None:
    assert compile_template("{{ l | sum: 'a' }}").render({"l": [{"a": 2}, None, 1.5, {"a": 3}]}) == "5"


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(TemplateError, match="more than 2097152 characters"):
        compile_message("x" * 3_000_000, name="a.liquid.html")
