"""The first ten minutes: `livemerge init` and the commands that its files name, as a new user types them."""

import csv
import json
import re
import subprocess
import sys
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

LIVEMERGE = Path(sys.executable).parent / "livemerge"


def livemerge(*words, cwd, code=0):
    """Standard output of one command, which must end with `code`."""
    done = subprocess.run([LIVEMERGE, *words], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, f"livemerge {' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def last_object(output):
    return json.loads(output.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    parent = tmp_path_factory.mktemp("first")
    livemerge("init", "shop", cwd=parent)
    return parent / "shop"


def mails(shop):
    parse = BytesParser(policy=policy.default).parsebytes
    found = [parse(path.read_bytes()) for path in (shop / "outbox" / "new").iterdir()]
    return {message["To"].addresses[0].addr_spec: message for message in found}


def test_check_finds_nothing_to_mend_in_both_languages(shop):
    checked = last_object(livemerge("check", "--json", cwd=shop))
    assert checked["ok"]
    assert {file["file"].removeprefix("templates/") for file in checked["files"]} >= {
        "welcome.liquid.html",
        "welcome.mailchimp.html",
    }
    assert [finding for file in checked["files"] for finding in file["findings"]] == []


def test_profile_shows_values_and_where_they_came_from(shop):
    shown = livemerge("profile", "c-1001", cwd=shop)
    for piece in ("Anna", "1290", "Oak chopping board", "39.90", "people", "products", "live"):
        assert piece in shown


@pytest.mark.parametrize("language", ["liquid", "mailchimp"])
def test_render_shows_the_mail_of_one_customer(shop, language):
    shown = livemerge("render", f"templates/welcome.{language}.html", "--customer", "c-1001", cwd=shop)
    for piece in ("Hello Anna,", "1290 points", "Oak chopping board", "39.90", "Köln"):
        assert piece in shown
    assert "{{" not in shown
    assert "*|" not in shown


def test_send_writes_a_mail_for_each_of_the_twenty_and_again_for_nobody(shop):
    first = last_object(livemerge("send", "campaigns/welcome.toml", "--json", cwd=shop))
    assert (first["sent"], first["held"], first["failed"], first["skipped"], first["unknown"]) == (20, 0, 0, 0, 0)
    with (shop / "people.csv").open(encoding="utf-8") as file:
        people = {row["email"]: row for row in csv.DictReader(file)}
    sent = mails(shop)
    assert set(sent) == set(people)
    for address, message in sent.items():
        name = people[address]["first_name"].replace("&", "&amp;") or "there"
        assert f"Hello {name}," in message.get_body(("html",)).get_content()
        assert re.search(r"https?://\S+/u/\S+", message["List-Unsubscribe"])
    again = last_object(livemerge("send", "campaigns/welcome.toml", "--json", cwd=shop))
    assert len(mails(shop)) == 20
    assert (again["sent"], again["sent_now"]) == (20, 0)


def test_a_product_nobody_knows_and_a_missing_name_leave_no_gap(shop):
    livemerge("send", "campaigns/welcome.toml", cwd=shop)
    sent = mails(shop)
    without_product = sent["lukasz.golab@post.example"].get_body(("html",)).get_content()
    assert "Have a look around" in without_product
    assert "&euro;" not in without_product
    without_name = sent["customer-1004@post.example"]
    assert without_name["Subject"] == "Back in the shop: Linen tea towels"


def test_explain_says_where_each_value_came_from(shop):
    livemerge("send", "campaigns/welcome.toml", cwd=shop)
    told = livemerge("explain", "welcome", "c-1013", cwd=shop)
    for piece in ("favourite_name", "first_name", "people", "products", "fallback", "live"):
        assert piece in told


def test_init_does_not_write_over_a_project(shop):
    before = (shop / "livemerge.toml").read_bytes()
    done = subprocess.run([LIVEMERGE, "init", "."], cwd=shop, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0
    assert "already holds" in done.stdout + done.stderr
    assert (shop / "livemerge.toml").read_bytes() == before


def test_the_commands_named_in_the_settings_file_are_commands_that_run(shop):
    text = (shop / "livemerge.toml").read_text(encoding="utf-8")
    named = re.findall(r"^#   livemerge ([^#\n]+?)  ", text, re.MULTILINE)
    assert len(named) == 4
    for command in named:
        livemerge(*command.split(), cwd=shop)
