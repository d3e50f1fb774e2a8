"""Any history of edits, failures, restarts and passing time: each customer gets what the ladder's table says."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from livemerge.catalog import load_catalog
from livemerge.clock import FakeClock
from livemerge.config import load_settings
from livemerge.errors import SourceError
from livemerge.plan import make_plan
from livemerge.resolve import Cache, Overrides, Resolver
from livemerge.sources import MemorySource
from livemerge.store import open_store
from livemerge.values import Cause, LadderStep

MAX_AGE_S, STALE_FOR_S = 60, 600
KEYS = ["a", "b", "c"]
TOML = f"""
[source.crm]
kind = "table"
path = "crm.csv"
key = "id"

[field.name]
source = "crm"
type = "text"
max_age = "{MAX_AGE_S}s"
stale_for = "{STALE_FOR_S}s"
fallback = "there"
"""
LISTS = """
[source.taste]
kind = "table"
path = "taste.csv"
key = "id"

[source.products]
kind = "table"
path = "products.csv"
key = "id"
by = "recommended[].product_id"

[field.recommended]
source = "taste"
type = "list"

[field.title]
source = "products"
type = "text"
fallback = "gone"
"""


class World:
    """One source and what the ladder's table says of it, told in the plainest way."""

    def __init__(self, folder: str, toml: str) -> None:
        (Path(folder) / "livemerge.toml").write_text(toml)
        self.catalog = load_catalog(load_settings(Path(folder)))
        self.clock = FakeClock()
        self.store = open_store(Path(folder) / "livemerge.db")
        self.sources = {name: MemorySource(name, {}, clock=self.clock, max_batch=2) for name in self.catalog.sources}
        self.last_answer: dict[str, tuple[str | None, float]] = {}
        self.restart()

    def restart(self) -> None:
        cache = Cache(self.catalog, self.clock, self.store)
        overrides = Overrides(self.catalog, self.clock, self.store)
        self.resolver = Resolver(self.catalog, self.sources, cache, overrides, self.clock)

    async def resolve(self, keys):
        return await self.resolver.resolve(make_plan(self.catalog, self.catalog.fields), keys, deadline_s=5)

    def expected(self, key):
        """(value, step, cause) by the table."""
        now_s, crm = self.clock.monotonic_s(), self.sources["crm"]
        value, at_s = self.last_answer.get(key, (None, float("-inf")))
        step = LadderStep.CACHED
        if now_s - at_s > MAX_AGE_S:
            if crm.error is None:
                value, step = crm.rows.get(key, {}).get("name"), LadderStep.LIVE
                self.last_answer[key] = (value, now_s)
            elif now_s - at_s <= MAX_AGE_S + STALE_FOR_S:
                step = LadderStep.STALE
            else:
                return "there", LadderStep.FALLBACK, Cause.ERROR
        return (value, step, None) if value else ("there", LadderStep.FALLBACK, Cause.ABSENT)


events = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(KEYS), st.sampled_from(["x", "y", ""])),
    st.tuples(st.just("remove"), st.sampled_from(KEYS)),
    st.tuples(st.just("fails"), st.booleans()),
    st.tuples(st.just("passes"), st.sampled_from([1, 30, 60, 61, 600, 661])),
    st.tuples(st.just("restart")),
    st.tuples(st.just("resolve"), st.lists(st.sampled_from(KEYS), min_size=1, max_size=3)),
)


async def play(world, history):
    crm = world.sources["crm"]
    for what, *of in history:
        if what == "edit":
            crm.rows[of[0]] = {"name": of[1] and f"{of[1]} of {of[0]}"}
        elif what == "remove":
            crm.rows.pop(of[0], None)
        elif what == "fails":
            crm.error = SourceError("answered 503", retryable=False) if of[0] else None
        elif what == "passes":
            world.clock.advance(of[0])
        elif what == "restart":
            world.restart()
        else:
            for key, profile in (await world.resolve(of[0])).items():
                origin = profile.provenance["name"]
                assert (profile.values["name"], origin.step, origin.cause) == world.expected(key)


@settings(max_examples=60, deadline=None)
@given(st.lists(events, max_size=40))
def test_every_history_ends_where_the_table_says(history):
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, TOML)
        asyncio.run(play(world, history))
        world.store.close()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(1, 12), st.randoms(use_true_random=False))
def test_nobody_gets_what_belongs_to_another(customers, products, draw: random.Random):
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, LISTS)
        lists = {
            f"c{n}": [{"product_id": f"p{draw.randrange(products * 2)}"} for _ in range(draw.randrange(5))]
            for n in range(customers)
        }
        world.sources["taste"].rows = {key: {"recommended": items} for key, items in lists.items()}
        world.sources["products"].rows = {f"p{n}": {"title": f"title of p{n}"} for n in range(products)}
        keys = [*lists, "unknown"]
        draw.shuffle(keys)
        profiles = asyncio.run(world.resolve(keys))
        for key, items in lists.items():
            assert profiles[key].values["recommended"] == [
                item | {"title": f"title of {item['product_id']}" if int(item["product_id"][1:]) < products else "gone"}
                for item in items
            ]
        assert profiles["unknown"].values["recommended"] is None
        asked = [key for call in world.sources["products"].calls for key in call]
        assert len(asked) == len(set(asked))
        world.store.close()
