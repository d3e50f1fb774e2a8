"""Who gets a campaign: (customer key, address) pairs, read once, each proved usable before anybody is mailed."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from livemerge import config
from livemerge.errors import AudienceError, ConfigError, nearest, nearest_or_all
from livemerge.sources.sql import read_url
from livemerge.values import MAX_KEY_CHARACTERS, Key

MAX_SHOWN_MISTAKES: Final = 10
ROWS_AT_ONCE: Final = 5_000  # of a query: an audience of a million is never held whole


@dataclass(frozen=True, slots=True)
class Member:
    """One customer of an audience."""

    key: Key
    address: str
    where: str  # `customers.csv:17`; how errors name them


@dataclass(slots=True)
class Mistakes:
    """What makes an audience unusable: all are counted, the first are shown."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, where: str, problem: str) -> None:
        self.count += 1
        if len(self.shown) < MAX_SHOWN_MISTAKES:
            self.shown.append(f"{where}: {problem}")

    def refuse(self, audience: str) -> None:
        """Raises AudienceError where there are any."""
        if self.count:
            raise AudienceError(
                f"{self.count} of the audience cannot be mailed:\n    " + "\n    ".join(self.shown),
                where=audience,
                advice="Nobody was mailed. Mend or take out these rows, then send again.",
            )


@dataclass(frozen=True, slots=True)
class Audience:
    """An audience that can be read once. `digest` changes when its file or statement does."""

    name: str
    digest: str
    rows: Iterable[tuple[str, Mapping[str, Any]]]  # where, row
    key: str
    address: str

    def members(self, mistakes: Mistakes) -> Iterator[Member]:
        """Every usable member, in the audience's order; the others are noted in `mistakes`."""
        for where, row in self.rows:
            problem, member = self._member(where, row)
            if member is None:
                mistakes.add(where, problem)
            else:
                yield member

    def _member(self, where: str, row: Mapping[str, Any]) -> tuple[str, Member | None]:
        key = str(row[self.key]).strip() if row.get(self.key) is not None else ""
        address = str(row[self.address]).strip() if row.get(self.address) is not None else ""
        if not key:
            return f"`{self.key}` is empty", None
        if len(key) > MAX_KEY_CHARACTERS:
            return f"`{self.key}` is longer than {MAX_KEY_CHARACTERS} characters", None
        try:
            checked = validate_email(address, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            return f"`{self.address}` is not an address: {error}", None
        if checked.ascii_email is None:
            return f"`{self.address}` needs a relay that takes UTF-8 addresses", None
        return "", Member(key, checked.ascii_email, where)


def read_audience(section: config.Audience, root: Path, tables: Mapping[str, config.Source]) -> Audience:
    """The audience a campaign names. Raises ConfigError for a file or database that cannot be one."""
    if section.csv:
        path = root / section.csv
        return Audience(
            section.csv, _file_digest(path, section.csv), _csv_rows(path, section), section.key, section.address
        )
    if section.table:
        files = {
            name: source
            for name, source in tables.items()
            if isinstance(source, config.TableSource) and source.path.endswith(".csv")
        }
        if section.table not in files:
            raise ConfigError(
                f"`{section.table}` is not a table source with a CSV file",
                where="audience.table",
                advice=nearest_or_all(section.table, files),
            )
        source = files[section.table]
        renamed = config.Audience(csv=source.path, key=source.key, address=section.address)
        return read_audience(renamed, root, tables)
    digest = hashlib.sha256(section.sql.encode()).hexdigest()
    url = read_url(section.url, root, where="audience.url", read_secret=partial(_secret, root))
    return Audience("audience.sql", digest, _sql_rows(section, url), section.key, section.address)


def _secret(root: Path, reference: str, where: str) -> str:
    return config.read_secret(reference, root, where=where)


def _file_digest(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"cannot read the audience: {error.strerror}", where=shown) from None


def _csv_rows(path: Path, section: config.Audience) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(reader.fieldnames or [], section, section.csv)
            for row in reader:
                if None in row or None in row.values():
                    raise AudienceError(
                        "the row has more or fewer cells than the header",
                        where=f"{section.csv}:{reader.line_num}",
                        advice="Put cells that contain commas or line ends in quotes.",
                    )
                yield f"{section.csv}:{reader.line_num}", row
    except UnicodeDecodeError as error:
        raise AudienceError(f"not UTF-8 text (byte {error.start})", where=section.csv) from None
    except csv.Error as error:
        raise AudienceError(f"not valid CSV: {error}", where=section.csv) from None


def _sql_rows(section: config.Audience, url: URL) -> Iterator[tuple[str, Mapping[str, Any]]]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            options = connection.execution_options(yield_per=ROWS_AT_ONCE, postgresql_readonly=True)
            result = options.execute(text(section.sql))
            _check_columns(list(result.keys()), section, "audience.sql")
            for number, row in enumerate(result.mappings(), start=1):
                yield f"audience.sql row {number}", dict(row)
    except SQLAlchemyError as error:
        what = str(getattr(error, "orig", "") or error).splitlines()[0]
        raise AudienceError(f"the audience's query failed: {what}", where="audience.sql") from None
    finally:
        engine.dispose()


def _check_columns(columns: Iterable[str], section: config.Audience, where: str) -> None:
    columns = list(columns)
    for setting, column in (("key", section.key), ("address", section.address)):
        if column not in columns:
            advice = nearest(column, columns) or f"It has: {', '.join(columns) or 'no columns'}."
            if len(columns) == 1 and re.search(r"[;\t|]", columns[0]):
                advice = "Separate the columns with commas."
            raise AudienceError(f"there is no column `{column}` (audience.{setting})", where=where, advice=advice)
