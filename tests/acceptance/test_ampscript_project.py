"""An AMPscript project from check to the inbox: data extensions, content blocks, who is left out, what is pinned."""

import json
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from email import policy
from email.parser import BytesParser
from io import StringIO
from pathlib import Path

import pytest

from livemerge.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "order-summary"
LIVEMERGE = Path(sys.executable).parent / "livemerge"
FOOTER = "templates/_shared/legal-footer.html"
TEMPLATE = "templates/order-summary.ampscript.html"


def livemerge(*words, cwd, code=0):
    """What one command prints, run in this process, which must end with `code`."""
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["livemerge", *words])
        with pytest.raises(SystemExit) as ended:
            main()
    assert (ended.value.code or 0) == code, f"livemerge {' '.join(words)}\n{printed.getvalue()}"
    return printed.getvalue()


@pytest.fixture
def shop(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "shop"))


def edit(shop, file, old, new):
    text = (shop / file).read_text()
    assert old in text
    (shop / file).write_text(text.replace(old, new))


def mails(shop):
    parse = BytesParser(policy=policy.default).parsebytes
    found = [parse(path.read_bytes()) for path in (shop / "outbox" / "new").iterdir()]
    return {message["To"].addresses[0].addr_spec: message for message in found}


def finding(shop, code):
    """The one finding of a code."""
    checked = json.loads(livemerge("check", "--json", cwd=shop, code=1).strip().splitlines()[-1])
    (found,) = [each for file in checked["files"] for each in file["findings"] if each["code"] == code]
    return found


def test_check_finds_nothing_to_mend(shop):
    checked = json.loads(livemerge("check", "--json", cwd=shop).strip().splitlines()[-1])
    assert checked["ok"]
    assert [file["file"] for file in checked["files"]] == [TEMPLATE, "campaigns/order-summary.toml"]
    assert [each for file in checked["files"] for each in file["findings"]] == []


def test_everybody_with_an_order_gets_a_mail_with_their_own_and_the_one_without_is_left_out(shop):
    sent = json.loads(livemerge("send", "campaigns/order-summary.toml", "--json", cwd=shop).strip().splitlines()[-1])
    assert (sent["sent"], sent["skipped"], sent["failed"]) == (4, 1, 0)
    found = mails(shop)
    assert set(found) == {f"{name}@example.com" for name in ("ada", "bea", "cem", "eve")}
    texts = {name.split("@")[0]: message.get_body(("plain",)).get_content() for name, message in found.items()}
    assert "vendredi 27 février 2026" in texts["bea"]
    assert "38,00 €" in texts["bea"]
    assert re.search(r"Hello Ada,.*Sunday, 1 March|Hello Ada,.*01 March 2026|Hello Ada,.*March", texts["ada"], re.S)
    assert "£155.00" in texts["ada"]
    assert "Hello there," in texts["cem"]
    assert "Answer this mail." in texts["cem"]
    assert "Hello Eve & Co," in texts["eve"]
    assert "Eve &amp; Co" in found["eve@example.com"].get_body(("html",)).get_content()
    assert found["eve@example.com"]["Subject"] == "Eve & Co, your order 1005 is on its way"


def test_the_preview_is_the_mail_that_is_sent(shop):
    shown = json.loads(livemerge("render", TEMPLATE, "--customer", "c-2", "--json", cwd=shop).strip().splitlines()[-1])
    livemerge("send", "campaigns/order-summary.toml", cwd=shop)
    sent = mails(shop)["bea@example.com"]

    def without_links(text):
        return re.sub(r"/u/[\w-]+", "", text).strip()

    html, text = (sent.get_body((kind,)).get_content() for kind in ("html", "plain"))
    assert without_links(text).split() == without_links(shown["text"]).split()
    assert without_links(html.partition("<h1>")[2]).split() == without_links(shown["html"].partition("<h1>")[2]).split()


@pytest.mark.parametrize(
    ("old", "new", "code", "advice"),
    [
        ('LookupOrderedRows("Orders"', 'LookupOrderedRows("Order"', "unknown-data-extension", "Orders"),
        ('"OrderedAt DESC"', '"OrderdAt DESC"', "unknown-column", "OrderedAt"),
        ('Field(@line, "Product")', 'Field(@line, "Produkt")', "unknown-column", "Product"),
        ("Shared\\help", "Shared\\halp", "unknown-include", "help"),
        ('ContentBlockByKey("footer")', "ContentBlockByKey(@key)", "dynamic-include", "in quotes"),
    ],
)
def test_what_is_not_there_is_found_before_anything_is_sent(shop, old, new, code, advice):
    edit(shop, TEMPLATE, old, new)
    assert advice in finding(shop, code)["advice"]
    assert code in livemerge("send", "campaigns/order-summary.toml", cwd=shop, code=3)
    assert not (shop / "outbox").exists()


def test_a_mistake_in_a_content_block_is_shown_in_its_own_file(shop):
    edit(shop, FOOTER, "<p>", "<p>%%=v(Tier)=%% ")
    assert f"{FOOTER}:4:9: error: no field is called `Tier`" in livemerge("check", cwd=shop, code=1)


def test_content_blocks_that_include_each_other_are_named(shop):
    edit(shop, FOOTER, "<p>", '%%=ContentBlockByName("help")=%%<p>')
    edit(shop, "templates/_shared/help.html", "<p>", '%%=ContentBlockByKey("footer")=%%<p>')
    what = finding(shop, "circular-include")["what"]
    assert "templates/_shared/help.html → templates/_shared/legal-footer.html → templates/_shared/help.html" in what


def test_an_edited_content_block_stops_a_campaign_that_goes_on_until_somebody_agrees(shop):
    campaign = "campaigns/order-summary.toml"
    edit(
        shop,
        campaign,
        'transport = "outbox"',
        'transport = "outbox"\nrate_per_s = 1.0',
    )
    process = subprocess.Popen(
        [LIVEMERGE, "send", campaign], cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        new = shop / "outbox" / "new"
        while process.poll() is None and not (new.exists() and any(new.iterdir())):
            pass
        process.terminate()
        process.communicate(timeout=300)
    finally:
        process.kill()
    assert len(mails(shop)) < 4
    edit(shop, FOOTER, "ordered from us", "bought from us")
    refused = livemerge("send", campaign, cwd=shop, code=3)
    assert f"{FOOTER} changed since this campaign was started" in refused
    edit(shop, campaign, "rate_per_s = 1.0", "")
    livemerge("send", campaign, "--accept-changes", cwd=shop)
    footers = ["bought" in message.get_body(("plain",)).get_content() for message in mails(shop).values()]
    assert len(footers) == 4
    assert any(footers)


def test_explain_shows_the_message_with_the_content_blocks_it_had(shop):
    livemerge("send", "campaigns/order-summary.toml", cwd=shop)
    edit(shop, FOOTER, "<p>", "%%[ IF ]%%")
    livemerge("render", TEMPLATE, "--customer", "c-3", cwd=shop, code=3)
    shown = livemerge("explain", "order-summary", "c-3", cwd=shop)
    assert "Empty(@name)" in shown
    assert "NOT Empty(@store)" in shown


def test_a_changed_table_is_read_again_by_the_next_command(shop):
    livemerge("render", TEMPLATE, "--customer", "c-2", cwd=shop)
    edit(shop, "orders.csv", "delivered", "lost")
    assert "is lost" in livemerge("render", TEMPLATE, "--customer", "c-2", "--part", "subject", cwd=shop)


def test_a_data_extension_that_is_too_large_says_what_to_do(shop):
    with (shop / "orders.csv").open("a") as file:
        file.writelines(f"{n},c-9,2026-01-01,S1,old\n" for n in range(200_001))
    said = livemerge("render", TEMPLATE, "--customer", "c-2", cwd=shop, code=3)
    assert "more than 200,000 rows" in said
    assert "one batch of customers at a time" in said
