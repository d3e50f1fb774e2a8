"""Messages per second into a fast sink: compose and hand over, without ledger and sources.

    python bench/sending.py [--messages 3000]

The sink (bench/sink.c, built here with cc) shares the machine's cores, as a relay on the same host would. The naive
way (Jinja2, EmailMessage, aiosmtplib; one message after another on one connection) sends fewer messages, since each
takes so much longer; everybody's figure is its own messages by its own seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import uvloop
from compose import NOW, jinja_and_email_message, profiles, recipients, template_file

from livemerge.deliver import Outcome, SmtpTransport
from livemerge.message import Composer, Links, Sender
from livemerge.template import compile_message

SINK = Path(__file__).parent / "sink.c"
GROUP = 32  # messages handed over at once, as a campaign does
BY_DATA = ("PIPELINING", "8BITMIME")
BY_CHUNKS = (*BY_DATA, "CHUNKING")
NAIVE_SHARE = 20  # the naive way sends one message for every 20 of ours


@contextlib.contextmanager
def sink(program: Path, extensions: tuple[str, ...]) -> Iterator[int]:
    """A running sink; gives its port, and checks at the end that it was not the sink that failed."""
    process = subprocess.Popen([str(program), *extensions], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=10)


async def ours(port: int, count: int, *, takes_8bit: bool, connections: int) -> float:
    """Messages per second of our own way."""
    customers = profiles()
    links = Links("https://mail.example", b"a secret for the bench, 32 bytes")
    template = compile_message(template_file(), name="shop.liquid.html")
    composer = Composer(template, Sender("news@shop.example", "Shop"), links, campaign="bench", occurrence="once")
    to = recipients(count)
    transport = SmtpTransport(f"smtp://127.0.0.1:{port}", connections=connections)
    await transport.open()

    async def lane(first: int) -> int:
        """One of two lanes: while one composes, the other's messages are under way."""
        sent = 0
        for start in range(first * GROUP, count, 2 * GROUP):
            group = [
                composer.compose(each, customers[place % len(customers)], now=NOW, takes_8bit=takes_8bit)
                for place, each in enumerate(to[start : start + GROUP], start)
            ]
            sent += sum(told.outcome is Outcome.SENT for told in await transport.deliver(group))
        return sent

    start = time.perf_counter()
    sent = sum(await asyncio.gather(lane(0), lane(1)))
    seconds = time.perf_counter() - start
    await transport.close()
    if sent != count:
        raise SystemExit(f"{count - sent} messages were not taken; nothing to compare")
    return count / seconds


async def naive(port: int, count: int) -> float:
    """Messages per second of the usual libraries."""
    customers = profiles()
    compose = jinja_and_email_message(customers, transfer_encoding="quoted-printable")
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port)
    await client.connect()
    start = time.perf_counter()
    for number in range(count):
        octets = compose(number % len(customers))
        await client.sendmail("news@shop.example", [f"c{number}@customer.example"], octets)
    seconds = time.perf_counter() - start
    await client.quit()
    return count / seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=3000)
    count = options.parse_args().messages
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "sink"
        subprocess.run(["cc", "-O2", "-o", str(program), str(SINK)], check=True)
        with sink(program, BY_DATA) as port:
            base = uvloop.run(naive(port, max(count // NAIVE_SHARE, 1)))
        rows = [("Jinja2 + EmailMessage + aiosmtplib", base)]
        for how, extensions in (("pipelined DATA", BY_DATA), ("BDAT", BY_CHUNKS)):
            for encoding in ("quoted-printable", "8bit"):
                with sink(program, extensions) as port:
                    rate = uvloop.run(ours(port, count, takes_8bit=encoding == "8bit", connections=4))
                rows.append((f"Livemerge, {encoding}, {how}", rate))
    print("Messages of 36 KB per second, composed and taken by a sink on the same cores\n")
    print("| way | messages/s | ratio |\n|---|---|---|")
    for name, rate in rows:
        print(f"| {name} | {rate:,.0f} | {rate / base:.1f} × |")


if __name__ == "__main__":
    main()
