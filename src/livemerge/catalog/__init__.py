"""Settings → catalog: which fields exist, of which type, from where, how fresh, and what instead."""

from livemerge.catalog.esps import DEFAULT_DEADLINE_S, ESPS, Esp, deadline_s_of, stops_at_refusals
from livemerge.catalog.extensions import DataExtension, declared_name
from livemerge.catalog.feeds import Feed
from livemerge.catalog.fields import SYSTEM_NAMES, Binding, By, Catalog, Feature, Field, needs
from livemerge.catalog.load import FEATURES, load_catalog
from livemerge.catalog.types import (
    MAX_INTEGER,
    MAX_LIST_ITEMS,
    MAX_TEXT_CHARACTERS,
    WrongTypeError,
    admit,
    is_empty,
    zero,
)
from livemerge.catalog.views import Escape, Shape, View

__all__ = [
    "DEFAULT_DEADLINE_S",
    "ESPS",
    "FEATURES",
    "MAX_INTEGER",
    "MAX_LIST_ITEMS",
    "MAX_TEXT_CHARACTERS",
    "SYSTEM_NAMES",
    "Binding",
    "By",
    "Catalog",
    "DataExtension",
    "Escape",
    "Esp",
    "Feature",
    "Feed",
    "Field",
    "Shape",
    "View",
    "WrongTypeError",
    "admit",
    "deadline_s_of",
    "declared_name",
    "is_empty",
    "load_catalog",
    "needs",
    "stops_at_refusals",
    "zero",
]
