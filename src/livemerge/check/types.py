"""Does each value fit what is done with it: dates where dates are needed, numbers where there is reckoning?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from livemerge.check.complaint import Complaint, Reading

NUMERIC: Final = frozenset({"integer", "number", "money"})
DATED: Final = frozenset({"date", "datetime"})
_FITTING: Final = {"number": NUMERIC, "date": DATED, "list": frozenset({"list"})}
_NAMES: Final = {
    "number": ("a number", 'type = "integer", "number" or "money"'),
    "date": ("a date", 'type = "date" or "datetime"'),
    "list": ("a list", 'type = "list"'),
}
_STRICT: Final = ("liquid", "jinja")  # languages in which a text never equals a number


def type_complaints(reading: Reading) -> Iterator[Complaint]:
    """What is wrong with what functions and comparisons take this field for."""
    field, told = reading.field, set[str]()
    for want in reading.read.wants:
        fitting = _FITTING.get(want.kind)
        if fitting is not None and field.type not in fitting and want.kind not in told:
            told.add(want.kind)
            needed, declared = _NAMES[want.kind]
            what = f"`{want.function}` needs {needed}, `{field.name}` is {field.type}"
            effect = "Nobody gets a right value here; where the value cannot be read as one, no message."
            yield Complaint("wrong-type", what, effect, f"Declare [field.{field.name}] {declared}.")
    yield from _comparison_complaints(reading)


def _comparison_complaints(reading: Reading) -> Iterator[Complaint]:
    field, operations = reading.field, reading.read.operations
    if "compare_number" in operations and field.type not in NUMERIC | {"boolean"}:
        what = f"compared with a number, but `{field.name}` is {field.type}"
        effect = "The test comes out the same for everybody, or stops the message of everybody who gets here."
        yield Complaint("wrong-type", what, effect, "Compare it with text in quotes, or declare a number type.")
    if "compare_text" in operations and field.type in NUMERIC and reading.speech.language in _STRICT:
        what = f"compared with text, but `{field.name}` is {field.type}"
        effect = "A number never equals a text, so the test comes out the same for everybody."
        yield Complaint("wrong-type", what, effect, "Write the number without quotes.")
