"""Data is escaped exactly once; what the template's author wrote is not."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from livemerge.template import compile as compile_template

TOM = {"name": "Tom & <b>Jerry</b>"}


def html(source: str, data: dict[str, object] | None = None) -> str:
    return compile_template(source).render(TOM if data is None else data)


@pytest.mark.parametrize(
    "source",
    [
        "{{ name }}",
        "{{ name | escape }}",
        "{{ name | escape | escape_once }}",
        "{% assign n = name %}{{ n }}",
        "{% capture n %}{{ name }}{% endcapture %}{{ n }}",
        "{% capture n %}{{ name }}{% endcapture %}{% capture m %}{{ n }}{% endcapture %}{{ m }}",
        "{{ missing | default: name }}",
        "{{ name | split: 'x' | join: 'x' }}",
        "{% for each in names %}{{ each }}{% endfor %}{{ name }}",
        "{{ name | strip | append: '' }}",
        "{{ name | replace: 'zzz', '<br>' }}",
    ],
)
def test_data_is_escaped_once(source: str) -> None:
    assert html(source) == "Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;"


def test_a_filter_sees_the_text_and_not_its_escapes() -> None:
    assert html("{{ name | replace: 'Tom', 'x' | size }}") == str(len("x & <b>Jerry</b>"))
    assert html("{{ name | append: '!' | upcase }}") == "TOM &amp; &lt;B&gt;JERRY&lt;/B&gt;!"
    assert html("{{ name | prepend: 'to ' | truncate: 9, '' }}") == "to Tom &amp; "
    assert html("{{ names | join: ', ' | upcase }}", {"names": ["a&b", "<"]}) == "A&amp;B, &lt;"


def test_what_the_author_wrote_stays_markup() -> None:
    assert html("{{ '<b>' }}{{ '<i>' | append: name }}") == "<b><i>Tom &amp; &lt;b&gt;Jerry&lt;/b&gt;"
    assert html("{{ name | truncate: 8, '&hellip;' }}", {"name": "<&><&><&>"}) == "&hellip;"
    assert html("{{ name | truncatewords: 1, '&hellip;' }}", {"name": "<a b"}) == "&lt;a&hellip;"


def test_only_a_literal_can_be_escaped_by_its_author() -> None:
    assert html("{{ '<b>' | escape }}") == "&lt;b&gt;"


def test_a_replacement_by_the_author_stays_markup_and_the_rest_is_escaped() -> None:
    assert html("{{ x | replace: '|', '<br>' }}", {"x": "a<b|c&d"}) == "a&lt;b<br>c&amp;d"


def test_an_ampersand_of_data_can_be_replaced_without_breaking_entities() -> None:
    assert html("{{ name | replace: '&', 'and' }}") == "Tom and &lt;b&gt;Jerry&lt;/b&gt;"


def test_line_ends_of_data_become_breaks_around_escaped_text() -> None:
    assert html("{{ x | newline_to_br }}", {"x": "<a>\n&"}) == "&lt;a&gt;<br />\n&amp;"


def test_markup_from_a_field_of_type_html_is_written_as_it_is() -> None:
    assert html("{{ x }}|{{ x | append: y }}", {"x": Markup("<b>ok</b>"), "y": "<"}) == "<b>ok</b>|<b>ok</b>&lt;"


def test_a_customer_called_like_a_tag_appears_as_that_text() -> None:
    assert html("{{ name }}", {"name": "{{ x }}{% raw %}"}) == "{{ x }}{% raw %}"
    assert compile_template("*|A|*", "mailchimp").render({"A": "*|UNSUB|*"}) == "*|UNSUB|*"


def test_control_characters_of_data_are_dropped() -> None:
    assert html("{{ x }}", {"x": "a\0b\x07c\r\nd\te\x7f"}) == "abc\nd\te"


def test_half_characters_of_data_become_replacement_characters() -> None:
    assert html("{{ x }}", {"x": "a\ud800b"}) == "a�b"


def test_without_escaping_text_leaves_as_it_is() -> None:
    assert compile_template("{{ name }} {{ '<b>' }}", escape=None).render(TOM) == "Tom & <b>Jerry</b> <b>"


def test_mailchimp_escapes_plain_tags_even_of_html_fields_and_leaves_html_tags_raw() -> None:
    template = compile_template("*|X|* *|HTML:X|*", "mailchimp")

    assert template.render({"X": Markup("<b>")}) == "&lt;b&gt; <b>"


def test_raw_output_needs_markup_where_projects_ask_for_it() -> None:
    template = compile_template("*|HTML:X|*", "mailchimp", raw="markup")

    assert template.render({"X": "<b>"}) == "&lt;b&gt;"
    assert template.render({"X": Markup("<b>")}) == "<b>"


def test_an_apostrophe_cannot_end_an_attribute() -> None:
    template = compile_template("<a title='*|X|*'>*|X|*</a>", "mailchimp")

    assert template.render({"X": "it's"}) == "<a title='it&#39;s'>it's</a>"


def test_no_attribute_of_an_object_can_be_reached() -> None:
    data: dict[str, object] = {"x": "text", "n": [1], "m": {"a": 1}}
    source = "{{ x.__class__ }}{{ x['upper'] }}{{ n.append }}{{ m.keys }}{{ m.items }}{{ x.format }}"
    assert html(source, data) == ""


@pytest.mark.parametrize(
    ("source", "is_warned"),
    [
        ('<a href="{{ x }}">', False),
        ("<a href='{{ x }}' title=\"a\">{{ x }}</a>", False),
        ("<a href={{ x }}>", True),
        ("<a href=https://x.example/{{ x }}>", True),
        ("<td {{ x }}>", True),
        ("a < b {{ x }}", False),
        ("<!-- {{ x }} --><p>{{ x }}", False),
    ],
)
def test_a_value_without_quotes_in_a_tag_is_a_warning(source: str, is_warned: bool) -> None:
    codes = [finding.code for finding in compile_template(source).findings]

    assert codes == (["unquoted-attribute"] if is_warned else [])
