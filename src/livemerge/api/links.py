"""What the links in messages lead to: `/u/` unsubscribe, `/p/` preferences, `/v/` the message in the browser.

A token proves whom a link is about; there is no other login. GET never changes anything, because mail programs and
virus scanners follow links; POST does (RFC 8058 §3.2), at once, and again is no error.
"""

from __future__ import annotations

from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from livemerge.api.body import read_body
from livemerge.api.page import HEADERS, page
from livemerge.app import Livemerge
from livemerge.errors import AccessError, LivemergeError, StoreError
from livemerge.message import LinkClaim, read, sign
from livemerge.message.links import Kind

TURN_WITHIN_S: Final = 30.0  # the plan of a large campaign holds the store for some 10 s; mail programs ask only once
TURN_EVERY_S: Final = 0.05
_MESSAGE_POLICY: Final = (
    "default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src *; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)
_ASK: Final = Markup(
    "<p>You will get no more of our mail at this address, from this moment on.</p>"
    '<form method="post" action="{}"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>Unsubscribe</button></form>"
)
_DONE: Final = Markup("<p>You are unsubscribed, and get no more of our mail. You can close this page.</p>")


class LinkPages:
    """The pages of one project's links."""

    def __init__(self, project: Livemerge) -> None:
        self._project = project

    async def ask(self, request: Request) -> Response:
        """The question; the answer where it was given before."""
        try:
            claim = self._claim("u", request)
            if self._project.suppressions.is_suppressed(claim.key):
                return page("Unsubscribed", _DONE)
        except LivemergeError as error:
            return _failed(error)
        return page("Unsubscribe?", _ASK.format(""))

    async def unsubscribe(self, request: Request) -> Response:
        """Suppresses the customer. The body is not asked what it says: whoever posts here, wants this."""
        try:
            claim = self._claim("u", request)
            await read_body(request)
            await self._suppress(claim)
        except LivemergeError as error:
            return _failed(error)
        return page("Unsubscribed", _DONE)

    async def _suppress(self, claim: LinkClaim) -> None:
        """Suppresses for good. Waits for its turn to write, while other requests go on."""
        project, clock = self._project, self._project.clock
        until_s = clock.monotonic_s() + TURN_WITHIN_S
        while True:
            try:
                with project.store.impatient():
                    return project.suppressions.unsubscribe(claim.key, claim.campaign, claim.occurrence)
            except StoreError as error:
                if not error.is_busy or clock.monotonic_s() >= until_s:
                    raise
            await clock.sleep(TURN_EVERY_S)

    async def prefer(self, request: Request) -> Response:
        """What a customer may choose: for now, to get nothing."""
        try:
            claim = self._claim("p", request)
            if self._project.suppressions.is_suppressed(claim.key):
                return page("Your choice", _DONE)
        except LivemergeError as error:
            return _failed(error)
        token = sign(self._project.link_secret, "u", claim.campaign, claim.occurrence, claim.key)
        # Relative, so that it holds behind a proxy that serves us under a path of its own.
        return page("Your choice", _ASK.format(f"../u/{token}"))

    async def view(self, request: Request) -> Response:
        """The message as it was sent, rendered again from the data the ledger kept; scripts are forbidden in it."""
        try:
            claim = self._claim("v", request)
            html = self._project.explain(claim.campaign, claim.key, claim.occurrence).traces["html"].text
        except (AccessError, StoreError) as error:
            return _failed(error)
        except (LivemergeError, KeyError):
            body = Markup("<p>This message can no longer be shown. It is still in your mailbox.</p>")
            return page("No longer here", body, status=404)
        return HTMLResponse(html, headers=HEADERS | {"Content-Security-Policy": _MESSAGE_POLICY})

    def _claim(self, kind: Kind, request: Request) -> LinkClaim:
        return read(self._project.link_secret, kind, request.path_params["token"])


def _failed(error: LivemergeError) -> Response:
    """One page for every link that is not ours, so that a guess learns nothing."""
    if isinstance(error, AccessError):
        body = Markup("<p>This link is not valid. Use the link of the message as it was sent.</p>")
        return page("This link does not work", body, status=404)
    body = Markup("<p>Nothing was changed. Please try the link again in a few minutes.</p>")
    return page("This does not work just now", body, status=503)
