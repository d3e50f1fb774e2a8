"""How much CPU rendering and compiling one message costs: our languages against the engines people use for them.

    python bench/rendering.py [--rounds 41] [--renders 50] [--only email]

Jinja2 is always there; minijinja, python-liquid, liquidjs and Node's handlebars are measured where `make bench` put
them. All render the same message for the same customers, with HTML escaping, in short interleaved rounds, so that a
slow moment of the machine hits everybody; the first round is not counted, so that everything is compiled and warm. A
figure is the median of the rounds, a ratio the median of the rounds' ratios. What engines write is compared with ours
once, entities read.

Our data are clean, as the resolver gives them to every message; `other data` are the peers' plain dicts, whose texts we
look through while we render.
"""

from __future__ import annotations

import argparse
import html
import statistics
from operator import truediv

from cases import Case, cases
from engines import OURS, Contender, contenders

COMPILATIONS = 3  # in each round
COMPILING_ROUNDS = 7


def says_the_same(one: object, other: object) -> str:
    """Whether two engines wrote the same HTML, however they spell entities and white space."""
    if isinstance(one, bytes):
        return "octets"
    same = html.unescape(str(one)).split() == html.unescape(str(other)).split()
    return "yes" if same else "NO"


def rendered_us(found: list[Contender], rounds: int, renders: int) -> list[tuple[float, ...]]:
    """The microseconds of a rendering of each, round by round; the first round only warms up."""
    measured = [[each.render_us(renders) for each in found] for _ in range(rounds + 1)]
    return list(zip(*measured[1:], strict=True))


def compiled_ms(found: list[Contender]) -> list[float]:
    """The median milliseconds of a compilation of each."""
    measured = [[each.compile_ms(COMPILATIONS) for each in found] for _ in range(COMPILING_ROUNDS + 1)]
    return [statistics.median(column) for column in zip(*measured[1:], strict=True)]


def ratio(ours: tuple[float, ...], theirs: tuple[float, ...]) -> float:
    """How much longer than ours: the median of the rounds."""
    return statistics.median(map(truediv, theirs, ours))


def print_case(case: Case, rounds: int, renders: int) -> None:
    found = contenders(case)
    figures = rendered_us(found, rounds, renders)
    ours = {each.language: us for each, us in zip(found, figures, strict=True) if each.engine == OURS}
    text = found[0].written()
    print(f"\n{case.name}, {len(str(text)) / 1000:.0f} KB as text\n")
    print("| language | engine | µs a rendering | × our Liquid | × ours | ms a compilation | same HTML |")
    print("|---|---|---:|---:|---:|---:|---|")
    for each, us, ms in zip(found, figures, compiled_ms(found), strict=True):
        whole, own = (f"{ratio(ours[name], us):.2f}" if name in ours else "" for name in ("liquid", each.language))
        same, median = says_the_same(each.written(), text), statistics.median(us)
        print(f"| {each.language} | {each.engine} | {median:.1f} | {whole} | {own} | {ms:.2f} | {same} |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=41)
    options.add_argument("--renders", type=int, default=50)
    options.add_argument("--only", default="", help="a word of the case's name")
    chosen = options.parse_args()
    for case in cases():
        if chosen.only in case.name:
            print_case(case, chosen.rounds, chosen.renders)


if __name__ == "__main__":
    main()
