"""For several folders of tests: the table of suites at the end of a run, mail with sample data, real servers."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from livemerge.template import Read, Template
from livemerge.template import compile as compile_template

# --- the table of suites ---------------------------------------------------------------------------

SUITE = "suite"  # the property of a test under which its runner leaves a row
MOST_NAMES = 40  # failed cases that are named for a suite

Row = Mapping[str, Any]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = sorted(_rows(terminalreporter), key=lambda row: (row["language"], row["suite"]))
    if not rows:
        return
    terminalreporter.section("template languages: conformance suites")
    width = max(len(row["suite"]) for row in rows)
    terminalreporter.write_line(f"{'language':<12}{'suite':<{width}}  passed  failed  skipped")
    for row in rows:
        skipped = sum(row["skipped"].values())
        figures = f"{row['passed']:>8}{len(row['failed']):>8}{skipped:>9}"
        terminalreporter.write_line(f"{row['language']:<12}{row['suite']:<{width}}{figures}")
    for line in _remarks(rows):
        terminalreporter.write_line(line)


def _rows(reporter: pytest.TerminalReporter) -> Iterator[Row]:
    for reports in reporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                yield from (value for name, value in report.user_properties if name == SUITE)  # type: ignore[misc]


def _remarks(rows: list[Row]) -> Iterator[str]:
    """Why cases were skipped, and which failed."""
    for row in rows:
        for reason, count in row["skipped"].items():
            yield f"  {row['suite']}: {count} skipped: {reason}"
        for name in row["failed"][:MOST_NAMES]:
            yield f"  {row['suite']}: failed: {name}"
        if len(row["failed"]) > MOST_NAMES:
            yield f"  {row['suite']}: and {len(row['failed']) - MOST_NAMES} more"


# --- real mail -------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
COUNTED = {"plus", "minus", "times", "divided_by", "modulo", "round", "ceil", "floor", "abs", "compare_number", "money"}

SHOP_DATE = re.compile(r"\| date: format: '\w+'")  # a form of Shopify's own, which no Liquid has


@pytest.fixture
def rendered_sample() -> Callable[[Path], tuple[Template, str]]:
    """Compiles a template of the shared collection and renders it with data made for the fields it reads."""

    def render(path: Path) -> tuple[Template, str]:
        language = path.parent.name
        dialect = path.name.split("_")[0] if language == "handlebars" else None
        # storefront filters are the shop system's own: Ruby, too, passes values through them where it has none
        strict = language != "liquid"
        source = SHOP_DATE.sub("| date: '%B %-d'", path.read_text())
        template = compile_template(source, language, dialect=dialect, strict=strict, name=path.name)
        return template, template.render(sample_of(template.reads), now=NOW)

    return render


def sample_of(reads: tuple[Read, ...]) -> dict[str, Any]:
    """Data in which every field is a text that names it, a number or date where it is used as one, lists have two."""
    data: dict[str, Any] = {}
    uses: dict[str, set[str]] = {}
    for read in reads:
        uses.setdefault(read.path, set()).update(read.operations)
    for path in sorted(uses):
        _put(data, path, _value(path, uses[path]))
    return data


def _value(path: str, operations: set[str]) -> Any:
    if operations & COUNTED:
        return 1250
    if "date" in operations or path.endswith("_at"):
        return "2026-03-04T15:06:07Z"
    name = re.split(r"[.:\]]+", path)[-1] or path
    return f"https://shop.example/{name}?a=1&b=2" if re.search("url|URL|link|image", name) else f"a {name} & more"


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    place: Any = data
    *steps, last = re.findall(r"[^.\[\]]+(?:\[\])*", path) or [path]
    for step in steps:
        place = _inside(place, step)
    name = last.removesuffix("[]")
    if last.endswith("[]"):
        place[name] = place.get(name) if isinstance(place.get(name), list) else [value, value]
    elif not isinstance(place.get(name), dict | list):
        place[name] = value


def _inside(place: dict[str, Any], step: str) -> dict[str, Any]:
    """The mapping a step of a path leads to; both items of a sample list are the same one."""
    name = step.removesuffix("[]")
    found = place.get(name)
    if step.endswith("[]"):
        if not (isinstance(found, list) and isinstance(found[0], dict)):
            item: dict[str, Any] = {}
            found = place[name] = [item, item]
        inner: dict[str, Any] = found[0]
        return inner
    if isinstance(found, list) and isinstance(found[0], dict):
        first: dict[str, Any] = found[0]
        return first
    if not isinstance(found, dict):
        found = place[name] = {}
    return found


# --- real servers ------------------------------------------------------------------------------------

PATIENCE_S = 120.0  # until a server listens; a machine that runs other things too takes its time
POSTGRESQL = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
REDIS = shutil.which("valkey-server") or shutil.which("redis-server")


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass
class Server:
    """A server of the test's own, to be stopped and started again; `url` stays the same."""

    url: str
    port: int
    command: list[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, stdout=quiet, stderr=quiet, cwd="/")
        until_s = time.monotonic() + PATIENCE_S
        while not self._listens():
            assert self.process.poll() is None, f"{self.command[0]} ended"
            assert time.monotonic() < until_s, f"{self.command[0]} does not listen"
            time.sleep(0.02)

    def send_signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _listens(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(name="free_port")
def free_port_fixture() -> Callable[[], int]:
    return free_port


@pytest.fixture
def start_server() -> Callable[..., subprocess.Popen[bytes]]:
    """Starts a command and waits until it listens; who asked ends it."""

    def start(port: int, *command: str) -> subprocess.Popen[bytes]:
        server = Server("", port, list(command))
        server.start()
        assert server.process is not None
        return server.process

    return start


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL for the whole session; whoever stops it starts it again."""
    if POSTGRESQL is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("Debian's package postgresql or the driver psycopg is not installed")
    folder = Path(tempfile.mkdtemp(prefix="livemerge-pg-"))
    person = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if person:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
    port, data = free_port(), str(folder / "data")
    make = [*person, str(POSTGRESQL / "initdb"), "-A", "trust", "-U", "livemerge", "-E", "UTF8", "-D", data]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, timeout=120, cwd=folder)
    options = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    url = f"postgresql://livemerge@127.0.0.1:{port}/postgres"
    server = Server(url, port, [*person, str(POSTGRESQL / "postgres"), "-D", data, *options])
    server.start()
    try:
        yield server
    finally:
        if server.process is not None:
            server.send_signal(signal.SIGQUIT)  # its children end with it
            server.process.wait(PATIENCE_S)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql_server: Server) -> Iterator[str]:
    """A schema of the test's own: made and dropped in a tenth of the time that a database takes."""
    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    with contextlib.closing(_connected(psycopg, postgresql_server.url)) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    yield f"{postgresql_server.url}?options=-csearch_path%3D{name}"
    with contextlib.closing(_connected(psycopg, postgresql_server.url)) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def _connected(psycopg: Any, url: str) -> Any:
    """A connection, as soon as the server that may just come back takes one."""
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.05)


@pytest.fixture
def redis_server() -> Iterator[Server]:
    """A Valkey or Redis of the test's own, empty and keeping nothing."""
    if REDIS is None:
        pytest.skip("neither valkey-server nor redis-server is installed")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = Server(f"redis://127.0.0.1:{port}/0", port, [REDIS, *options])
    server.start()
    yield server
    server.kill()
