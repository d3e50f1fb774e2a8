"""Messages per second of a whole campaign: audience, resolve, compose, ledger on disk, relay.

    python bench/campaign.py [--messages 3000]

The project reads every field of the benchmark's email from a table (one batch for 500 customers), and keeps for each
message what it was made of. The naive way (Jinja2, EmailMessage, aiosmtplib) has its data in memory and keeps nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import uvloop
from compose import profiles, template_file
from sending import BY_CHUNKS, BY_DATA, NAIVE_SHARE, SINK, naive, sink

from livemerge.app import Livemerge
from livemerge.template import compile_message

FIELD = """
[field.{name}]
source = "people"
type = "{type}"
path = "{path}"
alias = ["{path}"]
fallback = {fallback}
"""
CAMPAIGN = """
name = "bench"
template = "shop.liquid.html"
audience = {csv = "audience.csv", key = "id", address = "mail"}
from = "Shop <news@shop.example>"
transport = "relay"
"""


def write_project(folder: Path, port: int, count: int) -> None:
    """A project that sends the benchmark's email to `count` customers."""
    customers = profiles()
    (folder / "templates").mkdir()
    (folder / "campaigns").mkdir()
    (folder / "templates" / "shop.liquid.html").write_text(template_file())
    (folder / "campaigns" / "bench.toml").write_text(CAMPAIGN)
    relay = f'[transport.relay]\nkind = "smtp"\nurl = "smtp://127.0.0.1:{port}"\n'
    table = '[source.people]\nkind = "table"\npath = "people.jsonl"\nkey = "id"\n'
    (folder / "livemerge.toml").write_text(relay + table + "".join(field_tables(customers[0])))
    with (folder / "people.jsonl").open("w") as rows:
        rows.writelines(json.dumps(customers[n % len(customers)] | {"id": f"c-{n}"}) + "\n" for n in range(count))
    with (folder / "audience.csv").open("w", newline="") as file:
        audience = csv.writer(file)
        audience.writerow(("id", "mail"))
        audience.writerows((f"c-{n}", f"c{n}@customer.example") for n in range(count))


def field_tables(sample: dict[str, Any]) -> list[str]:
    """A declaration of each field the email reads, typed as the sample's value is."""
    paths = {path.partition("[")[0] for path in compile_message(template_file(), name="shop.liquid.html").fields}
    found = []
    for path in sorted(paths):
        value = sample
        for part in path.split("."):
            value = value[part]
        kinds = {bool: ("boolean", "false"), int: ("integer", "0"), list: ("list", "[]")}
        kind, fallback = kinds.get(type(value), ("text", '"-"'))
        found.append(FIELD.format(name=f"f_{path.replace('.', '_')}", type=kind, path=path, fallback=fallback))
    return found


async def whole_campaign(project: Path) -> float:
    """Messages per second, from the first look at the ledger to the last reply written into it."""
    async with Livemerge.open(project) as shop:
        summary = await shop.send("campaigns/bench.toml")
    if summary.states["sent"] != summary.sent_now or summary.fallback_share > 0.05:
        raise SystemExit("not every message was sent from live values; nothing to compare")
    return summary.messages_per_s


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=3000)
    count = options.parse_args().messages
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = folder / "sink"
        subprocess.run(["cc", "-O2", "-o", str(program), str(SINK)], check=True)
        with sink(program, BY_DATA) as port:
            base = uvloop.run(naive(port, max(count // NAIVE_SHARE, 1)))
        rows = [("Jinja2 + EmailMessage + aiosmtplib, no ledger", base)]
        for how, extensions in (
            ("8bit, BDAT", BY_CHUNKS),
            ("8bit, pipelined DATA", BY_DATA),
            ("quoted-printable, BDAT", ("PIPELINING", "CHUNKING")),
        ):
            project = folder / how.replace(" ", "-")
            project.mkdir()
            with sink(program, extensions) as port:
                write_project(project, port, count)
                rows.append((f"Livemerge, ledger on, {how}", uvloop.run(whole_campaign(project))))
    print(f"A campaign of {count:,} messages of 36 KB into a sink on the same cores\n")
    print("| way | messages/s | ratio |\n|---|---|---|")
    for name, rate in rows:
        print(f"| {name} | {rate:,.0f} | {rate / base:.1f} × |")


if __name__ == "__main__":
    main()
