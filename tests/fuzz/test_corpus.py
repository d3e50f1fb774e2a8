"""Every input that a fuzzer once found, and some that reach far, rendered again: only TemplateError may leave."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FUZZER = runpy.run_path(str(HERE / "one_input.py"))
ONE_INPUT, VARIANTS = FUZZER["one_input"], FUZZER["VARIANTS"]
WORDS = [
    line[1:-1].replace('\\"', '"').replace("\\\\", "\\").encode()
    for line in (HERE / "words.dict").read_text().splitlines()
    if line.startswith('"')
]


@pytest.mark.parametrize("path", sorted((HERE / "corpus").iterdir()), ids=lambda path: path.name)
def test_a_kept_input_renders_or_is_refused(path: Path) -> None:
    ONE_INPUT(path.read_bytes())


@pytest.mark.parametrize("variant", range(len(VARIANTS)), ids=[f"{name}-{dialect}" for name, dialect in VARIANTS])
def test_random_words_of_all_languages_render_or_are_refused(variant: int) -> None:
    draw = random.Random(variant)
    for _ in range(150):
        words = draw.choices(WORDS, k=draw.randrange(1, 40))
        spaced = b"".join(word + draw.choice([b"", b"", b" ", b"\n"]) for word in words)
        ONE_INPUT(bytes([variant, draw.randrange(128)]) + spaced)
