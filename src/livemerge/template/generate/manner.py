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
    absent: str = ""  # what follows a key in a lookup: what is given where the key is not there
    shared_name: str = "S.get({name!r}, c.counters)"  # a name of templates that see each other's variables
    loop_state: str = "FORLOOP({key!r}, len({items}), {outer})"
    shares_loops: bool = True  # templates that are included see the loops around them


LIQUID_MANNER = Manner({})
