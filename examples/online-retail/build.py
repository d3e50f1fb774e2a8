"""The UCI "Online Retail" CSV → a Livemerge project with a shop's database, an audience, a template and a campaign.

    python build.py OnlineRetail.csv shop

Columns read: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country.
What cannot be used is left out and counted by reason; what cannot be read stops the build and names the line.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from livemerge.errors import AudienceError, LivemergeError

COLUMNS: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
DATES: Final = ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M")  # as the set is spread: newer copies, and the original's
PRODUCT_CODE: Final = re.compile(r"^\d{5}[A-Za-z]{0,2}$")  # POST, M, D, BANK CHARGES, … are no products
CUSTOMER: Final = re.compile(r"^(\d{1,9})(?:\.0)?$")  # spreadsheets write 17850 as 17850.0
WHOLESALE_ITEMS: Final = 100  # baskets with more different items say nothing about what goes together
TOGETHER_LEAST: Final = 2  # baskets that must hold both, before one is suggested for the other
COMPANIONS: Final = 20  # kept for each product, the closest; every send looks them up for whole baskets
PROJECT: Final = Path(__file__).parent / "project"

SCHEMA: Final = """
CREATE TABLE products (stock_code TEXT PRIMARY KEY, description TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, country TEXT NOT NULL);
CREATE TABLE invoices (
    invoice_no  TEXT PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers,
    invoiced_at TEXT NOT NULL,                  -- ISO 8601; the set's local time
    is_credit   INTEGER NOT NULL                -- 1: goods taken back; its quantities are negative
) WITHOUT ROWID;
CREATE TABLE lines (
    invoice_no  TEXT NOT NULL REFERENCES invoices,
    stock_code  TEXT NOT NULL REFERENCES products,
    quantity    INTEGER NOT NULL,
    price_mills INTEGER NOT NULL                -- thousandths of a pound: some prices have three places
);
CREATE INDEX lines_by_invoice ON lines (invoice_no, stock_code);
CREATE INDEX invoices_by_customer ON invoices (customer_id, is_credit, invoiced_at);
-- How many baskets held both; both ways round.
CREATE TABLE together (stock_code TEXT NOT NULL, other_code TEXT NOT NULL, baskets INTEGER NOT NULL,
    PRIMARY KEY (stock_code, other_code)) WITHOUT ROWID;
"""

COUNT_TOGETHER: Final = """
WITH baskets AS (
    SELECT DISTINCT l.invoice_no, l.stock_code
    FROM lines l JOIN invoices i USING (invoice_no)
    WHERE NOT i.is_credit
), usable AS (
    SELECT invoice_no FROM baskets GROUP BY invoice_no HAVING count(*) BETWEEN 2 AND :most
)
INSERT INTO together
SELECT stock_code, other_code, baskets
FROM (
    SELECT mine.stock_code, other.stock_code AS other_code, count(*) AS baskets,
           row_number() OVER (PARTITION BY mine.stock_code ORDER BY count(*) DESC, other.stock_code) AS place
    FROM usable JOIN baskets mine USING (invoice_no) JOIN baskets other USING (invoice_no)
    WHERE mine.stock_code <> other.stock_code
    GROUP BY mine.stock_code, other.stock_code HAVING count(*) >= :least
)
WHERE place <= :companions
"""

COUNT_LIMITS: Final = {"most": WHOLESALE_ITEMS, "least": TOGETHER_LEAST, "companions": COMPANIONS}

COUNT_ALL: Final = """
SELECT (SELECT count(*) FROM customers), count(*) FILTER (WHERE NOT is_credit), sum(is_credit) FROM invoices
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One usable line of the CSV."""

    invoice_no: str
    is_credit: bool
    stock_code: str
    description: str
    quantity: int  # below 0 exactly on credits
    price_mills: int
    invoiced_at: datetime
    customer_id: int
    country: str


@dataclass(frozen=True, slots=True)
class Built:
    """What a build gave."""

    lines: int
    customers: int
    invoices: int
    credits: int
    left_out: Counter[str]  # lines, by reason


def build(source: Path, folder: Path) -> Built:
    """The project in `folder`. Raises LivemergeError, and then the folder is as it was."""
    if folder.exists() and any(folder.iterdir()):
        raise LivemergeError("is not empty", where=str(folder), advice="Choose a new folder.")
    left_out: Counter[str] = Counter()
    lines = list(read_lines(source, left_out))
    if not lines:
        raise AudienceError("holds no line that names customer and product", where=source.name)
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    figures = _write_shop(folder / "retail.db", lines)
    _write_audience(folder / "customers.csv", sorted({line.customer_id for line in lines}))
    return Built(len(lines), *figures, left_out)


def read_lines(source: Path, left_out: Counter[str]) -> Iterator[Line]:
    """The usable lines; the others are counted in `left_out` by reason. Raises LivemergeError with the line."""
    with io.StringIO(_text(source), newline="") as file:
        rows = csv.DictReader(file, strict=True)
        try:
            _require_columns(rows, source.name)
            for row in rows:
                where = f"{source.name}:{rows.line_num}"
                if reason := _unusable(row, where):
                    left_out[reason] += 1
                elif line := _line(row, where, left_out):
                    yield line
        except csv.Error as error:
            where = f"{source.name}:{rows.reader.line_num}"  # where reading stopped; DictReader counts whole rows
            raise LivemergeError(f"not CSV: {error}", where=where, advice="Is a quote never closed?") from None


def _text(source: Path) -> str:
    """The file's text: UTF-8, or Latin-1 as the original export has it."""
    try:
        octets = source.read_bytes()
    except OSError as error:
        raise LivemergeError(f"cannot be read: {error.strerror}", where=str(source)) from error
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _require_columns(rows: csv.DictReader[str], name: str) -> None:
    found = rows.fieldnames
    if not found:
        raise LivemergeError("is empty", where=name, advice="The first line names the columns.")
    if missing := [column for column in COLUMNS if column not in found]:
        advice = f"Found: {', '.join(found)}."
        raise LivemergeError(f"has no column {', '.join(missing)}", where=f"{name}:1", advice=advice)


def _unusable(row: dict[str, str], where: str) -> str:
    """Why a line is left out; empty where it is not."""
    if None in row or None in row.values():
        raise LivemergeError(f"has not {len(COLUMNS)} columns", where=where, advice="Is a quote missing or doubled?")
    if not row["CustomerID"].strip():
        return "no customer"
    if not PRODUCT_CODE.match(row["StockCode"].strip()):
        return "no product (postage, discounts, manual entries)"
    return ""


def _line(row: dict[str, str], where: str, left_out: Counter[str]) -> Line | None:
    """The line, or None with the reason counted."""
    number = row["InvoiceNo"].strip()
    is_credit = number.startswith("C")
    quantity = _integer(row["Quantity"], "Quantity", where)
    price_mills = _mills(row["UnitPrice"], where)
    if price_mills <= 0:
        left_out["free of charge"] += 1
        return None
    if quantity == 0 or (quantity < 0) != is_credit:
        left_out["quantity and invoice disagree"] += 1
        return None
    return Line(
        invoice_no=number,
        is_credit=is_credit,
        stock_code=row["StockCode"].strip().upper(),
        description=" ".join(row["Description"].split()),
        quantity=quantity,
        price_mills=price_mills,
        invoiced_at=_moment(row["InvoiceDate"], where),
        customer_id=_customer(row["CustomerID"], where),
        country=row["Country"].strip(),
    )


def _integer(text: str, column: str, where: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise LivemergeError(f"{column} is no whole number", where=where) from None


def _mills(text: str, where: str) -> int:
    try:
        price = Decimal(text) * 1000
    except InvalidOperation:
        price = Decimal("nan")
    if not price.is_finite() or abs(price) > 10**12:
        raise LivemergeError("UnitPrice is no price", where=where)
    return int(price.to_integral_value())


def _moment(text: str, where: str) -> datetime:
    for form in DATES:
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007  the set names no time zone
        except ValueError:
            continue
    raise LivemergeError("InvoiceDate is no date", where=where, advice="As 2010-12-01 08:26:00 or 12/1/2010 8:26.")


def _customer(text: str, where: str) -> int:
    match = CUSTOMER.match(text.strip())
    if match is None:
        raise LivemergeError("CustomerID is no number", where=where)
    return int(match[1])


def _write_shop(path: Path, lines: Iterable[Line]) -> tuple[int, int, int]:
    """The database; gives how many customers, invoices and credits it holds."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(SCHEMA)
        for line in lines:
            _insert(database, line)
        database.execute(COUNT_TOGETHER, COUNT_LIMITS)
        customers, invoices, credited = database.execute(COUNT_ALL).fetchone()
        return customers, invoices, credited


def _insert(database: sqlite3.Connection, line: Line) -> None:
    # A product's name is the one it was last sold under, where one is given.
    database.execute(
        "INSERT INTO products VALUES (?, ?) ON CONFLICT DO UPDATE SET description = excluded.description "
        "WHERE excluded.description <> ''",
        (line.stock_code, line.description),
    )
    database.execute("INSERT OR REPLACE INTO customers VALUES (?, ?)", (line.customer_id, line.country))
    database.execute(
        "INSERT OR IGNORE INTO invoices VALUES (?, ?, ?, ?)",
        (line.invoice_no, line.customer_id, line.invoiced_at.isoformat(), line.is_credit),
    )
    database.execute(
        "INSERT INTO lines VALUES (?, ?, ?, ?)",
        (line.invoice_no, line.stock_code, line.quantity, line.price_mills),
    )


def _write_audience(path: Path, customers: Iterable[int]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("customer_id", "email"))
        rows.writerows((number, f"customer-{number}@online-retail.example") for number in customers)


def report(built: Built, folder: Path) -> str:
    """What was built and what was left out, for a person."""
    left_out = "".join(f"\n  {count:>7,}  {reason}" for reason, count in built.left_out.most_common())
    return (
        f"{built.customers:,} customers, {built.invoices:,} invoices, {built.credits:,} credits, "
        f"{built.lines:,} lines\n"
        f"left out: {sum(built.left_out.values()):,} lines{left_out}\n"
        f"next: livemerge --project {folder} send campaigns/bought.toml"
    )


def main() -> int:
    """0; or 1 where the CSV or the folder cannot be used."""
    parser = argparse.ArgumentParser(description="Builds a Livemerge project from the UCI Online Retail CSV.")
    parser.add_argument("csv", type=Path, help="OnlineRetail.csv, or a part of it with its first line")
    parser.add_argument("folder", type=Path, help="a new folder for the project")
    arguments = parser.parse_args()
    try:
        print(report(build(arguments.csv, arguments.folder), arguments.folder))
    except LivemergeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
