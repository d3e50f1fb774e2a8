import asyncio
import csv
from pathlib import Path

import pytest

from livemerge.catalog import load_catalog
from livemerge.config import load_campaign, load_settings
from livemerge.demo.world import FEWEST_CUSTOMERS, World
from livemerge.errors import ConfigError
from livemerge.store import open_store


async def test_the_project_it_writes_is_one_that_livemerge_accepts(tmp_path):
    async with World(tmp_path, recipients=30) as world:
        settings = load_settings(world.project)
        catalog = load_catalog(settings)
        campaign = load_campaign(world.project / "campaigns" / "demo.toml", world.project)
        assert {"crm", "shop", "web", "catalogue", "best_sellers"} <= set(catalog.sources)
        assert len(catalog.fields) >= 8
        assert (world.project / "templates" / campaign.template).is_file()
        assert campaign.brake is None
        with (world.project / campaign.audience.csv).open(encoding="utf-8") as file:
            assert [row["customer_id"] for row in csv.DictReader(file)] == [person.key for person in world.audience]


async def test_the_token_is_in_the_environment_and_in_no_file(tmp_path):
    async with World(tmp_path, recipients=5) as world:
        (token,) = world.env.values()
        assert len(token) >= 20
        held = [path for path in tmp_path.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
        assert held == []


async def test_the_store_holds_web_events_of_many_customers(tmp_path):
    async with World(tmp_path, recipients=5) as world:
        store = open_store(world.project / "livemerge.db")
        seen = store.rows("SELECT count(DISTINCT customer) FROM event")[0][0]
        store.close()
    assert seen > FEWEST_CUSTOMERS / 2


async def test_a_second_start_keeps_the_data_and_another_seed_makes_new(tmp_path):
    shop = tmp_path / "shop.db"
    async with World(tmp_path, recipients=5, seed=1):
        first = shop.stat().st_ino
    async with World(tmp_path, recipients=5, seed=1):
        assert shop.stat().st_ino == first
    async with World(tmp_path, recipients=5, seed=2):
        assert shop.stat().st_ino != first


async def test_more_recipients_than_the_shop_has_make_a_larger_shop(tmp_path):
    world = World(tmp_path, recipients=FEWEST_CUSTOMERS)
    assert len(world.audience) == FEWEST_CUSTOMERS
    assert len(world._customers) == FEWEST_CUSTOMERS * 6 // 5


async def test_after_its_end_nothing_listens_any_more(tmp_path):
    async with World(tmp_path, recipients=5) as world:
        ports = [
            int(url.rstrip("/").rpartition(":")[2]) for url in (world.crm.url, world.inbox.url, world.inbox.smtp_url)
        ]
    for port in ports:
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_one_demo_at_a_time_lives_in_a_folder(tmp_path):
    async with World(tmp_path, recipients=5):
        with pytest.raises(ConfigError, match="another demo is running") as raised:
            async with World(tmp_path, recipients=5):
                pass
    assert "--folder" in raised.value.advice
    async with World(tmp_path, recipients=5):
        pass


async def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="cannot be written") as raised:
        async with World(tmp_path / "taken", recipients=5):
            pass
    assert "--folder" in raised.value.advice


async def test_a_start_that_fails_leaves_nothing_running(tmp_path, monkeypatch):
    world = World(tmp_path, recipients=5)
    monkeypatch.setattr(world, "_write_project", lambda: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(ConfigError, match="no space"):
        await world.__aenter__()
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", int(world.crm.url.rpartition(":")[2]))


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="holds other things than a demo"):
        World(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
