"""Pins while the store cannot be asked: what it said last goes on, each until its own end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from livemerge import config
from livemerge.catalog import load_catalog
from livemerge.clock import FakeClock
from livemerge.errors import StoreError
from livemerge.resolve import Overrides
from livemerge.store import Store, open_store


def overrides_of(store: Store, clock: FakeClock) -> Overrides:
    table = config.TableSource(path="people.csv", key="id")
    field = {"name": config.Field(source="people", type="text"), "city": config.Field(source="people", type="text")}
    return Overrides(load_catalog(config.Settings(root=Path(), source={"people": table}, field=field)), clock, store)


def test_pins_go_on_until_their_end(tmp_path: Path) -> None:
    clock, store = FakeClock(), open_store(tmp_path / "livemerge.db")
    overrides = overrides_of(store, clock)
    overrides.set("c", "name", "Anna", author="me", reason="test", ends_at=None)
    overrides.set("c", "city", "Bonn", author="me", reason="test", ends_at=clock.now() + timedelta(minutes=1))
    assert set(overrides.of(["c"])["c"]) == {"name", "city"}
    store.close()
    clock.advance(30)
    assert set(overrides.of(["c"])["c"]) == {"name", "city"}
    clock.advance(31)
    assert set(overrides.of(["c"])["c"]) == {"name"}


def test_pins_that_were_never_read_are_not_taken_for_none(tmp_path: Path) -> None:
    store = open_store(tmp_path / "livemerge.db")
    overrides = overrides_of(store, FakeClock())
    store.close()
    with pytest.raises(StoreError):
        overrides.of(["c"])
