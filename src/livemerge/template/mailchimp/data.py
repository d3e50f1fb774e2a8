"""How a template's data is laid out for merge tags: values by tag name, defaults, groups, feeds, the moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from livemerge.template.dates import as_datetime

SOME_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)  # what a `_now` that says "now" means: nothing better is known
_SPECIAL = ("_global", "_defaults", "_groups", "_rss")


def mailchimp_data(data: Mapping[str, object]) -> Mapping[str, object]:
    """Data by tag name: `_global` values under the customer's, `_defaults` for empty ones, `_groups` by category,
    `_rss` as `RSSITEMS` and `RSSFEED:…`."""
    if not any(name in data for name in _SPECIAL):
        return data
    found = {**_mapping(data.get("_global")), **data}
    for name, value in _mapping(data.get("_defaults")).items():
        if found.get(name) in (None, ""):
            found[name] = value
    for category, groups in _mapping(data.get("_groups")).items():
        found[f"INTERESTED:{category}"] = groups
    for name, value in _mapping(data.get("_rss")).items():
        found["RSSITEMS" if name == "items" else f"RSSFEED:{name}"] = value
    return found


def mandrill_data(data: Mapping[str, object]) -> Mapping[str, object]:
    """The same with names in capitals: Mandrill reads them in any case. A name in capitals comes before others."""
    arranged = mailchimp_data(data)
    folded = {name.upper(): value for name, value in arranged.items() if isinstance(name, str)}
    return {**folded, **{name: value for name, value in arranged.items() if isinstance(name, str) and name.isupper()}}


def mailchimp_moment(data: Mapping[str, object]) -> datetime | None:
    """The moment of sending where the data names one (`_now`, as ISO 8601 text or a datetime)."""
    return as_datetime(data.get("_now"), lambda: SOME_MOMENT)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
