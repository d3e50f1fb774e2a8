"""How much CPU one message costs: Composer against Jinja2 + EmailMessage, the same shop email, the same customers.

    python bench/compose.py [--rounds 25] [--messages 20]

Both sides render subject, text and HTML and make a whole MIME message. Our data are clean, as the resolver gives them.
Rounds are short and interleaved, so that a slow moment of the machine hits everybody; the ratio is the median of the
rounds' ratios. Both results are parsed and compared once.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from operator import truediv
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from livemerge.clean import clean_data
from livemerge.message import Composer, Links, Recipient, Sender
from livemerge.template import compile_message

EMAIL = Path(__file__).parent / "email"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOAL = 20  # times, true quoted-printable

Compose = Callable[[int], bytes]


def profiles() -> list[dict[str, object]]:
    return json.loads((EMAIL / "profiles.json").read_text())


def template_file() -> str:
    """The email as one template file: front matter with subject and text, then the HTML."""
    subject, text, html = ((EMAIL / f"liquid.{part}").read_text() for part in ("subj", "txt", "html"))
    return f"+++\nlanguage = \"liquid\"\nsubject = '''{subject.strip()}'''\ntext = '''\n{text}'''\n+++\n{html}"


def recipients(count: int) -> list[Recipient]:
    return [Recipient(f"c-{number}", f"c{number}@customer.example") for number in range(count)]


def livemerge(customers: list[dict[str, object]], *, takes_8bit: bool) -> Compose:
    links = Links("https://mail.example", b"a secret for the bench, 32 bytes")
    sender = Sender("news@shop.example", "Shop")
    template = compile_message(template_file(), name="shop.liquid.html")
    composer = Composer(template, sender, links, campaign="bench", occurrence="once")
    to, admitted = recipients(len(customers)), [clean_data(customer) for customer in customers]

    def compose(number: int) -> bytes:
        message = composer.compose(to[number], admitted[number], now=NOW, takes_8bit=takes_8bit)
        return message.octets

    return compose


def jinja_and_email_message(customers: list[dict[str, object]], *, transfer_encoding: str) -> Compose:
    loader = FileSystemLoader(EMAIL)
    html = Environment(loader=loader, autoescape=True).get_template("jinja.html")
    plain = Environment(loader=loader, autoescape=False)
    text, subject = plain.get_template("jinja.txt"), plain.get_template("jinja.subj")

    def compose(number: int) -> bytes:
        data = customers[number]
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = "Shop <news@shop.example>"
        message["To"] = f"c{number}@customer.example"
        message["Subject"] = " ".join(subject.render(data).split())
        message["Date"] = NOW
        message["Message-ID"] = f"<{number}@shop.example>"
        message["List-Unsubscribe"] = f"<https://mail.example/u/{number}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(text.render(data), cte=transfer_encoding)
        message.add_alternative(html.render(data), subtype="html", cte=transfer_encoding)
        return message.as_bytes()

    return compose


def read_back(octets: bytes) -> list[str]:
    """Subject, text and HTML as a mail program reads them; white space as a reader sees it."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    bodies = [part.get_content() for part in message.iter_parts()]
    return [" ".join(text.split()) for text in (message["Subject"], *bodies)]


def assert_same(ours: Compose, theirs: Compose, count: int) -> None:
    """Both sides must have made the same mail; they may spell a quote's entity differently."""
    for number in range(count):
        for mine, other in zip(read_back(ours(number)), read_back(theirs(number)), strict=True):
            if mine.replace("&#39;", "'") != other.replace("&#39;", "'"):
                raise SystemExit(f"customer {number} would get different mails; nothing to compare")


def microseconds(compose: Compose, count: int) -> float:
    """CPU time of one message, averaged over `count`."""
    start = time.process_time()
    for number in range(count):
        compose(number)
    return (time.process_time() - start) / count * 1e6


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=25)
    options.add_argument("--messages", type=int, default=20)
    given = options.parse_args()
    customers = profiles()
    count = min(given.messages, len(customers))
    ours = {
        "quoted-printable": livemerge(customers, takes_8bit=False),
        "8bit": livemerge(customers, takes_8bit=True),
    }
    theirs = {name: jinja_and_email_message(customers, transfer_encoding=name) for name in ours}
    for name in ours:
        assert_same(ours[name], theirs[name], count=20)
    spent: dict[tuple[str, str], list[float]] = {}
    for _ in range(given.rounds):
        for side, composes in (("ours", ours), ("theirs", theirs)):
            for name, compose in composes.items():
                spent.setdefault((side, name), []).append(microseconds(compose, count))
    print_table(spent, given.rounds, count)


def print_table(spent: dict[tuple[str, str], list[float]], rounds: int, count: int) -> None:
    median = {which: statistics.median(times) for which, times in spent.items()}
    print(f"CPU µs per message of 36 KB, median of {rounds} interleaved rounds of {count} messages\n")
    print("| | Jinja2 + EmailMessage | Livemerge | ratio |\n|---|---|---|---|")
    for name in ("quoted-printable", "8bit"):
        theirs, ours = median["theirs", name], median["ours", name]
        ratio = statistics.median(map(truediv, spent["theirs", name], spent["ours", name]))
        goal = f" (goal: {GOAL} ×)" if name == "quoted-printable" else ""
        print(f"| {name} | {theirs:,.0f} | {ours:,.0f} | {ratio:.1f} ×{goal} |")


if __name__ == "__main__":
    main()
