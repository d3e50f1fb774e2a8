from contextlib import closing
from datetime import timedelta

from livemerge.catalog import load_catalog
from livemerge.clock import SystemClock
from livemerge.config import load_settings
from livemerge.demo.world import World
from livemerge.demo.yesterday import HOURS_AGO
from livemerge.resolve import Cache
from livemerge.store import open_store


async def test_some_recipients_have_a_past_that_lies_between_cached_and_stale(tmp_path):
    async with World(tmp_path, recipients=200) as world:
        catalog = load_catalog(load_settings(world.project))
        clock = SystemClock()
        with closing(open_store(world.project / "livemerge.db")) as store:
            known = Cache(catalog, clock, store).get_many("crm", [person.key for person in world.audience])
    assert 50 < len(known) < 110
    strangers = {person.key for person in world.audience if not person.is_in_crm}
    assert not strangers & set(known)
    for person in world.audience:
        if person.key not in known:
            continue
        fields = known[person.key].fields
        assert fields["tier"].value == person.tier
        assert fields["first_name"].value == ((person.first_name or "").strip() or None)
        ages_s = {name: value.age_s(clock.now()) for name, value in fields.items()}
        assert min(ages_s.values()) >= timedelta(hours=HOURS_AGO).total_seconds()
        fresh = {name for name, age_s in ages_s.items() if age_s <= catalog.fields[name].max_age_s}
        usable = {name for name, age_s in ages_s.items() if age_s <= keep_s(catalog.fields[name])}
        assert fresh == {"first_name", "city"}
        assert usable - fresh == {"tier", "points"}


def keep_s(field):
    return field.max_age_s + field.stale_for_s
