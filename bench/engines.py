"""The engines that are measured: ours, Python's, and in a process of its own Node's.

Each measures its own CPU time: of this process for those in Python, inside the process of Node for Node's.
"""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cases import Case
from jinja2 import Environment

from livemerge.clean import clean_data
from livemerge.template import LANGUAGES
from livemerge.template import compile as compile_template

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER / ".peers"))  # last: the product's own packages are not replaced

Render = Callable[[dict[str, Any]], object]


class Contender(Protocol):
    """One engine with one case's template in it."""

    engine: str
    language: str

    def written(self) -> object:
        """What the first customer gets."""

    def render_us(self, renders: int) -> float:
        """CPU of one rendering, averaged over so many, in microseconds."""

    def compile_ms(self, times: int) -> float:
        """CPU of one compilation, averaged over so many, in milliseconds."""


def contenders(case: Case) -> list[Contender]:
    """All engines that are there and have this case in their language; ours first in each language."""
    made = [each for language in case.files for each in in_python(language, case)]
    return sorted([*made, *in_node(case)], key=lambda each: ORDER.index(each.language))


# --- in Python -----------------------------------------------------------------------------------------


@dataclass
class InPython:
    engine: str
    language: str
    compile: Callable[[str], Render]
    source: str
    customers: list[dict[str, Any]]

    def __post_init__(self) -> None:
        self.render = self.compile(self.source)

    def written(self) -> object:
        return self.render(self.customers[0])

    def render_us(self, renders: int) -> float:
        customers, render = self.customers, self.render
        start = time.process_time()
        for number in range(renders):
            render(customers[number % len(customers)])
        return (time.process_time() - start) / renders * 1e6

    def compile_ms(self, times: int) -> float:
        start = time.process_time()
        for _ in range(times):
            self.compile(self.source)
        return (time.process_time() - start) / times * 1e3


def in_python(language: str, case: Case) -> list[Contender]:
    """The engines of this process that read a language."""
    source, customers = case.source(language), case.data(language)
    peers = {name: found for name, peer in PEERS.get(language, {}).items() if (found := peer())}
    theirs = [InPython(name, language, each, source, customers) for name, each in peers.items()]
    return [*ours(language, source, customers), *theirs]


def ours(language: str, source: str, customers: list[dict[str, Any]]) -> list[Contender]:
    """Our own, with data as the resolver gives them, and as a program gives them that has them from anywhere."""
    if language not in LANGUAGES:
        return []
    compilers: dict[str, Callable[[str], Render]] = {
        OURS: lambda source: compile_template(source, language).render,
        f"{OURS}, 8bit octets": lambda source: compile_template(source, language).writer("8bit"),
        f"{OURS}, quoted-printable": lambda source: compile_template(source, language).writer("quoted-printable"),
    }
    admitted: list[dict[str, Any]] = [clean_data(customer) for customer in customers]
    made = [InPython(name, language, each, source, admitted) for name, each in compilers.items()]
    return [*made, InPython(f"{OURS}, other data", language, compilers[OURS], source, customers)]


def jinja2() -> Callable[[str], Render]:
    return lambda source: Environment(autoescape=True).from_string(source).render


def minijinja() -> Callable[[str], Render] | None:
    module = installed("minijinja")

    def compiled(source: str) -> Render:
        environment = module.Environment(templates={"mail.html": source})
        return lambda data: environment.render_template("mail.html", **data)

    return compiled if module else None


def python_liquid() -> Callable[[str], Render] | None:
    module = installed("liquid")

    def compiled(source: str) -> Render:
        template = module.Environment(autoescape=True).from_string(source)
        return lambda data: template.render(**data)

    return compiled if module else None


def installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


OURS = "Livemerge"
ORDER = ("liquid", "jinja", "handlebars", "mailchimp", "ampscript")
PEERS: dict[str, dict[str, Callable[[], Callable[[str], Render] | None]]] = {
    "liquid": {"python-liquid": python_liquid},
    "jinja": {"Jinja2": jinja2, "minijinja": minijinja},
}


# --- in Node -------------------------------------------------------------------------------------------


class Node:
    """The process that renders with the engines of Node."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", FOLDER / "node" / "renders.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **request: object) -> dict[str, Any]:
        """The answer to one request; the process may not work on while others are measured."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("node has no pipes")
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("node has ended; run `make bench`, which installs its engines")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class InNode:
    node: Node
    engine: str
    language: str
    case: Case

    def __post_init__(self) -> None:
        self.name = f"{self.engine} {self.case.name}"
        source, customers = self.case.source(self.language), self.case.data(self.language)
        loaded = self.node.ask(ask="load", use=self.name, engine=self.engine, source=source, customers=customers)
        self.text = loaded["text"]

    def written(self) -> object:
        return self.text

    def render_us(self, renders: int) -> float:
        return float(self.node.ask(ask="render", use=self.name, renders=renders)["us"])

    def compile_ms(self, times: int) -> float:
        return float(self.node.ask(ask="compile", use=self.name, times=times)["ms"])


def in_node(case: Case) -> list[Contender]:
    """The engines of Node that read a language of this case; none where Node or they are not installed."""
    if not shutil.which("node") or not (FOLDER / "node" / "node_modules" / "liquidjs").is_dir():
        return []
    node = Node()
    found = {"liquid": "liquidjs", "handlebars": "handlebars"}
    return [InNode(node, engine, language, case) for language, engine in found.items() if language in case.files]
