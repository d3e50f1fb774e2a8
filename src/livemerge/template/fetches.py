"""What templates ask of the network while they render: a request, its reply, and how rendering waits for one.

Rendering stays pure: a template that needs a reply nobody gave stops with its request. The caller asks, and renders
again with the reply; the same data, moment and replies always give the same text. A function of a language asks with
`context.fetch(Request(…))`, takes the context, and is a Filter with `fetches=True` whose first value is the URL.
"""

from __future__ import annotations

from dataclasses import dataclass

from livemerge.errors import TemplateError

NO_ANSWER = 0  # the status of a reply that did not come, or not as text: no connection, too late, too long


@dataclass(frozen=True, slots=True)
class Request:
    """One call over HTTP, with plain texts only. Equal requests of a message are asked once and share their reply."""

    method: str  # GET or POST
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    credentials: str = ""  # the name of a declared credential
    max_age_s: float | None = None  # how old a reply to another customer's equal request may be; None: never shared
    timeout_s: float | None = None  # of one attempt; None: as declared
    retries: int = 0  # after no answer, or a status that asks to come again; while the message's time lasts


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `status` is 0 where nothing did; then the rest is empty."""

    status: int
    body: str = ""
    content_type: str = ""  # without parameters, in small letters
    headers: tuple[tuple[str, str], ...] = ()
    is_html: bool = False  # HTML of a host declared to write what may stand in messages as it is; else data

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Wanted(Exception):
    """Rendering needs the reply to a request. Leaves a template as Unanswered."""

    def __init__(self, request: Request) -> None:
        super().__init__("a reply is needed here")
        self.request = request


class Unanswered(TemplateError):
    """A template needs the reply to `request`, which was not among those given."""

    def __init__(self, request: Request, where: str, line: int, column: int, caret: str) -> None:
        advice = "Ask `error.request` and render again with its reply in `replies`."
        what = "this fetches over the network, and its reply was not given"
        super().__init__(what, where=where, advice=advice, line=line, column=column, caret=caret)
        self.request = request


def ask_nobody(request: Request) -> Reply:
    """What `context.fetch` is where no replies are given."""
    raise Wanted(request)
