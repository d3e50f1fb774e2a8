"""A real shop's orders and other people's templates: what Livemerge was not written around.

The data and templates are not part of this repository; where the folder is missing, these tests are left out by name.
"""

import csv
import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from itertools import permutations
from pathlib import Path

import pytest

import livemerge
from livemerge.errors import LivemergeError
from livemerge.template import compile_message

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("LIVEMERGE_SHARED", ROOT.parent / "shared"))
CSV = SHARED / "data" / "online_retail_slice.csv"
EXAMPLE = ROOT / "examples" / "online-retail"

needs_orders = pytest.mark.skipif(not CSV.is_file(), reason=f"left out: no {CSV.name} in LIVEMERGE_SHARED/data")


def load_build():
    spec = importlib.util.spec_from_file_location("online_retail_build", EXAMPLE / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


build = load_build()


# -- the shop, counted a second time, straight from the CSV -------------------------------------------------------


@dataclass
class Bought:
    """One customer's figures, computed here and not by the example."""

    country: str = ""
    orders: dict[str, datetime] = field(default_factory=dict)
    items: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))  # invoice → stock code → pence
    pieces: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))
    total: Decimal = Decimal(0)

    @property
    def last_invoice(self):
        return max(self.orders, key=lambda number: (self.orders[number], number), default=None)


@pytest.fixture(scope="module")
def counted():
    customers, names = defaultdict(Bought), {}
    with CSV.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code, number = row["StockCode"].upper(), row["InvoiceNo"]
            quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
            is_product = code[:5].isdigit() and len(code) <= 7
            if not row["CustomerID"] or not is_product or price <= 0:
                continue
            customer = customers[row["CustomerID"].removesuffix(".0")]
            customer.country = row["Country"]
            customer.total += quantity * price
            names[code] = " ".join(row["Description"].split())
            if not number.startswith("C"):
                customer.orders[number] = datetime.fromisoformat(row["InvoiceDate"])
                customer.items[number][code] += int(quantity * price * 1000)
                customer.pieces[number][code] += quantity
    return customers, names


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retail") / "shop"
    build.build(CSV, folder)
    return folder


async def send(project):
    async with livemerge.Livemerge.open(project) as shop:
        return await shop.send("campaigns/bought.toml")


def mails(project):
    """Every mail in the outbox, by the customer it went to."""
    found = {}
    for path in sorted((project / "outbox" / "new").iterdir()):
        message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        key = re.fullmatch(r"customer-(\d+)@online-retail\.example", message["To"].addresses[0].addr_spec)[1]
        assert key not in found, "a customer was mailed twice"
        found[key] = message
    return found


def html(message):
    return message.get_body(("html",)).get_content()


def as_shown(name):
    """As the template writes a product's name, escaped."""
    text = name.lower()
    return (text[:1].upper() + text[1:]).replace("&", "&amp;").replace("'", "&#39;").replace('"', "&#34;")


@pytest.mark.shared
@needs_orders
async def test_everybody_who_bought_gets_one_mail_with_their_own_figures(project, counted):
    customers, names = counted
    summary = await send(project)
    assert {state: count for state, count in summary.states.items() if count} == {"sent": len(customers)}
    sent = mails(project)
    assert set(sent) == set(customers)
    for key, bought in customers.items():
        text = html(sent[key])
        if not bought.orders:
            assert "We took something back from you" in text
            continue
        if bought.total > 0:
            times = "once" if len(bought.orders) == 1 else f"{len(bought.orders)} times"
            assert f"You have ordered {times}, &pound;{bought.total:.2f} in all." in text
        last = bought.last_invoice
        assert f"Thank you for your order of {bought.orders[last]:%-d %B %Y}" in text
        items = sorted(bought.items[last].items(), key=lambda item: (-item[1], item[0]))
        shown = re.findall(r">([^<]*)</td>\s*<td[^>]*>(\d+) &times;</td>\s*<td[^>]*>&pound;([\d.]+)<", text)
        assert shown == [
            (as_shown(names[code]), str(bought.pieces[last][code]), f"{Decimal(mills) / 1000:.2f}")
            for code, mills in items[:5]
        ]
        assert (f"and {len(items) - 5} more" in text) == (len(items) > 5)
        if bought.country != "United Kingdom":
            assert f"Delivery to {bought.country} takes a week." in text


@pytest.mark.shared
@needs_orders
async def test_sending_again_mails_nobody_twice(project):
    await send(project)
    before = mails(project)
    again = await send(project)
    assert again.sent_now == 0
    assert mails(project).keys() == before.keys()


@pytest.mark.shared
@needs_orders
async def test_what_is_suggested_is_what_baskets_like_theirs_held_and_they_lack(project, counted):
    customers, names = counted
    baskets = [set(items) for bought in customers.values() for items in bought.items.values()]
    together = Counter(
        pair for basket in baskets if len(basket) <= build.WHOLESALE_ITEMS for pair in permutations(basket, 2)
    )
    partners = defaultdict(dict)
    for (mine, other), count in together.items():
        if count >= build.TOGETHER_LEAST:
            partners[mine][other] = count
    await send(project)
    sent = mails(project)
    for key, bought in customers.items():
        weights = Counter()
        for code in bought.items[bought.last_invoice] if bought.orders else ():
            closest = sorted(partners[code].items(), key=lambda other: (-other[1], other[0]))
            weights.update(dict(closest[: build.COMPANIONS]))
        owned = {code for items in bought.items.values() for code in items}
        best = sorted((other for other in weights if other not in owned), key=lambda other: (-weights[other], other))
        assert re.findall(r"<li>([^<]*)</li>", html(sent[key])) == [as_shown(names[code]) for code in best[:3]]


@pytest.mark.shared
@needs_orders
def test_what_was_left_out_is_counted_by_reason(tmp_path):
    with CSV.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    built = build.build(CSV, tmp_path / "shop")
    assert built.left_out["no customer"] == sum(not row["CustomerID"] for row in rows)
    assert built.lines + sum(built.left_out.values()) == len(rows)


@pytest.mark.shared
@needs_orders
def test_the_commands_of_the_readme_run(tmp_path):
    """Each, as it stands there, with the CSV's path put in."""
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    commands = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1].splitlines()
    assert len(commands) == 6
    for command in commands:
        words = command.replace("OnlineRetail.csv", str(CSV)).split()
        words = [str(ROOT / word) if word.startswith("examples/") else word for word in words]
        words = [str(Path(sys.executable).parent / Path(words[0]).name), *words[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert "17850" not in command or "United Kingdom" in done.stdout or "render" in command


# -- a CSV that is not right -----------------------------------------------------------------------------------------

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
GOOD = "536365,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"bad\.csv: is empty"),
        (HEADER, r"bad\.csv: holds no line"),
        (HEADER.replace("CustomerID,", ""), r"bad\.csv:1: has no column CustomerID"),
        (HEADER + GOOD + GOOD.replace("2010-12-01", "2010-13-01"), r"bad\.csv:3: InvoiceDate is no date"),
        (HEADER + GOOD.replace(",6,", ",six,"), r"bad\.csv:2: Quantity is no whole number"),
        (HEADER + GOOD.replace("2.55", "NaN"), r"bad\.csv:2: UnitPrice is no price"),
        (HEADER + GOOD.replace("17850.0", "17850.5"), r"bad\.csv:2: CustomerID is no number"),
        (HEADER + GOOD.replace(",United Kingdom", ""), r"bad\.csv:2: has not 8 columns"),
        (HEADER + GOOD + '536365,"85123A', r"bad\.csv:3: not CSV"),
    ],
)
def test_a_csv_that_cannot_be_read_names_the_line_and_leaves_no_project(tmp_path, text, says):
    source = tmp_path / "bad.csv"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(LivemergeError, match=says):
        build.build(source, tmp_path / "shop")
    assert not (tmp_path / "shop").exists()


def test_a_csv_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LivemergeError, match="cannot be read"):
        build.build(tmp_path / "none.csv", tmp_path / "shop")


def test_both_date_forms_latin_letters_and_quoted_line_ends_are_read(tmp_path):
    source = tmp_path / "old.csv"
    other = '536366,22633,"HAND\nWARMER £",1,12/1/2010 8:28,1.85,17850,United Kingdom\n'
    source.write_bytes((HEADER + GOOD + other).encode("latin-1"))
    lines = list(build.read_lines(source, Counter()))
    assert [line.invoiced_at for line in lines] == [datetime(2010, 12, 1, 8, 26), datetime(2010, 12, 1, 8, 28)]
    assert lines[1].description == "HAND WARMER £"
    assert lines[1].customer_id == lines[0].customer_id


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    source = tmp_path / "good.csv"
    source.write_text(HEADER + GOOD)
    with pytest.raises(LivemergeError, match="is not empty"):
        build.build(source, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.csv", "mine.txt"]


# -- other people's templates ------------------------------------------------------------------------------------------


def templates(language):
    """The files of one language; one named placeholder, left out, where there are none."""
    folder = SHARED / "templates" / language
    found = sorted(path for path in folder.glob("*") if path.suffix in (".liquid", ".html"))
    missing = pytest.mark.skip(reason=f"left out: no folder LIVEMERGE_SHARED/templates/{language}")
    return [pytest.param(path, id=path.name) for path in found] or [pytest.param(None, id="none", marks=missing)]


STANDARD_FILTERS = """
    abs append at_least at_most base64_decode base64_encode base64_url_safe_decode base64_url_safe_encode capitalize
    ceil compact concat date default divided_by downcase escape escape_once find find_index first floor has join json
    last lstrip map minus modulo newline_to_br plus prepend reject remove remove_first remove_last replace
    replace_first replace_last reverse round rstrip size slice sort sort_natural split strip strip_html strip_newlines
    sum times truncate truncatewords uniq upcase url_decode url_encode where
"""


def foreign_filters(text):
    """(line, name) of each filter that standard Liquid does not have, found by looking, not by parsing."""
    for markup in re.finditer(r"\{[{%].*?[%}]\}", text, re.DOTALL):
        quiet = re.sub(r"'[^']*'|\"[^\"]*\"", lambda quoted: " " * len(quoted[0]), markup[0])
        for used in re.finditer(r"\|\s*(\w+)", quiet):
            if used[1] not in STANDARD_FILTERS.split():
                yield text.count("\n", 0, markup.start() + used.start(1)) + 1, used[1]


@pytest.mark.shared
@pytest.mark.parametrize("path", templates("liquid"))
def test_a_liquid_template_compiles_and_names_what_is_not_supported_by_line(path):
    text = path.read_text(encoding="utf-8")
    compiled = compile_message(text, name=path.name, language="liquid")
    assert compiled.fields
    named = {(finding.line, name) for finding in compiled.findings for name in re.findall(r"`(\w+)`", finding.what)}
    assert set(foreign_filters(text)) <= named
    assert_each_finding_points_at_its_line(compiled, text)


@pytest.mark.shared
@pytest.mark.parametrize("path", templates("mailchimp"))
def test_a_mailchimp_template_compiles_and_names_what_is_not_supported_by_line(path):
    text = path.read_text(encoding="utf-8")
    compiled = compile_message(text, name=path.name, language="mailchimp")
    named = {name for finding in compiled.findings for name in re.findall(r"[A-Z_]{3,}", finding.what)}
    plain = set(re.findall(r"\*\|([A-Z][A-Z0-9_]*)\|\*", text))
    assert plain - {"CURRENT_YEAR"} <= compiled.fields | named  # the year is the language's own, no field
    rss = {text.count("\n", 0, tag.start()) + 1 for tag in re.finditer(r"\*\|RSSITEMS", text)}
    assert rss <= {finding.line for finding in compiled.findings}
    assert_each_finding_points_at_its_line(compiled, text)


def assert_each_finding_points_at_its_line(compiled, text):
    lines = text.splitlines()
    for finding in compiled.findings:
        assert 1 <= finding.line <= len(lines)
        assert finding.what
        assert finding.caret or finding.code == "no-subject"  # which is nowhere
        for name in re.findall(r"unknown \w+ `(\w+)`", finding.what):
            assert name in lines[finding.line - 1]
