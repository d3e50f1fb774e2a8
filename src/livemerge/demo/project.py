"""Addresses of the demo's world → the folder of a Livemerge project that uses it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from livemerge.demo.people import Person

TOKEN_VARIABLE: Final = "LIVEMERGE_DEMO_CRM_TOKEN"
_FILES: Final = {
    "livemerge.toml": "livemerge.toml",
    "demo.toml": "campaigns/demo.toml",
    "welcome-back.liquid.html": "templates/welcome-back.liquid.html",
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the world can be reached this time."""

    crm_url: str
    smtp_url: str
    inbox_url: str  # ends in a slash


def write_demo_project(folder: Path, addresses: Addresses, recipients: Iterable[Person], *, occurrence: str) -> None:
    """The project in `folder`: settings, campaign `demo`, its template and its audience. What is there is replaced.

    The shop's database is `shop.db` beside the folder. `occurrence` names this run of the campaign; another one
    mails everybody again.
    """
    values = {
        "crm_url": addresses.crm_url,
        "smtp_url": addresses.smtp_url,
        "inbox_url": addresses.inbox_url,
        "token_variable": TOKEN_VARIABLE,
        "occurrence": occurrence,
    }
    for name, target in _FILES.items():
        text = files("livemerge.demo").joinpath("files", name).read_text(encoding="utf-8")
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        # Templates are taken as they are: a dollar sign in a mail is a dollar sign.
        path.write_text(Template(text).substitute(values) if path.suffix == ".toml" else text, encoding="utf-8")
    _write_audience(folder / "customers.csv", recipients)


def _write_audience(path: Path, recipients: Iterable[Person]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("customer_id", "email"))
        rows.writerows((person.key, person.address) for person in recipients)
