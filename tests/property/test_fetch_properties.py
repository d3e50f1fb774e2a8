"""Whatever a host answers and a template asks: a message renders or raises TemplateError, and asks alike each time."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from livemerge.errors import TemplateError
from livemerge.template import Reply, Request, Template, compile  # noqa: A004
from livemerge.template.limits import MAX_FETCHES

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CALLS = [
    'HTTPGet("https://a.example/")',
    "HTTPGet(name, true, 0, @st)",
    'HTTPGet(Concat("https://a.example/", @b, name), "true", 2)',
    'HTTPGet("https://a.example/", false, name)',
    'HTTPPost("https://a.example/", name, @b, @b)',
    'HTTPPost2("https://a.example/", "text/plain", name, false, @b, @h, name, name)',
    'HTTPPostWithRetry("https://a.example/", "text/plain", name, name, false, true, @b)',
    'Concat("https://a.example/", Random(1, 9))',
    "HTTPGet(@u)",
    "RowCount(@h)",
    "TreatAsContent(@b)",
]
STATEMENTS = st.lists(st.tuples(st.sampled_from(["@b", "@u", "@st"]), st.sampled_from(CALLS)), min_size=1, max_size=5)
TEXTS = st.one_of(st.text(max_size=30), st.sampled_from(["%%=Now()=%%", "<script>", "\r\nX: 1", "\x00", "2", "true"]))
REPLIES = st.builds(
    Reply,
    st.sampled_from([0, 200, 204, 302, 404, 500, 599]),
    TEXTS,
    st.sampled_from(["", "text/html", "application/json"]),
    st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
    st.booleans(),
)


def made(statements: list[tuple[str, str]]) -> Template:
    code = " ".join(f"SET {name} = {call}" for name, call in statements)
    return compile(f"%%[ {code} ]%%%%=v(@b)=%% %%=v(@u)=%% %%=v(@st)=%%", "ampscript")


@given(STATEMENTS, TEXTS, st.lists(REPLIES, min_size=MAX_FETCHES, max_size=MAX_FETCHES))
def test_asking_ends_and_only_a_template_error_leaves(
    statements: list[tuple[str, str]], name: str, answers: list[Reply]
) -> None:
    template, data = made(statements), {"name": name}
    replies: dict[Request, Reply] = {}
    try:
        while request := template.wanted(data, now=NOW, replies=replies):
            assert request not in replies
            replies[request] = answers[len(replies)]
        text = template.render(data, now=NOW, replies=replies)
        assert template.trace(data, now=NOW, replies=replies).text == text
        if not any(reply.is_html for reply in answers):
            assert "<script>" not in text
    except TemplateError:
        assert len(replies) <= MAX_FETCHES
