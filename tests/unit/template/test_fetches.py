"""Rendering with replies: what is asked, in which order, how often, and that nothing else changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from livemerge.errors import TemplateError
from livemerge.template import Reply, Request, Unanswered, compile, compile_message  # noqa: A004
from livemerge.template.ampscript.http import SHARED_S

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def get(name: str) -> Request:
    return Request("GET", f"https://api.example/{name}", max_age_s=SHARED_S)


def call(name: str) -> str:
    return f'%%=HTTPGet("https://api.example/{name}", true)=%%'


def test_a_template_is_rendered_again_with_each_reply_until_it_needs_none() -> None:
    template = compile(
        '%%[ SET @a = HTTPGet("https://api.example/a") ]%%%%=HTTPGet(Concat("https://api.example/", @a))=%%',
        "ampscript",
    )
    replies: dict[Request, Reply] = {}
    asked: list[str] = []
    while (request := template.wanted({}, now=NOW, replies=replies)) is not None:
        asked.append(request.url)
        replies[request] = Reply(200, request.url.rpartition("/")[2] + "b")
    assert asked == ["https://api.example/a", "https://api.example/ab"]
    assert template.render({}, now=NOW, replies=replies) == "abb"


def test_equal_requests_share_one_reply() -> None:
    assert compile(call("a") * 5, "ampscript").render({}, now=NOW, replies={get("a"): Reply(200, "x")}) == "xxxxx"


def test_a_message_fetches_three_times_at_most() -> None:
    replies = {get(name): Reply(200, name) for name in "abcd"}
    assert compile("".join(map(call, "abc")), "ampscript").render({}, replies=replies) == "abc"
    with pytest.raises(TemplateError, match="more than 3 times"):
        compile("".join(map(call, "abcd")), "ampscript").render({}, replies=replies)


def test_every_program_of_a_template_takes_replies() -> None:
    template, replies = compile(call("é"), "ampscript"), {get("é"): Reply(200, "Zoë <3")}
    assert template.trace({}, replies=replies).text == "Zoë &lt;3"
    assert template.writer("8bit")({}, None, replies) == "Zoë &lt;3".encode()
    assert template.writer("quoted-printable")({}, None, replies) == b"Zo=C3=AB &lt;3"


def test_all_parts_of_a_message_share_the_replies() -> None:
    text = f"+++\nsubject = 'Hi {call('a')}'\nlanguage = \"ampscript\"\n+++\n<p>{call('a')} {call('b')}</p>\n"
    message = compile_message(text, name="m.html")
    assert message.may_fetch and message.most_fetches == 2
    replies: dict[Request, Reply] = {}
    asked = []
    while (request := message.wanted({}, now=NOW, replies=replies)) is not None:
        asked.append(request)
        replies[request] = Reply(200, f"<{len(asked)}>")
    assert sorted(each.url for each in asked) == [get("a").url, get("b").url]
    assert message.subject.render({}, now=NOW, replies=replies) == f"Hi {replies[get('a')].body}"
    assert message.text.render({}, now=NOW, replies=replies) == f"{replies[get('a')].body} {replies[get('b')].body}\n"


def test_a_message_that_fetches_nothing_says_so() -> None:
    message = compile_message("+++\nsubject = 'x'\n+++\n<p>{{ a }}</p>", name="m.liquid.html")
    assert not message.may_fetch and message.wanted({"a": 1}) is None and message.fetches == ()


def test_a_rendering_that_lacks_one_reply_of_two_asks_for_that_one() -> None:
    with pytest.raises(Unanswered) as caught:
        compile(call("a") + call("b"), "ampscript").render({}, replies={get("a"): Reply(200, "x")})
    assert caught.value.request == get("b")


def test_an_address_set_by_one_part_is_known_in_the_next() -> None:
    text = (
        "+++\nsubject = '%%=HTTPGet(@u)=%%'\nlanguage = \"ampscript\"\n+++\n"
        '<p>%%[ SET @u = "https://api.example/a" ]%%</p>\n'
    )
    (site,) = compile_message(text, name="m.html").fetches
    assert (site.part, site.urls) == ("subject", ("https://api.example/a",))
