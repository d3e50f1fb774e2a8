from __future__ import annotations

from pathlib import Path

import pytest

from livemerge import config
from livemerge.clock import FakeClock
from livemerge.errors import ConfigError
from livemerge.sources import SOURCES, EventsSource, HttpSource, Source, SqlSource, TableSource, make_source
from livemerge.store import open_store


def make(root: Path, section: config.Source) -> Source:
    def no_secret(reference: str, where: str) -> str:
        raise ConfigError(f"environment variable {reference.removeprefix('env:')} is not set", where=where)

    return make_source("crm", section, root=root, read_secret=no_secret, store=open_store(None), clock=FakeClock())


def test_every_kind_of_section_has_a_maker() -> None:
    assert set(SOURCES) == set(config.Source.__args__)


async def test_each_section_makes_its_own_kind_and_tells_the_resolver_its_limits(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id\n1\n")
    http = make(tmp_path, config.HttpSource(url="https://crm.example/{key}", connections=3))
    batch = config.HttpBatch(url="https://crm.example/", body="{keys}", size=42)
    both = make(tmp_path, config.HttpSource(url="https://crm.example/{key}", batch=batch))
    sql = make(tmp_path, config.SqlSource(url="sqlite:///a.db", query="select 1 as key where 1 in :keys", size=7))
    table = make(tmp_path, config.TableSource(path="p.csv", key="id"))
    events = make(tmp_path, config.EventsSource())
    kinds = [HttpSource, HttpSource, SqlSource, TableSource, EventsSource]
    for made, kind in zip([http, both, sql, table, events], kinds, strict=True):
        assert isinstance(made, kind)
        assert made.name == "crm"
        await made.close()
    assert (http.max_batch, http.connections) == (1, 3)
    assert both.max_batch == 42
    assert (sql.max_batch, sql.connections) == (7, 4)


@pytest.mark.parametrize(
    ("section", "where"),
    [
        (config.SqlSource(url="env:SHOP_URL", query="select 1 as key where 1 in :keys"), "source.crm.url"),
        (config.HttpSource(url="https://h/{key}", auth=config.Auth(bearer="env:T")), "source.crm.auth.bearer"),
        (
            config.HttpSource(url="https://h/{key}", auth=config.Auth(header=config.Named(name="X", value="env:T"))),
            "source.crm.auth.header.value",
        ),
    ],
)
def test_a_missing_secret_is_named_by_where_it_is_asked_for(tmp_path: Path, section: config.Source, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(tmp_path, section)
    assert caught.value.where == where
