"""Settings → catalog: which fields exist, of which type, from where, how fresh, and what instead."""

from livemerge.catalog.extensions import DataExtension, declared_name
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

__all__ = [
    "FEATURES",
    "MAX_INTEGER",
    "MAX_LIST_ITEMS",
    "MAX_TEXT_CHARACTERS",
    "SYSTEM_NAMES",
    "Binding",
    "By",
    "Catalog",
    "DataExtension",
    "Feature",
    "Field",
    "WrongTypeError",
    "admit",
    "declared_name",
    "is_empty",
    "load_catalog",
    "needs",
    "zero",
]
