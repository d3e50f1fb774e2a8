"""How much CPU rendering one 35 KB email costs: our Liquid against the template engines that are installed.

    python bench/rendering.py [--rounds 5] [--renders 200]

Jinja2 is always there; minijinja and python-liquid are measured where `make bench` put them, in bench/.peers. All
render the same shop email for the same customers, with HTML escaping, in interleaved rounds; the figure is the median
of the rounds. Every engine's HTML is compared with ours once, entities read.
"""

from __future__ import annotations

import argparse
import html
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment

from livemerge.template import compile as compile_template

EMAIL = Path(__file__).parent / "email"
sys.path.append(str(Path(__file__).parent / ".peers"))  # last: the product's own packages are not replaced

Render = Callable[[dict[str, Any]], object]


def source(language: str) -> str:
    return (EMAIL / f"{language}.html").read_text()


def engines() -> dict[str, Render]:
    """The engines by name, ours first."""
    ours = compile_template(source("liquid"))
    jinja = Environment(autoescape=True).from_string(source("jinja"))
    found: dict[str, Render] = {
        "livemerge, text": ours.render,
        "livemerge, 8bit octets": ours.writer("8bit"),
        "livemerge, quoted-printable": ours.writer("quoted-printable"),
        "Jinja2 autoescape": jinja.render,
    }
    return found | minijinja() | python_liquid()


def minijinja() -> dict[str, Render]:
    try:
        module = importlib.import_module("minijinja")
    except ImportError:
        return {}
    environment = module.Environment(templates={"email.html": source("jinja")})
    return {"minijinja": lambda data: environment.render_template("email.html", **data)}


def python_liquid() -> dict[str, Render]:
    try:
        module = importlib.import_module("liquid")
    except ImportError:
        return {}
    template = module.Environment(autoescape=True).from_string(source("liquid"))
    return {"python-liquid": lambda data: template.render(**data)}


def cpu_us(render: Render, customers: list[dict[str, Any]], renders: int) -> float:
    """Microseconds of CPU one rendering takes."""
    start = time.process_time()
    for number in range(renders):
        render(customers[number % len(customers)])
    return (time.process_time() - start) / renders * 1e6


def says_the_same(one: object, other: object) -> bool:
    """Whether two engines wrote the same HTML, however they spell entities and white space."""
    return html.unescape(str(one)).split() == html.unescape(str(other)).split()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--renders", type=int, default=200)
    chosen = options.parse_args()
    customers: list[dict[str, Any]] = json.loads((EMAIL / "profiles.json").read_text())
    found = engines()
    ours = found["livemerge, text"](customers[0])
    figures: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(chosen.rounds):
        for name, render in found.items():
            figures[name].append(cpu_us(render, customers, chosen.renders))
    base = statistics.median(figures["Jinja2 autoescape"])
    print(f"{'engine':<30}{'µs CPU':>10}{'× Jinja2':>10}  same HTML")
    for name, measured in figures.items():
        median = statistics.median(measured)
        written = found[name](customers[0])
        same = "octets" if isinstance(written, bytes) else str(says_the_same(written, ours))
        print(f"{name:<30}{median:>10.1f}{base / median:>10.1f}  {same}")


if __name__ == "__main__":
    main()
