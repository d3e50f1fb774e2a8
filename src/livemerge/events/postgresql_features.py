"""The statements of features in PostgreSQL. jsonb keeps true, 1 and "1" apart by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# An event has every wanted property. One that it has not is no null.
_AS_WANTED: Final = """NOT EXISTS (
        SELECT 1 FROM jsonb_array_elements(CAST(:where AS jsonb)) AS wanted WHERE
            CAST(e.properties AS jsonb) -> (wanted ->> 'name') IS DISTINCT FROM wanted -> 'value'
    )"""

_CUSTOMERS: Final = "jsonb_array_elements_text(CAST(:customers AS jsonb)) AS customers (value)"

# One step back along the index (customer, name, occurred_at) for each customer, however many events there are.
LATEST: Final = f"""
SELECT customers.value AS customer, (
    SELECT CAST(jsonb_build_array(CAST(e.properties AS jsonb) -> CAST(:property AS text)) AS text) FROM event AS e
    WHERE e.customer = customers.value AND e.name = :event AND e.occurred_at BETWEEN :since AND :until
      AND CAST(e.properties AS jsonb) ->> CAST(:property AS text) IS NOT NULL
      AND {_AS_WANTED}
    ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1
) AS value FROM {_CUSTOMERS}
"""  # noqa: S608 - made of constants; values are bound

FIRST: Final = LATEST.replace("e.occurred_at DESC, e.id DESC", "e.occurred_at, e.id")

_MATCHING: Final = f"""
FROM {_CUSTOMERS} JOIN event AS e ON e.customer = customers.value
WHERE e.name = :event AND e.occurred_at BETWEEN :since AND :until
  AND {_AS_WANTED}
"""

COUNT: Final = f"""
SELECT e.customer AS customer, count(*) AS value {_MATCHING} GROUP BY e.customer
"""

_NUMBER: Final = "CAST(CAST(e.properties AS jsonb) ->> CAST(:property AS text) AS numeric)"
_IS_NUMBER: Final = "jsonb_typeof(CAST(e.properties AS jsonb) -> CAST(:property AS text)) = 'number'"

# CASE, because a condition elsewhere does not keep the cast from being tried.
SUM: Final = f"""
SELECT e.customer AS customer, round(sum(CASE WHEN {_IS_NUMBER} THEN {_NUMBER} END), 6) AS value {_MATCHING}
  AND {_IS_NUMBER} GROUP BY e.customer
"""

AVERAGE: Final = SUM.replace("sum(", "avg(")

_SEEN: Final = f"""
WITH seen AS (
    SELECT e.customer AS customer, CAST(e.properties AS jsonb) -> CAST(:property AS text) AS value,
           count(*) AS times, max(e.occurred_at) AS latest_at, max(e.id) AS latest_id {_MATCHING}
      AND jsonb_typeof(CAST(e.properties AS jsonb) -> CAST(:property AS text)) IN ('string', 'number', 'boolean')
    GROUP BY 1, 2
), placed AS (
    SELECT seen.*, row_number() OVER (PARTITION BY customer ORDER BY {{order}}) AS place FROM seen
)
SELECT customer, CAST(jsonb_build_array(value) AS text) AS value, times
FROM placed WHERE place <= :most ORDER BY customer, place
"""  # noqa: S608 - made of constants; values are bound

DISTINCT: Final = _SEEN.format(order="latest_at DESC, latest_id DESC")
TOP: Final = _SEEN.format(order="times DESC, latest_at DESC, latest_id DESC")

STATEMENTS: Final[Mapping[str, str]] = {
    "latest": LATEST,
    "first": FIRST,
    "count": COUNT,
    "sum": SUM,
    "average": AVERAGE,
    "distinct": DISTINCT,
    "top": TOP,
}
