"""The statements of features in SQLite.

A property's value comes as JSON in a list, because json_extract keeps true, 1 and "1" apart only when given two paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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

STATEMENTS: Final[Mapping[str, str]] = {
    "latest": LATEST,
    "first": FIRST,
    "count": COUNT,
    "sum": SUM,
    "average": AVERAGE,
    "distinct": DISTINCT,
    "top": TOP,
}
