"""Braze's Liquid, as docs.braze.com has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from livemerge.errors import SkipRecipient, TemplateError
from livemerge.template import compile as compile_template
from livemerge.template import compile_message
from livemerge.template.fetches import Reply, Request, Unanswered

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
GET_HEADERS = (("Content-Type", "application/json"), ("Accept", "*/*"))


def braze(
    template: str,
    data: Mapping[str, object] | None = None,
    *,
    replies: Mapping[Request, Reply] | None = None,
    templates: Mapping[str, str] | None = None,
) -> str:
    return compile_template(template, dialect="braze").render(data or {}, now=NOW, replies=replies, templates=templates)


def asked(template: str, data: Mapping[str, object] | None = None) -> Request:
    with pytest.raises(Unanswered) as error:
        braze(template, data)
    return error.value.request


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{% assign y = {{${seen_on}} | date: "%Y" %}{{ y }}', "2026"),
        ("{% assign b = {{custom_attribute.${Brands Viewed}} | first } %}{{ b }}", "A"),
        ("{% if {device.${carrier}} contains 'tel' %}Y{% endif %}", "Y"),
        ("{{custom_attribute.${Brands Viewed[1]}}}{{custom_attribute.${Brands Viewed}[2]}}", "BC"),
        ("{{${seen_on} | time_zone: -0005 | date: '%H'}}", "22"),
    ],
)
def test_templates_of_its_use_case_library_read_as_they_are_meant(template: str, text: str) -> None:
    data = {
        "seen_on": "2026-03-04 03:00",
        "custom_attribute": {"Brands Viewed": ["A", "B", "C"]},
        "device": {"carrier": "a tel"},
    }
    assert braze(template, data) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% assign l = {{content_blocks.${List}}} | split: ',' %}{{ l[1] }}", "b&amp;c"),
        ("{{ content_blocks.${List} | upcase }}", "A,B&AMP;C"),
        ("{% liquid\n assign l = content_blocks.${List}\n echo l\n%}", "a,b&amp;c"),
    ],
)
def test_a_content_block_may_be_worked_on(template: str, text: str) -> None:
    assert braze(template, {"x": "b&c"}, templates={"List": "a,{{x}}"}) == text


@pytest.mark.parametrize(
    "template",
    [
        "{% if {{content_blocks.${List}}} contains 'a' %}{% endif %}",
        "{% if x %}{% elsif content_blocks.${List} == 'a' %}{% endif %}",
        "{% connected_content https://api.example :method post :body {{content_blocks.${List}}} %}",
    ],
)
def test_a_content_block_where_it_cannot_be_is_never_taken_for_a_field(template: str) -> None:
    with pytest.raises(TemplateError, match="stored text"):
        braze(template)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{${first_name}}}", "Ada &amp; Co"),
        ("{{ ${first_name} | upcase }}", "ADA &amp; CO"),
        ("{{custom_attribute.${loyalty tier}}}", "gold"),
        ("{{ custom_attribute.${home}.city }}", "Bern"),
        ("{{${first_name} | append: {{custom_attribute.${loyalty tier}}}}}", "Ada &amp; Cogold"),
        ("{% if {{custom_attribute.${loyalty tier}}} == 'gold' and ${nobody} == blank %}Y{% endif %}", "Y"),
        ("{% if custom_attribute.${loyalty tier} == 'gold' %}Y{% endif %}", "Y"),
        ("{% for b in {{custom_attribute.${Brands Viewed}}} limit:2 %}{{b}},{% endfor %}", "A,B,"),
        ("{% assign points = {{custom_attribute.${n} | plus: 50}} %}{{points}}", "60"),
        ("{% assign first_name = {{${first_name}}} | size %}{{first_name}}/{{${first_name}}}", "8/Ada &amp; Co"),
        ("{% capture x %}{{${first_name}}}{% endcapture %}{{x}}", "Ada &amp; Co"),
        ("{% liquid\n assign x = ${first_name}\n echo x\n%}", "Ada &amp; Co"),
        ('{% assign x = "{{not a name}}" %}{{x}}', "{{not a name}}"),
        ("$ {${first_name} } {{ '${x}' }}", "$ {${first_name} } ${x}"),
    ],
)
def test_names_in_dollar_braces_are_fields_wherever_they_stand(template: str, text: str) -> None:
    data = {
        "user": {"first_name": "Ada & Co"},
        "custom_attribute": {
            "loyalty tier": "gold",
            "home": {"city": "Bern"},
            "Brands Viewed": ["A", "B", "C"],
            "n": 10,
        },
    }
    assert braze(template, data) == text


def test_the_fields_of_a_template_are_paths_of_the_catalog() -> None:
    template = compile_template(
        "{{${first_name}}}{% if {{custom_attribute.${a b}}} %}{{event_properties.${x}}}{% endif %}", dialect="braze"
    )
    assert template.fields == {"first_name", "custom_attribute.a b", "event_properties.x"}


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("abort_message('not enough points')", "not enough points"),
        ('abort_message ("why")', "why"),
        ("abort_message()", "the template asked for no message"),
    ],
)
def test_an_aborted_message_skips_its_customer_with_the_reason(tag: str, reason: str) -> None:
    template = "Hi\n{% if ${points} > 1 %}x{% else %}{% " + tag + " %}{% endif %}"
    assert braze(template, {"points": 2}) == "Hi\nx"
    with pytest.raises(SkipRecipient) as error:
        braze(template, {"points": 0})
    assert (error.value.what, error.value.line) == (reason, 2)


def test_a_reason_is_a_plain_text() -> None:
    with pytest.raises(TemplateError, match="one text in quotes"):
        braze("{% abort_message({{${first_name}}}) %}")


def test_a_content_block_shares_the_variables_of_the_message() -> None:
    blocks = {"vars": "{% assign greeting = 'Hi' %}", "footer": "{{greeting}}, {{${first_name}}}"}
    template = "{{content_blocks.${vars}}}{{ content_blocks.${footer} | id: 'cb2' }}"
    assert braze(template, {"first_name": "Ada"}, templates=blocks) == "Hi, Ada"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ 'hey<>hi' | url_escape }}", "hey%3C%3Ehi"),
        ("{{ 'a b/ä' | url_param_escape }}", "a%20b%2F%C3%A4"),
        ("{{ 145 | money }} {{ 17.8 | money }} {{ '3.5' | plus: 0 | money }} {{ 'x' | money }}", "145.00 17.80 3.50 x"),
        ("{{ -1234567.5 | number_with_delimiter }} {{ 'n/a' | number_with_delimiter }}", "-1,234,567.5 n/a"),
        ("{{ '2021-08-04 9:00:00 UTC' | time_zone: 'America/Los_Angeles' | date: '%a %e %T' }}", "Wed  4 02:00:00"),
        ("{{ 'now' | time_zone: 'Asia/Tokyo' | date: '%F %R' }}", "2026-03-05 00:00"),
        ("{{ 'hey' | md5 }}", "6057f13c496ecf7fd777ceb9e79ae285"),
        ("{{ 'hey' | sha2 }}", "fa690b82061edfd2852629aeba8a8977b57e40fcb77d1a7a28b26cba62591204"),
        ("{{ 'hey' | hmac_sha1_hex: 'secret_key' }}", "2a3969bed25bfeefb00aca4063eb9590b4df8f0e"),
        ("{% assign x = '{\"a\": [1, 2]}' | json_parse %}{{ x.a[1] }}{{ 'no' | json_parse }}", "2"),
        ("{% assign l = 'a,b' | split: ',' %}{{ l | index: 1 }}", "b"),
    ],
)
def test_filters_give_what_their_page_says(template: str, text: str) -> None:
    assert braze(template) == text


def test_an_unknown_time_zone_is_a_mistake_with_a_place() -> None:
    with pytest.raises(TemplateError, match="no such time zone"):
        braze("{{ 'now' | time_zone: '../../etc/passwd' }}")


# --- connected content -----------------------------------------------------------------------------


def test_a_get_is_asked_with_its_fields_in_the_address_and_shared_for_five_minutes() -> None:
    template = "{% connected_content https://api.example/v?id={{${user_id} | url_param_escape}}&b=1 :save x %}"
    request = asked(template, {"user_id": "a b&c"})
    assert request == Request("GET", "https://api.example/v?id=a%20b%26c&b=1", GET_HEADERS, max_age_s=300.0)


def test_every_option_reaches_the_request() -> None:
    template = """{% connected_content
        https://api.example/
        :method post
        :headers {
          "X-Name": "{{${first_name}}}",
          "Accept": "a/b"
        }
        :body name={{${first_name}}}&channel=mail
        :content_type application/json
        :basic_auth shop
        :cache_max_age 60
        :retry
        :save result
    %}"""
    request = asked(template, {"first_name": 'A"&<'})
    assert request.method == "POST"
    assert dict(request.headers) == {"Content-Type": "application/json", "Accept": "a/b", "X-Name": 'A"&<'}
    assert request.headers[1:3] == (("Accept", "application/json"), ("X-Name", 'A"&<'))
    assert request.body == '{"name":"A\\"","<":"","channel":"mail"}'
    assert (request.credentials, request.max_age_s, request.retries) == ("shop", 300.0, 5)


def test_a_captured_body_is_sent_as_it_reads() -> None:
    template = (
        '{% capture body %}{"name": "{{${first_name} | json_escape}}", "n": {{1|plus:1}}}{% endcapture %}'
        "{% connected_content https://api.example/ :method post :body {{body}} :content_type application/json %}"
    )
    request = asked(template, {"first_name": 'A"&<'})
    assert request.body == '{"name": "A\\"&<", "n": 2}'
    assert request.max_age_s is None  # replies to POST are shared only where the tag says so


def test_no_cache_is_never_shared() -> None:
    assert asked("{% connected_content https://api.example/ :no_cache :save x %}").max_age_s is None


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(200, '{"name": "<b>"}'), "200 &lt;b&gt;"),
        (Reply(404, "nothing here"), "none"),
        (Reply(500, '{"name": "x"}'), "none"),
        (Reply(0), "none"),
        (Reply(200, "just <i>text</i>"), "just &lt;i&gt;text&lt;/i&gt;none"),
        (Reply(200, "just <i>text</i>", is_html=True), "just <i>text</i>none"),
        (Reply(200, "NaN"), "NaNnone"),
    ],
)
def test_json_is_remembered_text_is_written_and_failures_leave_nothing(reply: Reply, text: str) -> None:
    template = (
        "{% connected_content https://api.example/ %}"
        "{% if connected %}{{connected.__http_status_code__}} {{connected.name}}{% else %}none{% endif %}"
    )
    request = Request("GET", "https://api.example/", GET_HEADERS, max_age_s=300.0)
    assert braze(template, replies={request: reply}) == text


def test_a_call_uses_the_reply_of_the_one_before() -> None:
    template = (
        "{% connected_content https://a.example/ :save token %}"
        '{% connected_content https://b.example/ :headers {"Authorization": "Bearer {{token.key}}"} :save x %}{{x[1]}}'
    )
    first = Request("GET", "https://a.example/", GET_HEADERS, max_age_s=300.0)
    with pytest.raises(Unanswered) as error:
        braze(template, replies={first: Reply(200, '{"key": "k1"}')})
    second = error.value.request
    assert ("Authorization", "Bearer k1") in second.headers
    assert braze(template, replies={first: Reply(200, '{"key": "k1"}'), second: Reply(200, "[1, 2]")}) == "2"


def test_who_asked_to_retry_in_vain_gets_no_message() -> None:
    template = "{% connected_content https://a.example/ :retry %}x"
    request = asked(template)
    with pytest.raises(SkipRecipient):
        braze(template, replies={request: Reply(503)})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00"])
def test_data_begins_no_header_of_its_own(value: str) -> None:
    with pytest.raises(TemplateError, match="control character"):
        braze('{% connected_content https://a.example/ :headers {"X": "{{${x}}}"} %}', {"x": value})


@pytest.mark.parametrize(
    ("tag", "what"),
    [
        ("connected_content", "no address"),
        ("connected_content :save x", "no address"),
        ("connected_content https://a.example/ :sav x", "no option"),
        ("connected_content https://a.example/ :method put", "method `PUT`"),
        ("connected_content https://a.example/ :save", "no value"),
        ("connected_content https://a.example/ :cache_max_age soon", "number of seconds"),
        ('connected_content https://a.example/ :headers {"a": }', "no JSON object"),
        ("connected_content https://a.example/ :save {{x}}", "plain word"),
    ],
)
def test_a_tag_that_cannot_be_read_says_what_it_lacks(tag: str, what: str) -> None:
    with pytest.raises(TemplateError, match=what):
        braze("{% " + tag + " %}")


def test_a_call_may_say_how_long_it_waits() -> None:
    assert asked("{% connected_content https://api.example/ :timeout_ms 750 :save x %}").timeout_s == 0.75
    assert asked("{% connected_content https://api.example/ :save x %}").timeout_s is None


@pytest.mark.parametrize("value", ["0", "soon", "60001", "1.5", "{{x}}"])
def test_a_wait_is_some_milliseconds(value: str) -> None:
    with pytest.raises(TemplateError, match="number of milliseconds"):
        compile_template(f"{{% connected_content https://a.example/ :timeout_ms {value} %}}", dialect="braze")


def test_a_reply_is_no_field_and_the_call_is_foreseen() -> None:
    template = compile_template(
        "{% connected_content https://api.example/{{${user_id}}} :save x %}{{x.name}}", dialect="braze"
    )
    assert template.fields == {"user_id"}
    (site,) = template.fetches
    assert (site.name, site.urls) == ("connected_content", ("https://api.example/",))


# --- the whole of a message ------------------------------------------------------------------------


def test_the_text_part_follows_the_html() -> None:
    source = (
        '+++\nlanguage = "liquid"\ndialect = "braze"\nsubject = "For {{${first_name}}}"\n+++\n'
        "<p>{% if {{${points}}} > 3 %}Hi {{${first_name} | default: 'you'}}{% endif %}</p><p>Bye</p>"
    )
    message = compile_message(source, name="a.html")
    data = {"first_name": "A & B", "points": 4}
    assert message.subject.render(data) == "For A & B"
    assert message.html.render(data).strip() == "<p>Hi A &amp; B</p><p>Bye</p>"
    assert message.text.render(data).split() == ["Hi", "A", "&", "B", "Bye"]


def test_what_only_braze_has_is_a_finding() -> None:
    template = compile_template("{% catalog_items games 1 %}{% translation x %}Hi{% endtranslation %}", dialect="braze")
    assert [(found.code, found.severity) for found in template.findings] == [
        ("unsupported-tag", "error"),
        ("vendor-translation", "warning"),
    ]
    assert braze("{% translation x %}Hi{% endtranslation %}") == "Hi"


@pytest.mark.parametrize(
    "text",
    ["{{${", "{{${a", "{% if {{ %}", "{{ a {{ b }}", "{{${a}", "${", "{{}}", "{{${}}}", "{% connected_content {{ %}"],
)
def test_broken_braces_are_template_errors_or_text(text: str) -> None:
    try:
        braze(text * 50)
    except TemplateError as error:
        assert error.line == 1
