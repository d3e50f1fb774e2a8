"""AMPscript that fetches: what each function asks, and what becomes of each kind of reply."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from livemerge.errors import AbortCampaign, SkipRecipient, TemplateError
from livemerge.template import Reply, Request, Template, Unanswered, compile  # noqa: A004
from livemerge.template.ampscript.http import SHARED_S

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
URL = "https://api.example/name"
GET = Request("GET", URL, max_age_s=SHARED_S)


def rendered(source: str, replies: Mapping[Request, Reply], **data: object) -> str:
    return compile(source, "ampscript").render(data, now=NOW, replies=replies)


def asked(source: str, **data: object) -> Request:
    """The first request a template makes."""
    found = compile(source, "ampscript").wanted(data, now=NOW)
    assert found is not None
    return found


def test_what_a_get_gives_is_printed_as_data() -> None:
    assert rendered(f'%%=HTTPGet("{URL}")=%%', {GET: Reply(200, "<b>Ann</b>")}) == "&lt;b&gt;Ann&lt;/b&gt;"


def test_html_of_a_declared_host_stands_as_it_is() -> None:
    reply = Reply(200, "<b>Ann</b>", "text/html", is_html=True)
    assert rendered(f'%%=HTTPGet("{URL}")=%%', {GET: reply}) == "<b>Ann</b>"


def test_fetched_text_that_looks_like_code_is_not_run() -> None:
    assert rendered(f'%%=HTTPGet("{URL}")=%%', {GET: Reply(200, "%%=Now()=%%")}) == "%%=Now()=%%"
    source = f'%%=TreatAsContent(HTTPGet("{URL}"))=%%'
    assert rendered(source, {GET: Reply(200, "%%=Add(1,1)=%%")}) == "%%=Add(1,1)=%%"


def test_the_address_may_be_put_together_from_data() -> None:
    source = '%%[ SET @u = Concat("https://api.example/?id=", URLEncode(id, 1, 1)) ]%%%%=HTTPGet(@u)=%%'
    assert asked(source, id="a b&c").url == "https://api.example/?id=a+b%26c"


@pytest.mark.parametrize(
    ("reply", "shown"),
    [(Reply(200, "Ann"), "Ann/0"), (Reply(404, "no"), "/-2"), (Reply(0), "/-2"), (Reply(200, ""), "/-3")],
)
def test_a_get_that_goes_on_tells_how_it_went(reply: Reply, shown: str) -> None:
    assert rendered(f'%%=HTTPGet("{URL}", true, 0, @st)=%%/%%=v(@st)=%%', {GET: reply}) == shown


def test_a_get_without_a_success_stops_the_message() -> None:
    with pytest.raises(TemplateError, match="status 500"):
        rendered(f'%%=HTTPGet("{URL}")=%%', {GET: Reply(500, "secret words")})
    with pytest.raises(TemplateError, match="no reply"):
        rendered(f'%%=HTTPGet("{URL}")=%%', {GET: Reply(0)})


def test_an_empty_reply_does_what_the_template_says() -> None:
    assert rendered(f'[%%=HTTPGet("{URL}", false, 0)=%%]', {GET: Reply(200)}) == "[]"
    with pytest.raises(TemplateError, match="empty reply"):
        rendered(f'%%=HTTPGet("{URL}", false, 1)=%%', {GET: Reply(200)})
    with pytest.raises(SkipRecipient):
        rendered(f'%%=HTTPGet("{URL}", false, 2)=%%', {GET: Reply(200)})


def test_a_post_sends_type_body_and_headers_and_keeps_what_came() -> None:
    source = (
        f'%%[ SET @code = HTTPPost2("{URL}", "application/json", Concat(\'{{"id":"\', id, \'"}}\'),'
        ' false, @body, @headers, "X-API-Key", "k") ]%%'
        '%%=v(@code)=%% %%=v(@body)=%% %%=RowCount(@headers)=%% %%=Field(Row(@headers, 1), "Value")=%%'
    )
    request = asked(source, id="7")
    assert request == Request("POST", URL, (("Content-Type", "application/json"), ("X-API-Key", "k")), '{"id":"7"}')
    reply = Reply(201, "made", "text/plain", (("X-Age", "3"),))
    assert rendered(source, {request: reply}, id="7") == "201 made 1 3"


def test_a_post_that_goes_on_gives_the_status_of_a_failure() -> None:
    source = f'%%[ SET @c = HTTPPost2("{URL}", "text/plain", "x", false, @b) ]%%%%=v(@c)=%%'
    assert rendered(source, {asked(source): Reply(503, "")}) == "503"
    assert rendered(source, {asked(source): Reply(0)}) == "0"


@pytest.mark.parametrize("name", ["HTTPPost", "HTTPPost2", "HTTPPostWithRetry"])
def test_a_post_without_a_success_stops_the_message(name: str) -> None:
    source = f'%%=v({name}("{URL}", "text/plain", "x"))=%%'
    with pytest.raises(TemplateError, match="status 503"):
        rendered(source, {asked(source): Reply(503)})


def test_only_the_post_with_retry_asks_again() -> None:
    assert asked(f'%%=v(HTTPPost("{URL}", "text/plain", "x"))=%%').retries == 0
    assert asked(f'%%=v(HTTPPostWithRetry("{URL}", "text/plain", "x"))=%%').retries == 3
    assert asked(f'%%=v(HTTPPostWithRetry("{URL}", "text/plain", "x", 1, false, false, @b))=%%').retries == 1


def test_a_header_without_a_value_is_a_mistake() -> None:
    with pytest.raises(TemplateError, match="header has no value"):
        rendered(f'%%=v(HTTPPost("{URL}", "text/plain", "x", @b, "X-Name"))=%%', {})


def test_the_command_writes_what_the_address_gives() -> None:
    assert rendered(f'a %%HTTPGet "{URL}"%% b', {GET: Reply(200, "Ann")}) == "a Ann b"
    assert rendered(f'a %%HTTPGet "{URL}"%% b', {GET: Reply(0)}) == "a  b"
    assert rendered(f'a %%before;HTTPGet "{URL}"%% b', {GET: Reply(200, "Ann")}) == "a Ann b"


def test_the_command_may_stop_or_skip_without_content() -> None:
    with pytest.raises(AbortCampaign):
        rendered(f'%%HTTPGet;1 "{URL}"%%', {GET: Reply(200, "")})
    with pytest.raises(SkipRecipient):
        rendered(f'%%HTTPGet;2 "{URL}"%%', {GET: Reply(404)})
    with pytest.raises(AbortCampaign):
        rendered(f'%%before;HTTPGet;2 "{URL}"%%', {GET: Reply(404)})


def test_a_command_for_after_the_campaign_is_found_before_it() -> None:
    (finding,) = compile(f'%%after;HTTPGet "{URL}"%%', "ampscript").findings
    assert (finding.code, finding.severity) == ("unsupported-tag", "error")


def test_a_fetch_in_a_branch_that_is_not_taken_asks_nothing() -> None:
    template: Template = compile(f'%%[ IF vip == true THEN ]%%%%=HTTPGet("{URL}")=%%%%[ ENDIF ]%%', "ampscript")
    assert template.wanted({"vip": False}, now=NOW) is None
    assert template.wanted({"vip": True}, now=NOW) == GET


def test_random_numbers_are_the_same_on_the_way_to_each_reply() -> None:
    source = '%%[ SET @n = Random(1, 1000000) SET @g = GUID() ]%%%%=HTTPGet(Concat("https://api.example/", @n, @g))=%%'
    template = compile(source, "ampscript")
    request = template.wanted({"id": 1}, now=NOW)
    assert request is not None
    assert template.render({"id": 1}, now=NOW, replies={request: Reply(200, "yes")}) == "yes"


def test_without_replies_the_error_says_where_and_holds_the_request() -> None:
    with pytest.raises(Unanswered) as caught:
        compile(f'a\n %%=HTTPGet("{URL}")=%%', "ampscript", name="mail").render({}, now=NOW)
    assert (caught.value.place, caught.value.request) == ("mail:2:2", GET)
    assert URL not in str(caught.value).replace(caught.value.caret, "")
