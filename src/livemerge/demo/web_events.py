"""People → what they did in the web shop in the last days: views and carts, as events for the event store."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from livemerge.demo.people import Person
from livemerge.demo.shop import Product, Taste, taste
from livemerge.events import Event

SPAN_DAYS: Final = 14
VISITOR_SHARE: Final = 0.6  # of the customers; the others were not seen lately
CART_SHARE: Final = 0.15  # of the views
MOST_VIEWS: Final = 40


def web_events(customers: Iterable[Person], *, seed: int, now: datetime) -> Iterator[Event]:
    """`product_viewed` and `product_carted`, with `product_id` and `category`, within the two weeks before `now`."""
    draw = random.Random(f"{seed}/web")
    shelves = taste()
    for person in customers:
        if draw.random() < VISITOR_SHARE:
            yield from _visits(person.key, shelves, draw, now)


def _visits(key: str, shelves: Taste, draw: random.Random, now: datetime) -> Iterator[Event]:
    favourite = shelves.favourite(draw)
    for _ in range(min(MOST_VIEWS, int(draw.paretovariate(1.0)))):
        product = shelves.product(draw, favourite)
        # Recent days are fuller, as in any log that ends now.
        seen_at = now - timedelta(days=SPAN_DAYS * draw.betavariate(1, 3), minutes=2)
        yield _event(key, "product_viewed", product, seen_at)
        if draw.random() < CART_SHARE:
            yield _event(key, "product_carted", product, seen_at + timedelta(seconds=draw.randrange(20, 90)))


def _event(key: str, name: str, product: Product, occurred_at: datetime) -> Event:
    return Event(
        customer=key,
        name=name,
        occurred_at=occurred_at,
        properties={"product_id": product.product_id, "category": product.category},
        message_id=f"demo/{key}/{name}/{occurred_at.timestamp():.6f}",  # the same visit twice is kept once
    )
