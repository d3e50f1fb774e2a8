"""What a language does its own way in generated code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """What a language does its own way in generated code: calls by another meaning, truth, what literals count as."""

    calls: Mapping[str, object]
    truth: str = "({named} is not None and {name} is not False)"  # of the value that `named` gives the name `name`
    has_escaped_literals: bool = True


LIQUID_MANNER = Manner({})
