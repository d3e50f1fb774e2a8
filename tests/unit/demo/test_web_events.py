from datetime import UTC, datetime, timedelta

from livemerge.clock import FakeClock
from livemerge.demo.people import people
from livemerge.demo.shop import taste
from livemerge.demo.web_events import SPAN_DAYS, web_events
from livemerge.events import EventStore
from livemerge.store import open_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_some_customers_looked_around_and_some_were_not_seen():
    everybody = people(2_000, seed=7)
    seen = {event.customer for event in web_events(everybody, seed=7, now=NOW)}
    assert 0.5 < len(seen) / len(everybody) < 0.7


def test_events_lie_in_the_last_days_and_name_products_of_the_shop():
    products = {product.product_id for shelf in taste().shelves for product in shelf}
    events = list(web_events(people(500, seed=7), seed=7, now=NOW))
    assert {event.name for event in events} == {"product_viewed", "product_carted"}
    assert all(NOW - timedelta(days=SPAN_DAYS, minutes=3) < event.occurred_at < NOW for event in events)
    assert {event.properties["product_id"] for event in events} <= products


def test_the_event_store_takes_them_and_keeps_them_once():
    store = open_store(None)
    events = EventStore(store, FakeClock(NOW))
    everything = list(web_events(people(300, seed=7), seed=7, now=NOW))
    assert events.add(everything) == len(everything)
    assert events.add(everything) == 0
    store.close()
