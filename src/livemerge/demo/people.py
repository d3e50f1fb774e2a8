"""Seed → the customers of the demo's world. Names of many languages, on purpose: most templates meet them late."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

FIRST_KEY_NUMBER: Final = 1001
NEVER_BOUGHT_SHARE: Final = 0.25
MOST_ORDERS: Final = 60
NAMELESS_SHARE: Final = 0.04  # customers without a usable first name, as sign-up forms leave them
UNKNOWN_SHARE: Final = 0.008  # customers whom the shop mails and the CRM does not know

_NAMES: Final[tuple[tuple[int, str, str, str], ...]] = (
    # how many in 100, first names, last names, cities
    (
        26,
        "Amelia Arthur Beth Callum Daisy Ellie Freya George Harriet Isla Jack Kieran Nora Oscar Siobhán Zoë",
        "Ashworth Bennett O'Brien Clarke Davies Fletcher Hughes O'Neill Marsh Patel Quinn Reid Shaw Turner Wood-Lane",
        "Leeds Bristol Cork Glasgow Norwich York",
    ),
    (
        18,
        "Anja Björn Caroline Dörte Emil Finn Greta Jürgen Käthe Lena Moritz Nele Sönke Ute Zoé",
        "Bäcker Fuchs Großmann Hübner Jäger Köhler Lindner Müller Nußbaum Schröder Vogel Weiß",
        "Bremen Köln Leipzig München Zürich Graz",
    ),
    (
        12,
        "Anaïs Benoît Chloé Éloïse François Hélène Jean-Marc Loïc Maëlle Noé Océane Rémi",
        "Aubert Bélanger D'Aubigné Fontaine Gérard Lefèvre L'Hôte Mercier Noël Renaud",
        "Lyon Nantes Orléans Liège Québec",
    ),
    (
        10,
        "Álvaro Begoña Carmen Íñigo José Lucía Martín Noemí Pilar Ramón Sofía Ximena",
        "Castaño García Ibáñez López Muñoz Núñez Ortega Peña Quintero Vázquez",
        "Málaga Sevilla Córdoba Bogotá León",
    ),
    (
        8,
        "Agnieszka Bożena Grażyna Jadwiga Łukasz Małgorzata Paweł Światosław Tomasz Żaneta",
        "Dąbrowski Gołąb Jabłoński Krawczyk Lewandowska Wójcik Zając Źrebiec",
        "Łódź Kraków Gdańsk Poznań",
    ),
    (6, "Chiara Dario Elettra Giosuè Niccolò Rosalia", "D'Angelo Dell'Orto Fabbri Gallo Lo Verde", "Forlì Torino Bari"),
    (5, "Ayşe Çağla Emre Gökçe İbrahim Işıl Şebnem", "Aydın Çelik Öztürk Şahin Yıldız", "İzmir Ankara Bursa"),
    (4, "Åse Bjørn Håkon Jørgen Søren Þóra Øystein", "Ødegård Bjørnsen Sæther Ångström", "Ålesund Malmö Århus"),
    (3, "Ánh Đức Hương Minh Thảo", "Nguyễn Phạm Trần Đặng", "Huế Hà-Nội"),
    (2, "Γιώργος Ελένη Νίκος Σοφία", "Παπαδάκης Αλεξίου Νικολάου", "Αθήνα Πάτρα"),
    (2, "Олена Дмитро Софія Богдан", "Шевчук Коваленко Мельник", "Львів Одеса"),
    (1, "美咲 健太 陽菜 大輔", "山田 佐藤 鈴木 高橋", "京都 大阪"),
    (1, "ליאור נועה יעל", "כהן לוי מזרחי", "חיפה אילת"),
    (1, "ليلى يوسف مريم", "حداد منصور النجار", "عمّان طنجة"),
    (1, "अनन्या रोहन प्रिया", "शर्मा वर्मा गुप्ता", "पुणे जयपुर"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """One customer as shop, CRM and audience know them."""

    key: str
    address: str
    first_name: str | None  # None or blank: never given
    last_name: str
    city: str
    order_count: int
    is_in_crm: bool

    @property
    def tier(self) -> str:
        """What the CRM makes of how often they ordered."""
        return "gold" if self.order_count >= 8 else "silver" if self.order_count >= 3 else "basic"


def people(count: int, *, seed: int) -> list[Person]:
    """`count` customers, c-1001 first. The same seed and count always give the same people."""
    draw = random.Random(f"{seed}/people")
    groups = draw.choices([_split(*group[1:]) for group in _NAMES], [group[0] for group in _NAMES], k=count)
    return list(_people(draw, groups))


def _people(draw: random.Random, groups: list[tuple[list[str], list[str], list[str]]]) -> Iterator[Person]:
    for number, (firsts, lasts, cities) in enumerate(groups, start=FIRST_KEY_NUMBER):
        yield Person(
            key=f"c-{number}",
            address=f"customer-{number}@post.example",
            first_name=draw.choice((None, "", " ")) if draw.random() < NAMELESS_SHARE else draw.choice(firsts),
            last_name=draw.choice(lasts),
            city=draw.choice(cities),
            order_count=_order_count(draw),
            is_in_crm=draw.random() >= UNKNOWN_SHARE,
        )


def _order_count(draw: random.Random) -> int:
    """A heavy tail: most buyers come once or twice, a few keep coming."""
    if draw.random() < NEVER_BOUGHT_SHARE:
        return 0
    return min(MOST_ORDERS, int(draw.paretovariate(1.2)))


def _split(firsts: str, lasts: str, cities: str) -> tuple[list[str], list[str], list[str]]:
    return firsts.split(), lasts.split(), cities.split()
