"""Features: what a field says about one customer's events, asked for a whole batch with one statement each.

Every statement takes :customers (a JSON list), :event, :path (to the property), :where (a JSON list of wanted
{path, value}), :since and :until (seconds since 1970), :most (items of a list). It gives rows (customer, value); a
property's value comes as JSON in a list, because json_extract keeps true, 1 and "1" apart only when given two paths.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

from livemerge.catalog import Feature
from livemerge.errors import SourceError
from livemerge.store import Store
from livemerge.values import Key

CLOCK_SKEW_S: Final = 300.0  # how far ahead a sender's clock may be; what lies further ahead has not happened yet

# An event has every wanted property: equal, and true is not 1.
_AS_WANTED: Final = """NOT EXISTS (
        SELECT 1 FROM json_each(:where) AS wanted WHERE
            json_extract(e.properties, json_extract(wanted.value, '$.path'))
                IS NOT json_extract(wanted.value, '$.value')
            OR (json_type(e.properties, json_extract(wanted.value, '$.path')) IN ('true', 'false'))
                IS NOT (json_type(wanted.value, '$.value') IN ('true', 'false'))
    )"""

# One step back along the index (customer, name, occurred_at) for each customer, however many events there are.
LATEST: Final = f"""
SELECT customers.value AS customer, (
    SELECT json_extract(e.properties, :path, :path) FROM event AS e
    WHERE e.customer = customers.value AND e.name = :event AND e.occurred_at BETWEEN :since AND :until
      AND json_extract(e.properties, :path) IS NOT NULL
      AND {_AS_WANTED}
    ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1
) AS value FROM json_each(:customers) AS customers
"""  # noqa: S608 - made of constants; values are bound

FIRST: Final = LATEST.replace("e.occurred_at DESC, e.id DESC", "e.occurred_at, e.id")

_MATCHING: Final = f"""
FROM json_each(:customers) AS customers JOIN event AS e ON e.customer = customers.value
WHERE e.name = :event AND e.occurred_at BETWEEN :since AND :until
  AND {_AS_WANTED}
"""

COUNT: Final = f"""
SELECT e.customer AS customer, count(*) AS value {_MATCHING} GROUP BY e.customer
"""

# total, not sum: sum fails the whole statement when integers overflow. Rounded: 0.1 + 0.2 is 0.3 in an email.
SUM: Final = f"""
SELECT e.customer AS customer, round(total(json_extract(e.properties, :path)), 6) AS value {_MATCHING}
  AND json_type(e.properties, :path) IN ('integer', 'real') GROUP BY e.customer
"""

AVERAGE: Final = f"""
SELECT e.customer AS customer, round(avg(json_extract(e.properties, :path)), 6) AS value {_MATCHING}
  AND json_type(e.properties, :path) IN ('integer', 'real') GROUP BY e.customer
"""

_SEEN: Final = f"""
WITH seen AS (
    SELECT e.customer AS customer, json_extract(e.properties, :path, :path) AS value, count(*) AS times,
           max(e.occurred_at) AS latest_at, max(e.id) AS latest_id {_MATCHING}
      AND json_type(e.properties, :path) IN ('text', 'integer', 'real', 'true', 'false')
    GROUP BY 1, 2
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY customer ORDER BY {{order}}) AS place FROM seen
)
SELECT customer, value, times FROM placed WHERE place <= :most ORDER BY customer, place
"""  # noqa: S608 - made of constants; values are bound

DISTINCT: Final = _SEEN.format(order="latest_at DESC, latest_id DESC")
TOP: Final = _SEEN.format(order="times DESC, latest_at DESC, latest_id DESC")

_Found: TypeAlias = Iterable[sqlite3.Row]


def read_feature(store: Store, customers: Sequence[Key], feature: Feature, *, now_s: float) -> Mapping[Key, Any]:
    """The feature of each customer who has one; a count for all. Raises StoreError."""
    statement, shape = STATEMENTS[feature.kind]
    found = store.rows(
        statement,
        {
            "customers": orjson.dumps(list(customers)).decode(),
            "event": feature.event,
            "path": _path(feature.property),
            "where": _wanted(feature.where),
            "since": now_s - feature.within_s if feature.within_s is not None else float("-inf"),
            "until": now_s + CLOCK_SKEW_S,
            "most": feature.limit,
        },
    )
    nothing = dict.fromkeys(customers, 0) if feature.kind == "count" else {}
    return nothing | shape(found, feature)


def _one_value(found: _Found, feature: Feature) -> dict[Key, Any]:
    return {row["customer"]: orjson.loads(row["value"])[0] for row in found if row["value"] is not None}


def _number(found: _Found, feature: Feature) -> dict[Key, Any]:
    """Whole numbers as such: three shoes are 3, not 3.0."""
    return {
        row["customer"]: int(value) if isinstance(value, float) and value.is_integer() else value
        for row in found
        if (value := row["value"]) is not None  # what is no number: infinity less infinity
    }


def _lists(found: _Found, feature: Feature) -> dict[Key, Any]:
    lists: dict[Key, Any] = {}
    for row in found:
        item = {feature.property: orjson.loads(row["value"])[0]}
        if feature.kind == "top":
            item["count"] = row["times"]
        lists.setdefault(row["customer"], []).append(item)
    return lists


def _wanted(where: Mapping[str, Any]) -> str:
    return orjson.dumps([{"path": _path(name), "value": value} for name, value in where.items()]).decode()


def _path(name: str) -> str:
    """SQLite's path to one property; it has no way to write a quote inside a name."""
    if '"' in name:
        raise SourceError("a property's name contains a quote", where=f"property {name}", retryable=False)
    return f'$."{name}"'


STATEMENTS: Final[Mapping[str, tuple[str, Callable[[_Found, Feature], dict[Key, Any]]]]] = {
    "latest": (LATEST, _one_value),
    "first": (FIRST, _one_value),
    "count": (COUNT, _number),
    "sum": (SUM, _number),
    "average": (AVERAGE, _number),
    "distinct": (DISTINCT, _lists),
    "top": (TOP, _lists),
}
