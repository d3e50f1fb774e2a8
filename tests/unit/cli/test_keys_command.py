"""keys and access on the command line, over a project on disk."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from typer.testing import CliRunner, Result

from livemerge.access import AccessRow, Alarm
from livemerge.app import Livemerge
from livemerge.cli import app
from livemerge.clock import SystemClock

TOML = """
[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[field.first_name]
source = "people"
type = "text"

[field.iban]
source = "people"
type = "text"
private = true
purpose = "refunds"

[view.welcome]
fields = ["first_name"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "livemerge.toml").write_text(TOML)
    (tmp_path / "people.csv").write_text("customer_id,first_name,iban\n")
    return tmp_path


def asked(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--project", str(folder), *words])


def told(folder: Path, *words: str) -> Any:
    result = asked(folder, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.strip().splitlines()[-1])


def test_a_key_is_made_with_all_its_conditions_and_listed_without_itself(folder: Path) -> None:
    words = "--scope view:welcome --scope private:iban --network 192.0.2.0/24 --network 2001:db8::/32 --allow-query"
    words += " --esp braze --test --rate 50 --ids-per-hour 1000 --for 30d"
    made = told(folder, "keys", "create", "braze", *words.split())
    (listed,) = told(folder, "keys", "ls")["keys"]
    assert made["key"].startswith(f"lm_{made['prefix']}_")
    assert made["key"] not in json.dumps(listed)
    assert listed["scopes"] == ["private:iban", "view:welcome"]
    assert listed["networks"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert (listed["allow_query"], listed["esp"], listed["test"]) == (True, "braze", True)
    assert (listed["rate_per_s"], listed["ids_per_hour"]) == (50.0, 1000)
    shown = asked(folder, "keys", "ls").output
    assert listed["expires_at"][:10] in shown  # whole, also in a narrow window
    told(folder, "keys", "revoke", made["prefix"])
    assert "revoked" in asked(folder, "keys", "ls").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--scope view:welcom", "welcome"),
        ("--scope private:ibn", "iban"),
        ("--scope admin", "no scope"),
        ("--network 192.0.2.7/24", "no network"),
        ("--for soon", "90d"),
        ("--rate 0", "above 0"),
    ],
)
def test_what_makes_no_sense_is_said_and_no_key_is_made(folder: Path, words: str, said: str) -> None:
    result = asked(folder, "keys", "create", "braze", *words.split())
    assert result.exit_code != 0
    assert said in result.output or said in str(result.exception)
    assert told(folder, "keys", "ls")["keys"] == []


def test_a_key_is_rotated_with_a_grace(folder: Path) -> None:
    made = told(folder, "keys", "create", "braze")
    new = told(folder, "keys", "rotate", made["prefix"], "--grace", "2h")
    old, listed = sorted(told(folder, "keys", "ls")["keys"], key=lambda key: bool(key["replaces"]))
    assert (listed["prefix"], listed["replaces"]) == (new["prefix"], made["prefix"])
    assert old["expires_at"] < listed["expires_at"]


def test_signing_secrets_stay_until_they_are_renewed(folder: Path) -> None:
    prefix = told(folder, "keys", "create", "sfmc")["prefix"]
    first, again = told(folder, "keys", "signing", prefix), told(folder, "keys", "signing", prefix)
    renewed = told(folder, "keys", "signing", prefix, "--renew")
    assert first == again != renewed
    assert {len(first[name]) for name in ("secret", "outer", "inner")} == {64}
    assert len({first["secret"], first["outer"], first["inner"]}) == 3


def test_only_a_public_rsa_key_is_trusted(folder: Path) -> None:
    prefix = told(folder, "keys", "create", "sfmc")["prefix"]
    key = RSAKey.generate_key(2048)
    for name, pem in (("good", key.as_pem(private=False)), ("private", key.as_pem(private=True)), ("none", b"x")):
        (folder / f"{name}.pem").write_bytes(pem)
    codes = {
        name: asked(folder, "keys", "signing", prefix, "--public-key", str(folder / f"{name}.pem")).exit_code
        for name in ("good", "private", "none", "missing")
    }
    assert codes.pop("good") == 0
    assert 0 not in codes.values()


def test_the_key_of_tokens_is_shown_and_replaced(folder: Path) -> None:
    (first,) = told(folder, "keys", "oauth")["kids"]
    assert first in told(folder, "keys", "oauth", "--rotate")["kids"]
    assert len(told(folder, "keys", "oauth")["kids"]) == 2


def test_reads_and_alarms_are_listed_by_customer_key_and_time(folder: Path) -> None:
    async def read() -> None:
        async with Livemerge.open(folder) as project:
            now = SystemClock().now()
            project.access_log.append(AccessRow(now, "abcdefgh", "c-1", ("first_name",), "ok", "192.0.2.7"))
            project.access_log.append(AccessRow(now, "otherkey", "c-2", ("first_name",), "not_found", "192.0.2.8"))
            project.access_log.flush()
            project.unusual.tell([Alarm(now, "otherkey", "many_misses", "300 of 400 reads found nobody")])

    asyncio.run(read())
    assert len(told(folder, "access", "ls")["reads"]) == 2
    (row,) = told(folder, "access", "ls", "--customer", "c-2", "--key", "otherkey", "--since", "1h")["reads"]
    assert (row["outcome"], row["from"], row["fields"]) == ("not_found", "192.0.2.8", ["first_name"])
    assert told(folder, "access", "ls", "--key", "nobody00")["reads"] == []
    assert [alarm["kind"] for alarm in told(folder, "access", "alarms", "--since", "1h")["alarms"]] == ["many_misses"]
    assert told(folder, "access", "alarms", "--key", "abcdefgh")["alarms"] == []
    assert asked(folder, "access", "ls", "--since", "yesterday").exit_code != 0
    too_many = asked(folder, "access", "ls", "--most", "1001")  # shown are 1,000 at most, and that is said
    assert too_many.exit_code == 2
    assert "1000" in too_many.output
