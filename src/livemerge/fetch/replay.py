"""A message that needs replies is rendered again with each that came, until it needs no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from livemerge.errors import TemplateError
from livemerge.fetch.client import FetchClient, Fetched
from livemerge.fetch.rules import Refused
from livemerge.template import Reply, Request, Unanswered
from livemerge.template.limits import MAX_FETCHES

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Fetches:
    """What a message asked, in order, and the replies it is rendered with."""

    replies: Mapping[Request, Reply]
    fetched: tuple[Fetched, ...] = ()


NO_FETCHES = Fetches({})


async def render_fetching(
    render: Callable[[Mapping[Request, Reply]], Made], client: FetchClient, *, deadline_s: float
) -> tuple[Made, Fetches]:
    """What `render` gives once it has all its replies. Raises TemplateError, also for what no declaration allows.

    deadline_s: for all requests together; what comes later counts as no answer. `render` must give and ask the same
    for the same replies.
    """
    replies: dict[Request, Reply] = {}
    fetched: list[Fetched] = []
    left_s = deadline_s
    while True:
        try:
            return render(replies), Fetches(replies, tuple(fetched))
        except Unanswered as error:
            if len(replies) >= MAX_FETCHES:
                raise _placed(error, f"a message fetches more than {MAX_FETCHES} times", "Fetch less.") from None
            request, place = error.request, error
        try:
            found, took_s = await client.fetch(request, left_s)
        except Refused as refused:
            raise _placed(place, refused.what, refused.advice) from None
        left_s -= took_s
        replies[request] = found.reply
        fetched.append(found)


def _placed(error: Unanswered, what: str, advice: str) -> TemplateError:
    return TemplateError(
        what, where=error.where, advice=advice, line=error.line, column=error.column, caret=error.caret
    )
