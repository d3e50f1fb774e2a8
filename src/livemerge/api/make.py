"""An open project → the FastAPI application that answers for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from livemerge import __version__
from livemerge.api.description import SECURITY_SCHEMES, Schema, description_page, link_operation, profile_operation
from livemerge.api.links import LinkPages
from livemerge.api.oauth import JWKS_PATH, METADATA_PATH, TOKEN_PATH, OAuth, token_operation
from livemerge.api.operations import read_operations
from livemerge.api.page import page
from livemerge.api.purging import Purging
from livemerge.api.readers import PROFILE, Readers, make_readers
from livemerge.api.reading import Reading
from livemerge.api.refusal import Refusal, json_response, refusal_of, refused
from livemerge.app import API_DEADLINE_S, Livemerge
from livemerge.errors import LivemergeError, StoreError

log = structlog.get_logger(__name__)


class Api(FastAPI):
    """Answers the reading paths by itself, everything else as the framework does."""

    reading: Reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.reading.answers(scope):
            await self.reading(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "HEAD":  # FastAPI's routes know it not (RFC 9110 §9.3.2)
            await super().__call__({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            await super().__call__(scope, receive, send)


def _without_body(send: Send) -> Send:
    """Sends the head of a response alone."""

    async def send_head(message: MutableMapping[str, Any]) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


def make_api(project: Livemerge, *, deadline_s: float = API_DEADLINE_S) -> Api:
    """The HTTP API of an open project, which stays the caller's to close.

    deadline_s: seconds that one profile's data may take. Raises ConfigError where a secret that sources or links
    need is missing: better before the first request than in it.
    """
    _ = project.resolver, project.links, project.cdn_credential  # made here, not in the first request
    readers = make_readers(project, deadline_s)
    app = Api(
        title="Livemerge",
        version=__version__,
        description="Live customer data for email, at the moment it is sent.",
        lifespan=_lifespan(project, readers),
        docs_url=None,  # FastAPI's pages fetch their scripts from elsewhere
        redoc_url=None,
    )
    app.reading = Reading(project, readers.routes)
    _add_links(app, project)
    _add_oauth(app, project)
    _add_health(app, project)
    _add_description(app, _documented(project))
    _add_refusals(app)
    return app


def _lifespan(project: Livemerge, readers: Readers) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        """Writes the access log while the application runs, and what is left when it ends; heeds what changes."""
        with suppress(StoreError):  # then each request says so
            await project.store.prepare()
        flushing = asyncio.create_task(project.access_log.flush_until_cancelled())
        tasks = [flushing, asyncio.create_task(project.resolver.heed_until_cancelled())]
        if project.settings.cdn.purge:
            tasks.append(asyncio.create_task(Purging(project).watch_until_cancelled()))
        try:
            yield
        finally:
            await readers.prefetcher.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                project.access_log.flush()
            except StoreError:
                log.warning("access log not written", lost_before=project.access_log.lost)

    return lifespan


def _documented(project: Livemerge) -> Schema:
    """OpenAPI of the reading paths, which the framework never sees."""
    return {
        PROFILE: {method.lower(): profile_operation(project.catalog, method) for method in ("GET", "POST")},
        **read_operations(project.catalog),
    }


def _add_links(app: FastAPI, project: Livemerge) -> None:
    pages = LinkPages(project)
    for path, method, endpoint, summary, gives in (
        ("/u/{token}", "GET", pages.ask, "Asks whether to unsubscribe; changes nothing.", "A page with a button."),
        ("/u/{token}", "POST", pages.unsubscribe, "Unsubscribes the customer (RFC 8058).", "A page that says so."),
        ("/p/{token}", "GET", pages.prefer, "What the customer may choose.", "A page with the choices."),
        ("/v/{token}", "GET", pages.view, "The message as it was sent.", "The message's HTML; scripts cannot run."),
    ):
        app.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_class=Response,
            summary=summary,
            openapi_extra=link_operation(gives, acts=method == "POST"),
            tags=["links in messages"],
        )


def _add_oauth(app: FastAPI, project: Livemerge) -> None:
    server = OAuth(project)
    for path, method, endpoint, summary, operation in (
        (TOKEN_PATH, "POST", server.token, "An access token for the owner of an API key.", token_operation()),
        (METADATA_PATH, "GET", server.metadata, "What the authorization server can do (RFC 8414).", None),
        (JWKS_PATH, "GET", server.jwks, "The public keys of access tokens (RFC 7517).", None),
    ):
        app.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_class=Response,
            summary=summary,
            openapi_extra=operation,
            response_description="It.",
            tags=["access tokens"],
        )


def _add_health(app: FastAPI, project: Livemerge) -> None:
    @app.get("/healthz", summary="The process answers.", tags=["health"], response_description="It does.")
    async def healthz() -> dict[str, bool]:
        return {"ok": True}

    @app.get(
        "/readyz",
        summary="The store can be read, so requests can be answered with data.",
        tags=["health"],
        response_class=Response,
        response_description="It can.",
        responses={503: {"description": "The store cannot be read."}},
    )
    async def readyz() -> Response:
        try:
            project.store.row("SELECT 1")
        except StoreError as error:
            return refused(refusal_of(error))
        return json_response({"ok": True})


def _add_description(app: FastAPI, reading: Schema) -> None:
    def openapi() -> Schema:
        if not app.openapi_schema:
            schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=list(app.routes)
            )
            schema["paths"] = reading | schema["paths"]
            schema.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return page("Livemerge API", description_page(app.openapi(), str(request.base_url)), is_wide=True)


def _add_refusals(app: FastAPI) -> None:
    """Every error leaves as the same JSON object."""

    async def refuse(_request: Request, error: Exception) -> Response:
        match error:
            case Refusal():
                return refused(error)
            case LivemergeError():
                return refused(refusal_of(error))
            case HTTPException():
                response = refused(Refusal(error.status_code, str(error.detail).lower(), "/docs lists what there is."))
                response.headers.update(error.headers or {})
                return response
            case _:
                return refused(Refusal(500, "something failed here", "The server's log says what."))

    for kind in (Refusal, LivemergeError, HTTPException, Exception):
        app.add_exception_handler(kind, refuse)
