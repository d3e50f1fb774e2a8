"""HTTPGet, HTTPPost and their kin: a request goes out, its reply comes back as text and variables.

Successes of HTTPGet are shared by customers who ask the same, as Marketing Cloud shares them within a job.
"""

from __future__ import annotations

from typing import Any, Final

from markupsafe import Markup

from livemerge.errors import AbortCampaign, SkipRecipient
from livemerge.template.ampscript.rows import Row, RowSet
from livemerge.template.ampscript.tables import places_of
from livemerge.template.ampscript.texts import flag
from livemerge.template.ampscript.values import charge, environment, text, whole
from livemerge.template.authored import plain
from livemerge.template.fetches import Reply, Request
from livemerge.template.limits import MAX_TEXT_CHARACTERS
from livemerge.template.runtime import Context, Fault, too_long

SHARED_S: Final = 300.0  # how old another customer's reply may be; Braze's default too
RETRIES: Final = 3  # of HTTPPostWithRetry, where it names none
OK, FAILED, EMPTY = 0, -2, -3  # what @status of HTTPGet holds; -1 was never seen, a 404 gives -2 too
FAILS_WHEN_EMPTY, SKIPS_WHEN_EMPTY = 1, 2
CHARACTERS_A_ROUND: Final = 1_000  # of a reply, that count as one round of a loop
_NAME_AND_VALUE: Final = places_of(("name", "value"))


def http_get(context: Context, url: Any, goes_on: Any = False, when_empty: Any = 0, status: Any = "") -> str:
    """The body of a reply. Without one: a fault, or "" and -2 in the status variable where the template goes on."""
    reply = context.fetch(Request("GET", _plain(url).strip(), max_age_s=SHARED_S))
    if not reply.is_success:
        _set(context, status, FAILED)
        if flag(goes_on):
            return ""
        raise _no_success(reply, "give HTTPGet `true` as its second argument and test the status variable")
    _set(context, status, OK if reply.body else EMPTY)
    return _body(context, reply) if reply.body else _nothing_came(when_empty)


def _nothing_came(when_empty: Any) -> str:
    wanted = whole(when_empty) if _plain(when_empty).strip() else 0
    if wanted == FAILS_WHEN_EMPTY:
        raise Fault("HTTPGet got an empty reply", "give it 0 as its third argument to go on without")
    if wanted == SKIPS_WHEN_EMPTY:
        raise SkipRecipient("HTTPGet got an empty reply")
    return ""


def http_get_command(context: Context, url: Any, without: Any) -> str:
    """What `%%HTTPGet "…"%%` writes; without a reply nothing, or it `stops` the campaign, or `skips` the customer."""
    reply = context.fetch(Request("GET", _plain(url).strip(), max_age_s=SHARED_S))
    if reply.is_success and reply.body:
        return _body(context, reply)
    if _plain(without) == "stops":
        raise AbortCampaign("HTTPGet got no content")
    if _plain(without) == "skips":
        raise SkipRecipient("HTTPGet got no content")
    return ""


def http_post(context: Context, url: Any, kind: Any, body: Any, reply_to: Any = "", *headers: Any) -> int:
    """The status of a reply, its body in a variable. Raises Fault for any but a success."""
    return _post(context, _request(url, kind, body, headers), (reply_to, ""), stops=True)


def http_post_2(
    context: Context,
    url: Any,
    kind: Any,
    body: Any,
    stops: Any = True,
    reply_to: Any = "",
    headers_to: Any = "",
    *headers: Any,
) -> int:
    """The status of a reply (0 where there is none), its body and headers in variables."""
    return _post(context, _request(url, kind, body, headers), (reply_to, headers_to), stops=flag(stops))


def http_post_with_retry(
    context: Context,
    url: Any,
    kind: Any,
    body: Any,
    retries: Any = RETRIES,
    _reschedules: Any = False,  # the message has a deadline here, and is not put off by a quarter of an hour
    stops: Any = True,
    reply_to: Any = "",
    headers_to: Any = "",
    *headers: Any,
) -> int:
    """The same, after more attempts where one fails and the message's time lasts."""
    wanted = min(max(whole(retries), 0), 10)
    request = _request(url, kind, body, headers, retries=wanted)
    return _post(context, request, (reply_to, headers_to), stops=flag(stops))


def _request(url: Any, kind: Any, body: Any, headers: tuple[Any, ...], retries: int = 0) -> Request:
    if len(headers) % 2:
        raise Fault("a header has no value", "give each header's name and its value")
    given = [_plain(each).strip() for each in headers]
    pairs = tuple(zip(given[::2], given[1::2], strict=True))
    content_type = _plain(kind).strip()
    own = (("Content-Type", content_type),) if content_type else ()
    return Request("POST", _plain(url).strip(), (*own, *pairs), _plain(body), retries=retries)


def _post(context: Context, request: Request, variables: tuple[Any, Any], *, stops: bool) -> int:
    reply = context.fetch(request)
    if stops and not reply.is_success:
        raise _no_success(reply, "HTTPPost2 goes on without, where its fourth argument is `false`: test its status")
    reply_to, headers_to = variables
    _set(context, reply_to, _body(context, reply))
    _set(context, headers_to, _header_rows(reply))
    return reply.status


def _header_rows(reply: Reply) -> RowSet:
    return RowSet(tuple(Row(_NAME_AND_VALUE, pair) for pair in reply.headers))


def _body(context: Context, reply: Reply) -> str:
    """The body as a value: data, or HTML where its host may write it."""
    if len(reply.body) > MAX_TEXT_CHARACTERS:
        raise too_long()
    charge(context, len(reply.body) // CHARACTERS_A_ROUND)
    return Markup(reply.body) if reply.is_html else reply.body  # its host is declared to write it


def _no_success(reply: Reply, advice: str) -> Fault:
    return Fault(f"the reply has status {reply.status}" if reply.status else "there was no reply", advice)


def _set(context: Context, variable: Any, value: object) -> None:
    if variable:
        environment(context).scope.variables[_plain(variable)] = value


def _plain(value: Any) -> str:
    return plain(text(value))
