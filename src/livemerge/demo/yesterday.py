"""What yesterday evening's send left in the project's cache: without a past there is nothing cached, and nothing stale.

A fresh project would show only two steps of the ladder. With this, names are cached, and when the CRM fails, some
customers get what it said yesterday and the others the fallback.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import jmespath

from livemerge.catalog import Catalog, admit, is_empty, load_catalog
from livemerge.clock import Clock
from livemerge.config import load_settings
from livemerge.demo.crm import CrmRow
from livemerge.resolve import Cache
from livemerge.resolve.ladder import Known
from livemerge.store import Store
from livemerge.values import Key

SHARE: Final = 0.4  # of the recipients; the others were not written to
MOST_CUSTOMERS: Final = 5_000
HOURS_AGO: Final = 14


def remember_yesterday(
    project: Path, store: Store, rows: Mapping[Key, CrmRow], recipients: Iterable[Key], *, seed: int, clock: Clock
) -> None:
    """Puts the CRM's answers of 14 hours ago into the cache, for a share of the recipients it knows."""
    draw = random.Random(f"{seed}/yesterday")
    mailed = [key for key in recipients if key in rows and draw.random() < SHARE][:MOST_CUSTOMERS]
    catalog = load_catalog(load_settings(project))
    asked_at = clock.now() - timedelta(hours=HOURS_AGO)
    learned = {key: (_known(catalog, rows[key], asked_at), True) for key in mailed}
    Cache(catalog, clock, store).put_many("crm", learned)


def _known(catalog: Catalog, row: CrmRow, asked_at: datetime) -> dict[str, Known]:
    """The fields of one row, as a resolver that asked then would have kept them."""
    known: dict[str, Known] = {}
    for field in catalog.fields.values():
        if field.source == "crm":
            value = jmespath.search(field.path, row)
            typed = None if is_empty(value) else admit(field.type, value)
            known[field.name] = Known(typed, asked_at, asked_at)
    return known
