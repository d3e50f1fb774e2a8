"""Mailbox → pages to read it: the list, one message with its HTML, text, headers and source.

Everything in a mail is a stranger's: texts are escaped, and the HTML part stands in a frame without scripts,
without this page's origin, and without anything fetched from elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from email.message import Message
from importlib.resources import files
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from livemerge.demo.mailbox import Kept, Mailbox, shown_header
from livemerge.demo.pictures import picture

PAGE_MESSAGES: Final = 50
MOST_SEARCH_CHARACTERS: Final = 200
PARTS: Final = {"html": "Mail", "text": "Text part", "headers": "Headers", "source": "Source"}

_STYLE: Final = Markup(files("livemerge.demo").joinpath("files", "inbox.css").read_text(encoding="utf-8"))
_BOX: Final = web.AppKey("box", Mailbox)
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# The frame may show inline styles and the demo's own pictures; `sandbox` holds even when it is opened by itself.
_MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {origin} data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def inbox_app(messages: Mailbox) -> web.Application:
    """The web application over a mailbox."""
    app = web.Application(middlewares=[_guarded])
    app[_BOX] = messages
    app.router.add_get("/", _list)
    app.router.add_get(r"/m/{number:\d{1,12}}", _read)
    app.router.add_get(r"/m/{number:\d{1,12}}/html", _html)
    app.router.add_get(r"/m/{number:\d{1,12}}/message.eml", _download)
    app.router.add_get(r"/pictures/{product:[\w-]{1,40}}.svg", _picture)
    return app


@web.middleware
async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answers only under a loopback name, so that no page elsewhere reads the inbox by DNS rebinding."""
    if request.host.rpartition(":")[0] not in ("127.0.0.1", "localhost", "[::1]"):
        raise web.HTTPForbidden(text="This inbox answers on 127.0.0.1 and localhost only.")
    response = await handler(request)
    response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


async def _list(request: web.Request) -> web.Response:
    text = request.query.get("q", "")[:MOST_SEARCH_CHARACTERS]
    found = request.app[_BOX].find(text)
    pages = max(1, -(-len(found) // PAGE_MESSAGES))
    asked = request.query.get("page", "1")
    page = min(pages, max(1, int(asked) if asked.isdecimal() and len(asked) < 7 else 1))
    shown = found[(page - 1) * PAGE_MESSAGES : page * PAGE_MESSAGES]
    return _page("Inbox", _search(text, len(found)) + _rows(shown, text) + _pager(text, page, pages))


def _search(text: str, count: int) -> Markup:
    return Markup(
        '<form class="search" role="search"><label for="q">Search address or subject</label>'
        '<input id="q" name="q" type="search" value="{}" maxlength="200"><button>Search</button>'
        '<p class="count" role="status">{}</p></form>'
    ).format(text, f"{count:,} message{'' if count == 1 else 's'}")


def _rows(shown: list[Kept], text: str) -> Markup:
    if not shown:
        return Markup('<p class="empty">{}</p>').format(
            "No message matches." if text else "No mail yet. It appears here as soon as a campaign sends."
        )
    rows = (
        Markup(
            '<li><a href="/m/{}"><span class="to">{}</span><span class="subject">{}</span>'
            '<time datetime="{}">{}</time></a></li>'
        ).format(
            kept.number,
            kept.recipient,
            kept.subject or "(no subject)",
            kept.received_at.isoformat(),
            f"{kept.received_at:%H:%M:%S}",
        )
        for kept in shown
    )
    return Markup('<ul class="mails">{}</ul>').format(Markup("").join(rows))


def _pager(text: str, page: int, pages: int) -> Markup:
    if pages == 1:
        return Markup("")
    links = [(page - 1, "← Newer")] if page > 1 else []
    links += [(page + 1, "Older →")] if page < pages else []
    parts = [
        Markup('<a href="/?{}">{}</a>').format(
            urlencode({"q": text, "page": number} if text else {"page": number}), label
        )
        for number, label in links
    ]
    return Markup('<nav class="pager" aria-label="Pages"><span>Page {} of {}</span>{}</nav>').format(
        page, pages, Markup("").join(parts)
    )


async def _read(request: web.Request) -> web.Response:
    kept, message = _asked(request)
    part = request.query.get("part", "html")
    if part not in PARTS:
        raise web.HTTPNotFound(text="A message has the parts html, text, headers and source.")
    body = {"html": _frame, "text": _text_part, "headers": _headers, "source": _source}[part](kept, message)
    return _page(kept.subject or "(no subject)", _heading(kept, message) + _tabs(kept, part) + body)


def _heading(kept: Kept, message: Message) -> Markup:
    return Markup(
        '<p class="back"><a href="/">← Inbox</a></p><h1>{}</h1>'
        "<dl><dt>From</dt><dd>{}</dd><dt>To</dt><dd>{}</dd><dt>Received</dt><dd>{} UTC, {} KB</dd></dl>"
    ).format(
        kept.subject or "(no subject)",
        shown_header(message.get("From", kept.sender)),
        kept.recipient,
        f"{kept.received_at:%Y-%m-%d %H:%M:%S}",
        f"{kept.size_bytes / 1000:.1f}",
    )


def _tabs(kept: Kept, current: str) -> Markup:
    links = (
        Markup('<a href="/m/{}?part={}"{}>{}</a>').format(
            kept.number, name, Markup(' aria-current="page"') if name == current else "", title
        )
        for name, title in PARTS.items()
    )
    download = Markup('<a class="download" href="/m/{}/message.eml">Download .eml</a>').format(kept.number)
    return Markup('<nav class="tabs" aria-label="Parts of the message">{}{}</nav>').format(
        Markup("").join(links), download
    )


def _frame(kept: Kept, message: Message) -> Markup:
    if _content(message, "text/html") is None:
        return Markup('<p class="empty">This message has no HTML part.</p>') + _text_part(kept, message)
    return Markup(
        '<iframe title="The mail as its reader sees it" src="/m/{}/html" '
        'sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>'
    ).format(kept.number)


def _text_part(_kept: Kept, message: Message) -> Markup:
    text = _content(message, "text/plain")
    if text is None:
        return Markup('<p class="empty">This message has no text part.</p>')
    return Markup('<pre class="prose">{}</pre>').format(text)


def _headers(_kept: Kept, message: Message) -> Markup:
    rows = (
        Markup("<tr><th scope=row>{}</th><td>{}</td></tr>").format(name, shown_header(value))
        for name, value in message.items()
    )
    return Markup('<div class="wide"><table>{}</table></div>').format(Markup("").join(rows))


def _source(_kept: Kept, message: Message) -> Markup:
    return Markup("<pre>{}</pre>").format(message.as_bytes().decode("utf-8", "replace"))


async def _html(request: web.Request) -> web.Response:
    _, message = _asked(request)
    html = _content(message, "text/html")
    if html is None:
        raise web.HTTPNotFound(text="This message has no HTML part.")
    policy = _MAIL_POLICY.format(origin=f"http://{request.host}")
    # Links open outside the frame, as a mail client opens them; nothing else of the mail is touched.
    opened = html.replace("<head>", '<head><base target="_blank">', 1)
    return web.Response(text=opened, content_type="text/html", headers={"Content-Security-Policy": policy})


async def _download(request: web.Request) -> web.Response:
    kept, _ = _asked(request)
    return web.Response(
        body=request.app[_BOX].octets(kept.number),
        content_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{kept.number:08}.eml"'},
    )


async def _picture(request: web.Request) -> web.Response:
    return web.Response(
        text=picture(request.match_info["product"]),
        content_type="image/svg+xml",
        headers={"Content-Security-Policy": _PICTURE_POLICY, "Cache-Control": "max-age=3600"},
    )


def _asked(request: web.Request) -> tuple[Kept, Message]:
    box = request.app[_BOX]
    kept = box.get(int(request.match_info["number"]))
    if kept is None:
        raise web.HTTPNotFound(text="There is no such message; the inbox forgets the oldest when it is full.")
    return kept, box.message(kept.number)


def _content(message: Message, content_type: str) -> str | None:
    """The text of the first part of that type."""
    part = next((part for part in message.walk() if part.get_content_type() == content_type), None)
    octets = part.get_payload(decode=True) if part else None
    return octets.decode("utf-8", "replace") if isinstance(octets, bytes) else None


def _page(title: str, body: Markup) -> web.Response:
    heading = Markup("<h1>Inbox</h1>") if title == "Inbox" else Markup("")
    text = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{} · Livemerge demo</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="/pictures/p-201.svg"><style>{}</style></head>'
        '<body><header><a href="/">Livemerge <b>demo inbox</b></a></header><main>{}{}</main></body></html>'
    ).format(title, _STYLE, heading, body)
    return web.Response(text=str(text), content_type="text/html")
