"""Which file of a project an include means, where its findings stand, and what happens in a circle."""

from __future__ import annotations

import pytest

from livemerge.errors import TemplateError
from livemerge.template import Finding, compile_message
from livemerge.template import compile as compile_template
from livemerge.template.included import included_texts, is_piece


def message(body: str, files: dict[str, str], language: str = "liquid"):
    return compile_message(f"+++\nsubject = 's'\n+++\n{body}", name=f"templates/mail.{language}.html", files=files)


def html(body: str, files: dict[str, str], language: str = "liquid", data: dict[str, object] | None = None) -> str:
    return message(body, files, language).html.render(data or {})


@pytest.mark.parametrize(
    "name",
    ["_parts/_foot.liquid.html", "_parts/_foot.html", "_parts/_foot", "_foot.html", "foot", "foot.html", "FOOT", "end"],
)
def test_a_file_is_found_by_its_path_or_by_less_of_it(name: str) -> None:
    if name == "_foot.html":  # the folder may be left out with the mark of the file only
        name = "foot.liquid.html"
    files = {"_parts/_foot.liquid.html": '+++\nalias = ["end"]\n+++\nbye'}
    assert html(f"{{% render '{name}' %}}", files) == "bye"


@pytest.mark.parametrize(
    ("language", "call"),
    [
        ("liquid", "{% include 'foot' %}"),
        ("handlebars", "{{> foot}}"),
        ("ampscript", '%%=ContentBlockByName("My Contents\\Shared\\Foot")=%%'),
        ("ampscript", '%%=ContentBlockByKey("foot")=%%'),
        ("ampscript", "%%=ContentBlockById(20117)=%%"),
    ],
)
def test_each_language_includes_in_its_own_words(language: str, call: str) -> None:
    files = {"_foot.html": '+++\nalias = ["20117"]\n+++\nbye'}
    assert html(call, files, language) == "bye"


def test_a_file_of_another_language_is_not_included_and_one_beside_it_is() -> None:
    files = {
        "_foot.liquid.html": "{{ x }}",
        "_foot.handlebars.html": "{{x}}!",
        "_top.html": "+++\nlanguage = 'liquid'\n+++\n",
    }
    assert set(included_texts(files, "handlebars").values()) == {"{{x}}!"}
    assert html("{{> foot}}", files, "handlebars", {"x": "1"}) == "1!"


def test_the_file_whose_path_is_nearer_to_the_name_is_meant() -> None:
    files = {"_shared/foot.html": "far", "foot.html": "near", "_foot.html": "marked"}
    assert html("{% render 'foot' %}", files) == "near"
    assert html("{% render '_shared/foot' %}", files) == "far"


def test_a_name_or_a_folder_with_a_mark_is_a_piece_of_messages() -> None:
    assert is_piece("_foot.html")
    assert is_piece("a/_b/c.html")
    assert not is_piece("a_b/c.html")


def test_what_is_wrong_in_a_piece_is_told_at_its_own_line() -> None:
    found = message("{% render 'foot' %}", {"_foot.html": "+++\nalias = []\n+++\n\n{{ a | uppcase }}"})
    (finding,) = [each for each in found.findings if each.code == "unknown-filter"]
    assert (finding.file, finding.line) == ("templates/_foot.html", 5)
    assert "{{ a | uppcase }}" in finding.caret
    assert {read.file for read in found.reads} == {"templates/_foot.html"}
    with pytest.raises(TemplateError, match=r"templates/_foot\.html:5"):
        found.html.render({"a": "x"})


def test_what_parsing_a_piece_finds_is_a_finding_of_the_message() -> None:
    found = message("{% render 'foot' %}", {"_foot.html": "\n{% nonsense %}"})
    assert [(each.code, each.file, each.line) for each in found.findings if each.severity == "error"] == [
        ("unknown-tag", "templates/_foot.html", 2)
    ]


def test_front_matter_of_a_piece_that_cannot_be_read_stops_who_includes_it_and_nobody_else() -> None:
    files = {"_foot.html": "+++\nalias = 3\n+++\n", "_top.html": "hi"}
    assert html("{% render 'top' %}", files) == "hi"
    with pytest.raises(TemplateError, match=r"templates/_foot\.html:2.*list of texts"):
        message("{% render 'foot' %}", files)


def circles(found) -> list[Finding]:
    return [each for each in found.findings if each.code == "circular-include"]


@pytest.mark.parametrize(
    ("language", "call"), [("liquid", "{{% include '{}' %}}"), ("ampscript", "%%=ContentBlockByKey('{}')=%%")]
)
def test_a_circle_is_named_where_it_closes(language: str, call: str) -> None:
    files = {"_a.html": f"\n{call.format('b')}", "_b.html": call.format("a")}
    (circle, *_) = circles(message(call.format("a"), files, language))
    assert "templates/_a.html → templates/_b.html → templates/_a.html" in circle.what
    assert circle.file == "templates/_b.html"


def test_a_message_that_includes_itself_is_a_circle() -> None:
    body = "{% include 'mail' %}"
    (circle, *_) = circles(message(body, {"mail.liquid.html": body}))
    assert "templates/mail.liquid.html → templates/mail.liquid.html" in circle.what


def test_a_piece_that_two_others_include_is_no_circle() -> None:
    files = {"_a.html": "{% render 'c' %}", "_b.html": "{% render 'c' %}", "_c.html": "c"}
    found = message("{% render 'a' %}{% render 'b' %}", files)
    assert circles(found) == []
    assert set(found.included) == {"templates/_a.html", "templates/_b.html", "templates/_c.html"}


def test_only_what_a_message_is_made_of_is_pinned_with_it() -> None:
    found = message("{% render 'a' %}", {"_a.html": "{% render 'b' %}", "_b.html": "b", "_c.html": "c"})
    assert set(found.included) == {"templates/_a.html", "templates/_b.html"}


def test_pieces_that_are_paragraphs_stand_on_their_own_lines_in_the_text() -> None:
    files = {"_a.html": "<p>one</p>", "_b.html": "{% if x %}{% endif %}<p>two</p>", "_name.html": "<b>Ada</b>"}
    found = message("<p>Hi {% render 'name' %}!</p>{% render 'a' %}{% render 'b' %}<p>end</p>", files)
    assert found.text.render({}) == "Hi Ada!\n\none\n\ntwo\n\nend\n"


def test_a_piece_of_text_shows_its_links() -> None:
    files = {"_a.html": '<p><a href="{{ u }}">Shop</a></p>'}
    assert message("{% include 'a' %}", files).text.render({"u": "https://a.example"}) == "Shop (https://a.example)\n"


def test_an_include_that_is_not_there_names_the_nearest() -> None:
    (finding,) = [each for each in message("{% render 'foo' %}", {"_foot.html": ""}).findings if "include" in each.code]
    assert (finding.code, finding.advice) == ("unknown-include", "Did you mean `foot`?")


def test_a_default_for_a_missing_block_is_known() -> None:
    calls = ("ContentBlockByKey('x', '', 0)", "ContentBlockByKey('x', '', false, 'none')", "ContentBlockByKey('x')")
    found = [message(f"%%={call}=%%", {}, "ampscript").findings for call in calls]
    codes = [[each.code for each in one if "include" in each.code] for one in found]
    assert codes == [["absent-include"], ["absent-include"], ["unknown-include"]]


def test_thousands_of_includes_of_each_other_are_followed_once_each() -> None:
    files = {f"_p{n}.html": "".join(f"{{% render 'p{m}' %}}" for m in range(n + 1, n + 4)) for n in range(200)}
    assert len(message("{% render 'p0' %}", files).included) <= 200


def test_variables_that_a_content_block_does_not_set_stay_known() -> None:
    files = {"_foot.html": "%%[ SET @b = 1 ]%%x"}
    body = '%%[ SET @a = A IF Empty(@a) THEN SET @a = "x" ENDIF ]%%%%=ContentBlockByKey("foot")=%%%%=v(@a)=%%'
    (read,) = [each for each in message(body, files, "ampscript").reads if each.usage == "output"]
    assert read.has_fallback or read.is_guarded


def test_without_a_project_included_texts_keep_their_own_lines() -> None:
    template = compile_template("{% render 'a' %}", templates={"a": "\n{{ x | nope }}"})
    assert [(each.file, each.line) for each in template.findings] == [("a", 2)]
