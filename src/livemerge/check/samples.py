"""Values that stand for all values of a field's type, so that a condition can be tried before there are customers.

Around each value that a condition compares with there is one below, one above and one like it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Final

from livemerge.catalog import Field
from livemerge.check.complaint import may_be_missing

_TEXTS: Final = ("x", "Some text", "~")
_NUMBERS: Final = (-1, 0, 1, 2, 7, 1_000_000)
_DATE: Final = date(2026, 6, 15)
_MANY_YEARS: Final = timedelta(days=36_500)


def samples_of(field: Field | None, literals: Iterable[object]) -> list[object]:
    """Values that a field may have, None where it may have none; of every kind where nobody knows the field."""
    literals = list(literals)
    if field is None:
        return [None, True, False, "", *_TEXTS, *_texts(literals), *_numbers(literals, Decimal("0.5"))]
    found = list(_BY_TYPE[field.type](literals))
    if field.fallback is not None:
        found.append(field.fallback)
    elif may_be_missing(field) or field.type == "list":
        found.append(None)
    return found


def counts() -> list[object]:
    """What the size of a text or list may be."""
    return [0, 1, 2, 3, 5, 10, 100, 100_000]


def _text_samples(literals: list[object]) -> Iterator[object]:
    """Texts that are there: empty text is no value."""
    yield from (text for text in (*_TEXTS, *_texts(literals)) if text.strip())


def _texts(literals: list[object]) -> Iterator[str]:
    texts = [str.__str__(each) for each in literals if isinstance(each, str)]
    texts += [str(each) for each in literals if isinstance(each, int | float) and not isinstance(each, bool)]
    for text in texts:
        yield from (text, f"{text}x", f"x{text}", text.lower(), text.upper(), text.title(), text[:-1])
    yield " ".join(texts)
    yield ",".join(texts)


def _integer_samples(literals: list[object]) -> Iterator[object]:
    yield from (int(each) for each in _numbers(literals, Decimal(1)))


def _number_samples(literals: list[object]) -> Iterator[object]:
    yield from (float(each) for each in _numbers(literals, Decimal("0.5")))


def _money_samples(literals: list[object]) -> Iterator[object]:
    yield from _numbers(literals, Decimal("0.01"))


def _numbers(literals: list[object], step: Decimal) -> Iterator[Decimal]:
    """The numbers literals mean, those beside them, and those between each two."""
    yield from (Decimal(each) for each in _NUMBERS)
    found = sorted({number for each in literals if (number := _number(each)) is not None})
    for number in found:
        yield from (number - step, number, number + step, number - 1, number + 1)
    yield from ((left + right) / 2 for left, right in pairwise(found))


def _number(literal: object) -> Decimal | None:
    try:
        number = Decimal(str(literal).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _boolean_samples(_literals: list[object]) -> Iterator[object]:
    yield from (True, False)


def _date_samples(literals: list[object]) -> Iterator[object]:
    for day in (_DATE, *_dates(literals)):
        yield from (day, day - timedelta(days=1), day + timedelta(days=1))
    yield from (_DATE - _MANY_YEARS, _DATE + _MANY_YEARS)


def _datetime_samples(literals: list[object]) -> Iterator[object]:
    for day in _date_samples(literals):
        if isinstance(day, date):
            yield datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            yield datetime(day.year, day.month, day.day, tzinfo=UTC)


def _dates(literals: list[object]) -> Iterator[date]:
    for each in literals:
        if isinstance(each, str):
            try:
                found = date.fromisoformat(str.__str__(each).strip()[:10])
            except ValueError:
                continue
            if 1000 < found.year < 9000:
                yield found


def _list_samples(_literals: list[object]) -> Iterator[object]:
    yield from ([], [{}], [{}, {}, {}])


_BY_TYPE: Final = {
    "text": _text_samples,
    "html": _text_samples,
    "url": _text_samples,
    "integer": _integer_samples,
    "number": _number_samples,
    "money": _money_samples,
    "boolean": _boolean_samples,
    "date": _date_samples,
    "datetime": _datetime_samples,
    "list": _list_samples,
}
