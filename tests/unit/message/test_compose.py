"""The composer: one customer's message as octets, read back by the standard library."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from livemerge.clean import CleanData
from livemerge.errors import AudienceError
from livemerge.message import Composer, Links, Message, Recipient, parse_sender, read
from livemerge.message.compose import _boundary, _has_long_line
from livemerge.template import compile_message

SECRET = b"a secret of thirty-two bytes, see"
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
ANNA = Recipient("c-1001", "anna@customer.example")
FRONT = """+++
subject = "Hello {{ first_name | default: 'there' }}"
text = "Dear {{ first_name }}, unsubscribe: {{ unsubscribe_url }}"
%s+++
"""
HTML = "<!DOCTYPE html>\n<html><body class='x'>\n<p>Dear {{ first_name }}</p>\n</body></html>\n"


def composer(html: str = HTML, front: str = FRONT % "", **settings: str) -> Composer:
    return Composer(
        compile_message(front + html, name="hello.liquid.html"),
        parse_sender("Shop <news@shop.example>", settings.pop("reply_to", "")),
        Links("https://mail.example", SECRET),
        campaign="welcome",
        occurrence="2026-12-01",
        **settings,
    )


def compose(made: Composer, to: Recipient = ANNA, *, takes_8bit: bool = True, **data: object) -> Message:
    return made.compose(to, data, now=NOW, takes_8bit=takes_8bit)


def parsed(message: Message) -> EmailMessage:
    return email.message_from_bytes(message.octets, policy=email.policy.default)


def bodies(message: Message) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in parsed(message).iter_parts()]


def test_a_message_has_the_headers_that_mailbox_providers_ask_for():
    message = parsed(compose(composer(reply_to="help@shop.example", list_id="news.shop.example"), first_name="Ännchen"))
    assert message["From"] == "Shop <news@shop.example>"
    assert message["To"].addresses[0].addr_spec == "anna@customer.example"
    assert message["Reply-To"].addresses[0].addr_spec == "help@shop.example"
    assert message["Subject"] == "Hello Ännchen"
    assert message["Date"].datetime == NOW
    assert message["List-Id"] == "<news.shop.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"] == "welcome:2026-12-01:livemerge:shop.example"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


def test_no_header_comes_twice():
    names = [name.lower() for name in parsed(compose(composer()))]
    assert len(names) == len(set(names))


def test_the_unsubscribe_button_names_this_customer_on_one_line():
    message = compose(composer())
    (line,) = [line for line in message.octets.split(b"\r\n") if line.startswith(b"List-Unsubscribe: ")]
    url = line.decode().removeprefix("List-Unsubscribe: <").removesuffix(">")
    claim = read(SECRET, "u", url.removeprefix("https://mail.example/u/"))
    assert (claim.campaign, claim.occurrence, claim.key) == ("welcome", "2026-12-01", "c-1001")


def test_text_and_html_are_what_the_template_says():
    text, html = bodies(compose(composer(), first_name="O'Brien & <Sons>"))
    assert text.startswith("Dear O'Brien & <Sons>, unsubscribe: https://mail.example/u/")
    assert html == HTML.replace("{{ first_name }}", "O&#39;Brien &amp; &lt;Sons&gt;")


def test_composing_twice_gives_the_same_octets():
    assert compose(composer(), first_name="A") == compose(composer(), first_name="A")


def test_the_envelope_and_the_message_agree():
    message = compose(composer())
    assert (message.key, message.sender, message.recipient) == ("c-1001", "news@shop.example", ANNA.address)
    assert parsed(message)["Message-ID"] == message.message_id
    assert parsed(message)["Subject"] == message.subject == "Hello there"


def test_8bit_is_used_only_where_it_is_taken_and_needed():
    accented = compose(composer(), first_name="é")
    assert accented.is_8bit and b"\xc3\xa9" in accented.octets
    assert not compose(composer(), first_name="e").is_8bit
    quoted = compose(composer(), takes_8bit=False, first_name="é")
    assert not quoted.is_8bit and quoted.octets.isascii()
    assert bodies(quoted) == bodies(accented)


@pytest.mark.parametrize("takes_8bit", [True, False])
def test_a_value_without_end_never_makes_a_line_too_long(takes_8bit):
    value = "x" * 5000 + "é"
    message = compose(composer(), takes_8bit=takes_8bit, first_name=value)
    assert max(map(len, message.octets.split(b"\r\n"))) <= 998
    assert value in bodies(message)[1]


@pytest.mark.parametrize("takes_8bit", [True, False])
def test_a_body_that_holds_the_boundary_stays_one_part(takes_8bit):
    boundary = _boundary("welcome", "2026-12-01", 0)
    hostile = f"\n--{boundary}--\n--{boundary}\nContent-Type: text/html\n\nevil"
    message = compose(composer(), takes_8bit=takes_8bit, first_name=hostile)
    text, html = bodies(message)
    assert f"--{boundary}" in text and f"--{boundary}" in html
    assert len(list(parsed(message).iter_parts())) == 2


@pytest.mark.parametrize("takes_8bit", [True, False])
def test_a_preheader_comes_first_in_the_html_and_only_there(takes_8bit):
    front = FRONT % 'preheader = "New for {{ first_name }}: < €50"\n'
    text, html = bodies(compose(composer(front=front), takes_8bit=takes_8bit, first_name="A & B"))
    before, shown, after = html.partition("New for A &amp; B: < €50")
    assert shown and "New for" not in text
    assert before.startswith("<!DOCTYPE html>\n<html><body class='x'>")
    assert "display:none" in before and "Dear" not in before
    assert after.startswith("</div>") and "<p>Dear A &amp; B</p>" in after


def test_templates_read_what_we_provide_under_every_vendors_name():
    made = composer("<p>{{ UNSUB }} {{ email }} {{ customer_id }} {{ campaign_name }} {{ view_url }}</p>")
    names = made.names(ANNA)
    html = bodies(compose(made))[1]
    shown = [names[name] for name in ("UNSUB", "email", "customer_id", "campaign_name", "view_url")]
    assert html == f"<p>{' '.join(shown)}</p>"
    assert names["UNSUB"] == names["unsubscribe_url"] and names["ARCHIVE"] == names["view_url"]


def test_mailchimp_templates_find_their_system_tags():
    source = '+++\nsubject = "Hi"\n+++\n<p>*|EMAIL|* <a href="*|UNSUB|*">out</a> <a href="*|ARCHIVE|*">read</a></p>'
    made = Composer(
        compile_message(source, name="hello.mailchimp.html"),
        parse_sender("news@shop.example"),
        Links("https://mail.example", SECRET),
        campaign="welcome",
        occurrence="2026-12-01",
    )
    names = made.names(ANNA)
    html = bodies(compose(made))[1]
    assert html == f'<p>{ANNA.address} <a href="{names["UNSUB"]}">out</a> <a href="{names["ARCHIVE"]}">read</a></p>'


def test_what_we_provide_cannot_be_replaced_by_data():
    html = bodies(compose(composer("<p>{{ unsubscribe_url }}</p>"), unsubscribe_url="https://evil.example"))[1]
    assert "evil" not in html


@pytest.mark.parametrize("address", ["", "anna", "änna@customer.example", "a@b\r\nBcc: c@d.example", "a b@c.example"])
def test_an_address_that_cannot_be_mailed_names_the_customer_and_not_the_address(address):
    with pytest.raises(AudienceError) as raised:
        compose(composer(), Recipient("c-1001", address))
    assert "c-1001" in str(raised.value)
    assert not address or address not in str(raised.value)


@pytest.mark.parametrize("key", ["\ud800", "長" * 512])
def test_a_key_that_cannot_stand_in_a_link_is_an_audience_error(key):
    with pytest.raises(AudienceError):
        compose(composer(), Recipient(key, "anna@customer.example"))


@pytest.mark.parametrize(
    "body, is_long",
    [
        (b"", False),
        (b"x" * 998, False),
        (b"x" * 999, True),
        (b"x" * 998 + b"\r\n" + b"y" * 998, False),
        (b"x" * 998 + b"\r\n" + b"y" * 998 + b"\r\n", False),
        (b"x" * 999 + b"\r\n" + b"y", True),
        (b"\r\n" * 3000, False),
        (b"a\r\n" * 700 + b"y" * 999 + b"\r\nz", True),
        (b"a\r\n" * 700 + b"y" * 998 + b"\r\nz", False),
    ],
)
def test_long_lines_are_found_exactly(body, is_long):
    assert _has_long_line(body) is is_long


@pytest.mark.parametrize("takes_8bit", [True, False])
def test_clean_data_stay_so_with_what_is_put_beside_them(takes_8bit: bool) -> None:
    made = composer("<p>{{ customer_id }} {{ first_name }}</p>")
    to = Recipient("c\x07-\u202e1", "anna@customer.example")
    data = {"first_name": "An\nna <3"}

    message = made.compose(to, CleanData(data), now=NOW, takes_8bit=takes_8bit)

    assert message == made.compose(to, data, now=NOW, takes_8bit=takes_8bit)
    assert "<p>c-\u202e1\u202c An\nna &lt;3</p>" in bodies(message)[1]
