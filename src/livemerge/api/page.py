"""Pages that people reach from a message: plain, accessible, without cookies, scripts or anything from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from markupsafe import Markup
from starlette.responses import HTMLResponse

_STYLE: Final = Markup(files("livemerge.api").joinpath("page.css").read_text(encoding="utf-8"))
_PAGE: Final = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
    "<style>{style}</style></head><body><main{wide}><h1>{title}</h1>{body}</main></body></html>"
)
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",  # the address itself is a credential
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def page(title: str, body: Markup, *, status: int = 200, is_wide: bool = False) -> HTMLResponse:
    """A page of its own; `title` is its heading too."""
    wide = Markup(' class="wide"') if is_wide else ""
    html = _PAGE.format(title=title, style=_STYLE, wide=wide, body=body)
    return HTMLResponse(str(html), status, HEADERS | {"Content-Security-Policy": POLICY})
