"""Whatever callers send: never a 5xx, never something else than the description promises."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from livemerge.api.make import make_api
from livemerge.app import Livemerge

TOML = """
[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[field.first_name]
source = "people"
type = "text"
fallback = "there"
max_age = "1h"

[field.points]
source = "people"
type = "integer"

[view.welcome]
fields = ["first_name", "points"]
"""
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
TEXT = st.text(max_size=40)
OCTETS = st.binary(max_size=60).filter(lambda sent: not set(sent) & set(b"\r\n\x00"))
NAMES = st.sampled_from(
    [b"x-api-key", b"authorization", b"content-type", b"content-length", b"x-forwarded-for", b"accept", b"cookie"]
)
PATHS = (
    "customer-profile/",
    "customer-profiles",
    "views/",
    "views/welcome",
    "text/",
    "feed/",
    "content/",
    "prefetch",
    "changed",
)
PARAMETERS = st.sampled_from(["fields", "explain", "id", "ids", "key", "t", "h", "simulate", "ascii", "shape", "esp"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Livemerge]:
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    (folder / "livemerge.toml").write_text(TOML)
    (folder / "people.csv").write_text("customer_id,first_name,points\nc-1,Ann,3\n")
    opened = Livemerge.open(folder)
    yield opened
    asyncio.run(opened.close())


@pytest.fixture(scope="module")
def key(project: Livemerge) -> str:
    return project.keys.create("fuzz").key


async def _answers(project: Livemerge, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    transport = httpx.ASGITransport(make_api(project), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport) as client:
        yield await client.send(request)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    path=st.sampled_from(PATHS),
    rest=TEXT,
    query=st.lists(st.tuples(PARAMETERS, TEXT), max_size=4),
    headers=st.lists(st.tuples(NAMES, OCTETS), max_size=4),
    body=st.one_of(st.binary(max_size=200), st.just(b'{"ids": ["c-1"], "fields": ["points"]}'), st.just(b"[")),
    is_known=st.booleans(),
)
async def test_no_header_parameter_or_body_makes_the_server_fail(
    project: Livemerge, key: str, method: str, path: str, rest: str, query: list[tuple[str, str]],
    headers: list[tuple[bytes, bytes]], body: bytes, is_known: bool,
) -> None:  # fmt: skip
    sent = [(b"x-api-key", key.encode())] if is_known else []
    sent += [(name, value) for name, value in headers if not (is_known and name == b"x-api-key")]
    parameters = "&".join(f"{name}={quote(value.encode('utf-8', 'replace'), safe='')}" for name, value in query)
    url = f"http://api/api/{path}{quote(rest.encode('utf-8', 'replace'), safe='')}?{parameters}"
    request = httpx.Request(method, url, headers=sent, content=body)
    async for response in _answers(project, request):
        assert response.status_code < 500, (method, url, sent, body)
        if response.headers.get("content-type", "").startswith("application/json") and method != "HEAD":
            assert orjson.loads(response.content) is not None


@pytest.fixture(scope="module")
def served(project: Livemerge) -> Iterator[str]:
    """The address of a server of its own process."""
    command = [sys.executable, "-m", "livemerge", "--project", str(project.settings.root), "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    found = re.search(r"http://[\d.:]+", process.stdout.readline())
    assert found
    yield found[0]
    process.terminate()
    process.wait(timeout=30)


def test_answers_are_as_the_description_says(project: Livemerge, key: str, served: str) -> None:
    description = schemathesis.openapi.from_url(f"{served}/openapi.json")
    asked = 0
    for found in description.include(path_regex="^/api/").get_all_operations():
        operation = found.ok()

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def holds(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"X-API-Key": key}, checks=CHECKS)

        holds()
        asked += 1
    assert asked >= len(make_api(project).reading.patterns)


def test_the_description_names_the_paths_that_are_answered(project: Livemerge) -> None:
    api = make_api(project)
    described = {path for path in api.openapi()["paths"] if path.startswith("/api/")}
    assert described == set(api.reading.patterns)
