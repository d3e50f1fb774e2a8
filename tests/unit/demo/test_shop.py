import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from livemerge.demo.people import people
from livemerge.demo.shop import taste, write_shop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    write_shop(path, people(5_000, seed=7), seed=7, now=NOW)
    with closing(sqlite3.connect(path)) as database:
        yield database


def numbers(shop, statement):
    return [row[0] for row in shop.execute(statement)]


def test_everybody_is_in_it_and_as_many_ordered_as_bought_something(shop):
    everybody = people(5_000, seed=7)
    assert numbers(shop, "SELECT count(*) FROM customers") == [5_000]
    assert numbers(shop, "SELECT count(DISTINCT customer_key) FROM orders") == [
        sum(person.order_count > 0 for person in everybody)
    ]
    assert numbers(shop, "SELECT count(*) FROM orders") == [sum(person.order_count for person in everybody)]


def test_no_reference_leads_nowhere_and_every_order_has_lines(shop):
    assert shop.execute("PRAGMA foreign_key_check").fetchall() == []
    assert numbers(shop, "SELECT count(*) FROM orders WHERE order_id NOT IN (SELECT order_id FROM order_lines)") == [0]


def test_orders_end_the_day_before(shop):
    newest, oldest = shop.execute("SELECT max(ordered_at), min(ordered_at) FROM orders").fetchone()
    assert datetime.fromisoformat(newest) <= NOW - timedelta(days=1)
    assert datetime.fromisoformat(oldest) >= NOW - timedelta(days=702)


def test_the_best_category_sells_several_times_the_worst(shop):
    sold = numbers(
        shop,
        "SELECT sum(quantity) FROM order_lines JOIN products USING (product_id) GROUP BY category_id ORDER BY 1 DESC",
    )
    assert len(sold) == 8
    assert sold[0] > 4 * sold[-1]


def test_prices_have_cents_and_quantities_are_positive(shop):
    assert any(price % 100 for price in numbers(shop, "SELECT price_cents FROM products"))
    assert min(numbers(shop, "SELECT quantity FROM order_lines")) >= 1


def test_the_same_seed_writes_the_same_shop(tmp_path):
    dumps = []
    for name in ("one.db", "two.db"):
        write_shop(tmp_path / name, people(200, seed=3), seed=3, now=NOW)
        with closing(sqlite3.connect(tmp_path / name)) as database:
            dumps.append(list(database.iterdump()))
    assert dumps[0] == dumps[1]


def test_a_shop_that_could_not_be_finished_is_not_there_and_can_be_written_again(tmp_path):
    def breaks_off():
        yield from people(10, seed=1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shop(tmp_path / "shop.db", breaks_off(), seed=1, now=NOW)
    assert not (tmp_path / "shop.db").exists()
    write_shop(tmp_path / "shop.db", people(10, seed=1), seed=1, now=NOW)
    assert (tmp_path / "shop.db").exists()


def test_product_ids_are_unique():
    products = [product for shelf in taste().shelves for product in shelf]
    assert len({product.product_id for product in products}) == len(products)
    assert all(100 < product.price_cents < 20_000 for product in products)
