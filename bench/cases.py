"""The templates that engines are measured with, and the customers they are rendered for."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
Data = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One message in the languages it was written in. `arranged`: the data as a language takes it."""

    name: str
    files: dict[str, Path]  # by language
    customers: list[Data]
    arranged: dict[str, Callable[[Data], Data]]

    def source(self, language: str) -> str:
        return self.files[language].read_text()

    def data(self, language: str) -> list[Data]:
        arrange = self.arranged.get(language)
        return [arrange(customer) for customer in self.customers] if arrange else self.customers


def cases() -> list[Case]:
    """The 35 KB shop email, and three small templates that are heavy on one thing."""
    email = Case(
        "a shop's email of 35 KB",
        {each.stem: each for each in (FOLDER / "email").glob("*.html")},
        json.loads((FOLDER / "email" / "profiles.json").read_text()),
        {"mailchimp": merge_fields, "ampscript": attributes},
    )
    return [email, *(heavy(name) for name in ("loops", "filters", "conditions"))]


def heavy(name: str) -> Case:
    """A template that does much of one thing."""
    files = {each.suffix[1:]: each for each in (FOLDER / "heavy").glob(f"{name}.*")}
    draw = random.Random(name)
    return Case(name, files, [SHAPES[name](draw) for _ in range(50)], {})


# --- the email's data, for languages whose names are flat --------------------------------------------


def flat(customer: Data) -> Data:
    """Every value by a name of its own: `user_city`, `products_1_url`."""
    found: Data = {}
    for name, value in customer.items():
        inner = dict(enumerate(value, 1)) if isinstance(value, list) else value
        if isinstance(inner, dict):
            found |= {f"{name}_{key}": each for key, each in flat({str(k): v for k, v in inner.items()}).items()}
        else:
            found[name] = value
    return found


def merge_fields(customer: Data) -> Data:
    """As an audience of Mailchimp's has them: in capitals, what is not so is empty."""
    return {name.upper(): "" if value is False else value for name, value in flat(customer).items()}


def attributes(customer: Data) -> Data:
    """As Marketing Cloud has them: attributes are texts, the products a data extension."""
    products = [{"customer": "1", **product} for product in customer["products"]]
    plain = flat({name: value for name, value in customer.items() if name != "products"})
    own = {name: str(value) for name, value in plain.items()}
    return {"attributes": {"_subscriberkey": "1", **own}, "data_extensions": {"Products": products}}


# --- data of the heavy templates -----------------------------------------------------------------------

WORDS = ("linen shirt", "wool & silk", 'the "long" coat', "Grüße", "belt <new>", "boots", "scarf", "€ 20 voucher")


def words(draw: random.Random, count: int) -> str:
    return " ".join(draw.choices(WORDS, k=count))


def orders(draw: random.Random) -> Data:
    """12 orders of 8 lines with 4 sizes."""
    lines = [
        [{"title": words(draw, 2), "count": draw.randint(1, 9), "sizes": draw.choices("SMLX", k=4)} for _ in range(8)]
        for _ in range(12)
    ]
    return {
        "name": words(draw, 1),
        "orders": [{"number": f"A-{at:05}", "lines": each} for at, each in enumerate(lines)],
    }


def items(draw: random.Random) -> Data:
    return {
        "name": f" {words(draw, 2)} ",
        "currency": "",
        "items": [
            {
                "title": f" {words(draw, 3)} ",
                "note": draw.choice(("", "As SEEN on television")),
                "tags": draw.choices(("sale", "new", "autumn", "outlet", "kids"), k=4),
                "price": draw.randint(1, 400),
                "count": draw.randint(1, 9),
                "url": f"http://shop.example/p/{draw.randint(1, 10**6)}?c={draw.randint(1, 99)}&l=en",
            }
            for _ in range(30)
        ],
    }


def person(draw: random.Random) -> Data:
    return {
        "name": words(draw, 1),
        "user": {
            "age": draw.randint(18, 80),
            "tier": draw.choice(("gold", "silver", "bronze", "")),
            "is_vip": draw.random() < 0.2,
            "city": f"City {draw.randint(1, 20)}",
            "tags": [f"tag {draw.randint(1, 30)}" for _ in range(6)],
            "phone": draw.choice((None, "+49 221 123456")),
        },
    }


SHAPES: dict[str, Callable[[random.Random], Data]] = {"loops": orders, "filters": items, "conditions": person}
