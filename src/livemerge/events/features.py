"""Features: what a field says about one customer's events, asked for a whole batch with one statement each.

Every statement takes :customers (a JSON list), :event, :path (to the property), :where (a JSON list of wanted
{path, name, value}), :since and :until (seconds since 1970), :most (items of a list), and :property. It gives rows
(customer, value); a property's value comes as JSON in a list. What JSON can do differs between databases, so the
statements stand in two files, and tests ask both the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import orjson

from livemerge.catalog import Feature
from livemerge.errors import SourceError
from livemerge.events import postgresql_features, sqlite_features
from livemerge.store import Dialect, Row, Store
from livemerge.values import Key

CLOCK_SKEW_S: Final = 300.0  # how far ahead a sender's clock may be; what lies further ahead has not happened yet

_Found: TypeAlias = Iterable[Row]


def read_feature(store: Store, customers: Sequence[Key], feature: Feature, *, now_s: float) -> Mapping[Key, Any]:
    """The feature of each customer who has one; a count for all. Raises StoreError."""
    found = store.rows(
        STATEMENTS[store.dialect][feature.kind],
        {
            "customers": orjson.dumps(list(customers)).decode(),
            "event": feature.event,
            "path": _path(feature.property),
            "property": feature.property,
            "where": _wanted(feature.where),
            "since": now_s - feature.within_s if feature.within_s is not None else float("-inf"),
            "until": now_s + CLOCK_SKEW_S,
            "most": feature.limit,
        },
    )
    nothing = dict.fromkeys(customers, 0) if feature.kind == "count" else {}
    return nothing | SHAPES[feature.kind](found, feature)


def _one_value(found: _Found, feature: Feature) -> dict[Key, Any]:
    return {row["customer"]: orjson.loads(row["value"])[0] for row in found if row["value"] is not None}


def _number(found: _Found, feature: Feature) -> dict[Key, Any]:
    """Whole numbers as such: three shoes are 3, not 3.0."""
    return {
        row["customer"]: int(value) if isinstance(value, float) and value.is_integer() else value
        for row in found
        if (value := _float(row["value"])) is not None  # what is no number: infinity less infinity
    }


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _lists(found: _Found, feature: Feature) -> dict[Key, Any]:
    lists: dict[Key, Any] = {}
    for row in found:
        item = {feature.property: orjson.loads(row["value"])[0]}
        if feature.kind == "top":
            item["count"] = row["times"]
        lists.setdefault(row["customer"], []).append(item)
    return lists


def _wanted(where: Mapping[str, Any]) -> str:
    return orjson.dumps([{"path": _path(name), "name": name, "value": value} for name, value in where.items()]).decode()


def _path(name: str) -> str:
    """SQLite's path to one property; it has no way to write a quote inside a name."""
    if '"' in name:
        raise SourceError("a property's name contains a quote", where=f"property {name}", retryable=False)
    return f'$."{name}"'


STATEMENTS: Final[Mapping[Dialect, Mapping[str, str]]] = {
    "sqlite": sqlite_features.STATEMENTS,
    "postgresql": postgresql_features.STATEMENTS,
}
SHAPES: Final[Mapping[str, Callable[[_Found, Feature], dict[Key, Any]]]] = {
    "latest": _one_value,
    "first": _one_value,
    "count": _number,
    "sum": _number,
    "average": _number,
    "distinct": _lists,
    "top": _lists,
}
