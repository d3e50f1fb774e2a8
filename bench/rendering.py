"""How much CPU rendering and compiling one message costs: our languages against the engines people use for them.

    python bench/rendering.py [--rounds 7] [--renders 200] [--only email]

Jinja2 is always there; minijinja, python-liquid, liquidjs and Node's handlebars are measured where `make bench` put
them. All render the same message for the same customers, with HTML escaping, in interleaved rounds, so that a slow
minute of the machine hits everybody; the first round is not counted, so that everything is compiled and warm. The
figure is the median of the rounds. What engines write is compared with ours once, entities read.

Our data are clean, as the resolver gives them to every message; `other data` are the peers' plain dicts, whose texts we
look through while we render.
"""

from __future__ import annotations

import argparse
import html
import statistics

from cases import Case, cases
from engines import OURS, Contender, contenders

COMPILATIONS = 3  # in each round


def says_the_same(one: object, other: object) -> str:
    """Whether two engines wrote the same HTML, however they spell entities and white space."""
    if isinstance(one, bytes):
        return "octets"
    same = html.unescape(str(one)).split() == html.unescape(str(other)).split()
    return "yes" if same else "NO"


def measured(found: list[Contender], rounds: int, renders: int) -> list[tuple[float, float]]:
    """The median microseconds of a rendering and milliseconds of a compilation of each."""
    rendered: list[list[float]] = [[each.render_us(renders) for each in found] for _ in range(rounds + 1)]
    compiled: list[list[float]] = [[each.compile_ms(COMPILATIONS) for each in found] for _ in range(rounds + 1)]
    return list(zip(medians(rendered), medians(compiled), strict=True))


def medians(rounds: list[list[float]]) -> list[float]:
    """The median of each column; the first round only warms up."""
    return [statistics.median(column) for column in zip(*rounds[1:], strict=True)]


def print_case(case: Case, rounds: int, renders: int) -> None:
    found = contenders(case)
    figures = measured(found, rounds, renders)
    ours = {each.language: us for each, (us, _) in zip(found, figures, strict=True) if each.engine == OURS}
    text = found[0].written()
    print(f"\n{case.name}, {len(str(text)) / 1000:.0f} KB as text\n")
    print("| language | engine | µs a rendering | × our Liquid | × ours | ms a compilation | same HTML |")
    print("|---|---|---:|---:|---:|---:|---|")
    for each, (us, ms) in zip(found, figures, strict=True):
        own = f"{us / ours[each.language]:.1f}" if each.language in ours else ""
        same = says_the_same(each.written(), text)
        print(f"| {each.language} | {each.engine} | {us:.1f} | {us / ours['liquid']:.2f} | {own} | {ms:.2f} | {same} |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--renders", type=int, default=200)
    options.add_argument("--only", default="", help="a word of the case's name")
    chosen = options.parse_args()
    for case in cases():
        if chosen.only in case.name:
            print_case(case, chosen.rounds, chosen.renders)


if __name__ == "__main__":
    main()
