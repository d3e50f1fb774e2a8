"""People → the shop's database: products by category, and what everybody ordered, as one SQLite file.

The skew is a shop's: a few categories and products sell most, a few customers buy most, a quarter never bought.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Final

from livemerge.demo.people import Person

FAVOURITE_SHARE: Final = 0.6  # of a customer's lines that come from their favourite category
ORDERS_SPAN_DAYS: Final = 700

CATEGORIES: Final[tuple[tuple[str, str], ...]] = (
    # best selling first; within a category too
    (
        "Kitchen",
        "Oak chopping board 39.90|Enamel jug 24.50|Cast-iron pan 28 cm 64.00|Linen tea towels, set of 3 18.75"
        "|Stoneware bowl 14.20|Pepper mill 32.00|Pasta board 45.60|Copper measuring cups 27.40|Bread knife 38.95"
        "|Glass storage jar 9.80|Salt pig 16.30|Rolling pin 19.99",
    ),
    (
        "Garden",
        "Watering can 5 l 29.90|Hand trowel 17.45|Cedar planter 54.00|Seed box “Meadow” 12.80|Pruning shears 34.60"
        "|Bee hotel 26.90|Garden twine 7.25|Kneeling mat 15.40|Bird feeder 21.75|Rain gauge 11.99",
    ),
    (
        "Living room",
        "Wool throw 79.00|Reading lamp 68.50|Linen cushion 34.90|Rattan basket 42.00|Beeswax candle 13.60"
        "|Wall clock 55.25|Side table 119.00|Footstool 88.80|Picture ledge 24.00|Jute rug 96.40",
    ),
    (
        "Coffee & tea",
        "Hand grinder 59.00|Pour-over dripper 22.40|Teapot “Moss” 36.80|House blend 500 g 14.90|Milk jug 18.20"
        "|Travel mug 27.95|Green tea 100 g 9.60|Filter papers 5.45|Espresso cups, set of 4 31.00",
    ),
    (
        "Bathroom",
        "Waffle towel 28.60|Olive soap bar 6.90|Bamboo bath mat 32.75|Soap dish 11.20|Cotton robe 74.00"
        "|Bath brush 16.85|Toothbrush tumbler 9.40|Laundry bag 21.30",
    ),
    (
        "Stationery",
        "Dotted notebook 15.90|Fountain pen 42.50|Desk calendar 18.00|Letter paper & envelopes 13.25|Pencil set 11.80"
        "|Washi tape 5.60|Fountain-pen ink 12.90|Wrapping paper 4.75",
    ),
    (
        "Outdoors",
        "Wool blanket “Fjord” 92.00|Enamel mug 12.60|Storm lantern 48.40|Canvas rucksack 109.00|Folding stool 39.20"
        "|Pocket knife 36.00|Thermos flask 33.75",
    ),
    (
        "Children",
        "Wooden blocks 34.50|Knitted rabbit 26.80|Night light 29.95|Growth chart 17.40|Play tent 84.00|Crayons 9.20",
    ),
)

SCHEMA: Final = """
CREATE TABLE customers (
    customer_key TEXT PRIMARY KEY, email TEXT NOT NULL, first_name TEXT, last_name TEXT NOT NULL, city TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE categories (category_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE products (
    product_id TEXT PRIMARY KEY, category_id INTEGER NOT NULL REFERENCES categories, name TEXT NOT NULL,
    price_cents INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY, customer_key TEXT NOT NULL REFERENCES customers,
    ordered_at TEXT NOT NULL                                    -- ISO 8601, UTC
);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders, line INTEGER NOT NULL,
    product_id TEXT NOT NULL REFERENCES products, quantity INTEGER NOT NULL,
    price_cents INTEGER NOT NULL,                               -- of one piece, on that day
    PRIMARY KEY (order_id, line)
) WITHOUT ROWID;
CREATE INDEX orders_by_customer ON orders (customer_key, ordered_at);
CREATE INDEX order_lines_by_product ON order_lines (product_id, quantity);
"""


@dataclass(frozen=True, slots=True)
class Product:
    """One thing the shop sells."""

    product_id: str
    category: str
    name: str
    price_cents: int


@dataclass(frozen=True, slots=True)
class Taste:
    """Draws products as the shop's customers do: popular categories and products far more often."""

    shelves: Sequence[Sequence[Product]]  # one a category, most popular first

    def favourite(self, draw: random.Random) -> int:
        """The number of a category."""
        return _skewed(draw, len(self.shelves))

    def product(self, draw: random.Random, favourite: int) -> Product:
        """Mostly something from the favourite category."""
        number = favourite if draw.random() < FAVOURITE_SHARE else self.favourite(draw)
        shelf = self.shelves[number]
        return shelf[_skewed(draw, len(shelf))]


def taste() -> Taste:
    """The shop's shelves, filled."""
    return Taste([_shelf(number, *category) for number, category in enumerate(CATEGORIES, start=1)])


def write_shop(path: Path, customers: Sequence[Person], *, seed: int, now: datetime) -> None:
    """The shop's database in `path`, complete or not there at all. Orders end the day before `now`."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as database, database:
        database.executescript(SCHEMA)
        _write_products(database, taste())
        database.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?)",
            ((each.key, each.address, each.first_name, each.last_name, each.city) for each in customers),
        )
        _write_orders(database, _orders(customers, random.Random(f"{seed}/orders"), now))
    unfinished.replace(path)


@dataclass(frozen=True, slots=True)
class _Order:
    customer: str
    ordered_at: datetime
    lines: Sequence[tuple[Product, int]]


def _orders(customers: Iterable[Person], draw: random.Random, now: datetime) -> Iterator[_Order]:
    shelves = taste()
    yesterday = now - timedelta(days=1)
    for person in customers:
        favourite = shelves.favourite(draw)
        # The keener a customer, the more recent the orders: the mean is a year for one order, weeks for many.
        mean_days = 365 / (1 + person.order_count / 4)
        for _ in range(person.order_count):
            age = timedelta(days=min(ORDERS_SPAN_DAYS, draw.expovariate(1 / mean_days)))
            count = min(8, int(draw.paretovariate(1.4)))
            yield _Order(person.key, yesterday - age, [_line(shelves, draw, favourite) for _ in range(count)])


def _line(shelves: Taste, draw: random.Random, favourite: int) -> tuple[Product, int]:
    return shelves.product(draw, favourite), min(6, int(draw.paretovariate(2.2)))


def _write_products(database: sqlite3.Connection, shelves: Taste) -> None:
    database.executemany(
        "INSERT INTO categories VALUES (?, ?)",
        [(number, shelf[0].category) for number, shelf in enumerate(shelves.shelves, start=1)],
    )
    database.executemany(
        "INSERT INTO products VALUES (?, ?, ?, ?)",
        [
            (each.product_id, number, each.name, each.price_cents)
            for number, shelf in enumerate(shelves.shelves, start=1)
            for each in shelf
        ],
    )


def _write_orders(database: sqlite3.Connection, orders: Iterable[_Order]) -> None:
    numbered = list(enumerate(sorted(orders, key=lambda order: order.ordered_at), start=10_001))
    database.executemany(
        "INSERT INTO orders VALUES (?, ?, ?)",
        ((number, order.customer, order.ordered_at.isoformat(timespec="seconds")) for number, order in numbered),
    )
    database.executemany(
        "INSERT INTO order_lines VALUES (?, ?, ?, ?, ?)",
        (
            (number, line, product.product_id, quantity, product.price_cents)
            for number, order in numbered
            for line, (product, quantity) in enumerate(order.lines, start=1)
        ),
    )


def _shelf(number: int, category: str, goods: str) -> list[Product]:
    made = []
    for place, text in enumerate(goods.split("|"), start=1):
        name, _, price = text.rpartition(" ")
        made.append(Product(f"p-{number}{place:02}", category, name, int(price.replace(".", ""))))
    return made


_ZIPF: Final = [list(accumulate(1 / place for place in range(1, count + 1))) for count in range(1, 21)]


def _skewed(draw: random.Random, count: int) -> int:
    """A number below `count`; 0 twice as often as 1, three times as often as 2 (Zipf)."""
    return draw.choices(range(count), cum_weights=_ZIPF[count - 1])[0]
