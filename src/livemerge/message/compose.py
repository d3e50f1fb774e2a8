"""Program and data in, one message as wire octets out.

Everything that is the same for all messages of a run is encoded once, into a Frame; one message is its own headers,
two bodies written by the template's programs, and one join. Octets end their lines in CRLF, hold no bare CR or LF,
and no line is longer than 998 octets (RFC 5321 §4.5.3.1.6). Dots at line starts are left to the transport.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from livemerge.clean import CleanData, clean_html
from livemerge.errors import AccessError, AudienceError
from livemerge.message import headers
from livemerge.message.address import AddressFault, Sender, usable_address
from livemerge.message.links import Links
from livemerge.message.preheader import with_preheader_8bit, with_preheader_quoted
from livemerge.template import MessageTemplate, Reply, Request, Writer
from livemerge.values import Key

_Encoding: TypeAlias = Literal["8bit", "quoted-printable"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One customer and where their mail goes."""

    key: Key
    address: str


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered email to one customer, ready for any transport."""

    key: Key
    message_id: str  # with its angle brackets
    sender: str  # the envelope's, for MAIL FROM
    recipient: str  # the envelope's, for RCPT TO
    octets: bytes  # headers and body; ends in CRLF
    is_8bit: bool  # holds octets above 127, so needs a relay with 8BITMIME
    subject: str  # as a reader sees it


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the bodies of every message of a run, encoded once per boundary and encoding."""

    head: bytes  # the run's headers, up to the text body
    middle: bytes
    tail: bytes
    delimiter: bytes  # must not occur in a body (RFC 2046 §5.1.1)


@dataclass(frozen=True, slots=True)
class _Writers:
    """The programs of a template's bodies in one transfer encoding."""

    text: Writer
    html: Writer
    preheader: Writer | None


class Composer:
    """Makes the messages of one campaign run. Compiled once; composing keeps no state."""

    def __init__(
        self,
        template: MessageTemplate,
        sender: Sender,
        links: Links,
        *,
        campaign: str,
        occurrence: str,
        list_id: str = "",
    ) -> None:
        self._template = template
        self._sender = sender
        self._campaign = campaign
        self._occurrence = occurrence
        self._provided = _provided_names(links, campaign, occurrence)
        self._needed = tuple((name, give) for name, give in self._provided.items() if name in template.fields)
        self._links = links
        self._run_headers = _run_headers(sender, campaign, occurrence, list_id)
        self._frames = {encoding: self._frame(encoding) for encoding in _ENCODINGS}
        self._writers: dict[_Encoding, _Writers] = {}  # made when first asked for: a run needs one encoding

    def names(self, recipient: Recipient) -> dict[str, str]:
        """What Livemerge itself provides to templates about this customer's message, by name."""
        return {name: give(recipient) for name, give in self._provided.items()}

    def compose(
        self,
        recipient: Recipient,
        data: Mapping[str, object],
        *,
        now: datetime,
        takes_8bit: bool,
        replies: Mapping[Request, Reply] | None = None,
    ) -> Message:
        """The message for one customer; the same for the same arguments.

        AudienceError where the address or key cannot be used, TemplateError where the template cannot be rendered.
        """
        own_headers, message_id, address = self._addressed(recipient, now)
        values = self._values(recipient, data)
        subject = headers.one_line(self._template.subject.render(values, now=now, replies=replies))
        body = self._body(values, now, takes_8bit, replies)
        octets = b"".join((own_headers, headers.text_header("Subject", subject), *body))
        is_8bit = not octets.isascii()
        return Message(recipient.key, message_id, self._sender.address, address, octets, is_8bit, subject)

    def rehearse(
        self, recipient: Recipient, data: Mapping[str, object], *, now: datetime, replies: Mapping[Request, Reply]
    ) -> None:
        """Renders what may fetch, and gives nothing. Raises Unanswered where a reply is needed, TemplateError."""
        self._template.rehearse(self._values(recipient, data), now=now, replies=replies)

    def _values(self, recipient: Recipient, data: Mapping[str, object]) -> Mapping[str, object]:
        """The data with what the template reads of our own; as clean as it was."""
        values = CleanData(data) if type(data) is CleanData else dict(data)
        values.update((name, clean_html(give(recipient))) for name, give in self._needed)
        return values

    def _addressed(self, recipient: Recipient, now: datetime) -> tuple[bytes, str, str]:
        """The headers that only this customer's message has, its Message-ID and its envelope address."""
        try:
            address = usable_address(recipient.address)
            unsubscribe_url = self._links.unsubscribe(self._campaign, self._occurrence, recipient.key)
        except (AddressFault, AccessError) as fault:
            raise _unmailable(recipient.key, fault) from None
        name = headers.message_id(self._campaign, self._occurrence, recipient.key, self._sender.domain)
        own = (
            headers.date_header(now),
            headers.address_header("To", address),
            f"Message-ID: {name}\r\n".encode("ascii"),
            headers.unsubscribe_header(unsubscribe_url),
        )
        return b"".join(own), name, address

    def _body(
        self, values: Mapping[str, object], now: datetime, takes_8bit: bool, replies: Mapping[Request, Reply] | None
    ) -> tuple[bytes, ...]:
        """The rest of the message from the run's headers on, in 8bit where relay and line lengths allow it."""
        encoding: _Encoding = "8bit" if takes_8bit else "quoted-printable"
        text, html = self._parts(values, now, encoding, replies)
        if takes_8bit and (_has_long_line(text) or _has_long_line(html)):
            encoding = "quoted-printable"
            text, html = self._parts(values, now, encoding, replies)
        frame, attempt = self._frames[encoding], 0
        while encoding == "8bit" and (frame.delimiter in text or frame.delimiter in html):
            attempt += 1
            frame = self._frame(encoding, attempt)
        return frame.head, text, frame.middle, html, frame.tail

    def _parts(
        self,
        values: Mapping[str, object],
        now: datetime,
        encoding: _Encoding,
        replies: Mapping[Request, Reply] | None,
    ) -> tuple[bytes, bytes]:
        writers = self._writers.get(encoding)
        if writers is None:
            writers = self._writers[encoding] = _make_writers(self._template, encoding)
        html = writers.html(values, now, replies)
        if writers.preheader:
            html = _WITH_PREHEADER[encoding](html, writers.preheader(values, now, replies))
        return writers.text(values, now, replies), html

    def _frame(self, encoding: _Encoding, attempt: int = 0) -> Frame:
        boundary = _boundary(self._campaign, self._occurrence, attempt)
        return Frame(
            head=self._run_headers
            + f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode()
            + _part_head("plain", boundary, encoding),
            middle=b"\r\n" + _part_head("html", boundary, encoding),
            tail=f"\r\n--{boundary}--\r\n".encode(),
            delimiter=f"--{boundary}".encode(),
        )


_ENCODINGS: tuple[_Encoding, ...] = ("8bit", "quoted-printable")
_WITH_PREHEADER = {"8bit": with_preheader_8bit, "quoted-printable": with_preheader_quoted}


def _make_writers(template: MessageTemplate, encoding: _Encoding) -> _Writers:
    preheader = template.preheader.writer(encoding) if template.preheader else None
    return _Writers(template.text.writer(encoding), template.html.writer(encoding), preheader)


def _provided_names(links: Links, campaign: str, occurrence: str) -> dict[str, Callable[[Recipient], str]]:
    """How each provided name is made; Mailchimp's and Marketing Cloud's names for the same things beside ours."""

    def unsubscribe(recipient: Recipient) -> str:
        return links.unsubscribe(campaign, occurrence, recipient.key)

    def preferences(recipient: Recipient) -> str:
        return links.preferences(campaign, occurrence, recipient.key)

    def view(recipient: Recipient) -> str:
        return links.view(campaign, occurrence, recipient.key)

    def email(recipient: Recipient) -> str:
        return recipient.address

    return {
        "customer_id": lambda recipient: recipient.key,
        "email": email,
        "campaign_name": lambda _: campaign,
        "unsubscribe_url": unsubscribe,
        "preferences_url": preferences,
        "view_url": view,
        "EMAIL": email,
        "UNSUB": unsubscribe,
        "UPDATE_PROFILE": preferences,
        "ARCHIVE": view,
        "emailaddr": email,
        "_subscriberkey": lambda recipient: recipient.key,
        "unsub_center_url": unsubscribe,
        "profile_center_url": preferences,
        "subscription_center_url": preferences,
        "view_email_url": view,
    }


def _run_headers(sender: Sender, campaign: str, occurrence: str, list_id: str) -> bytes:
    return b"".join(
        (
            headers.address_header("From", sender.address, sender.name),
            headers.address_header("Reply-To", sender.reply_to) if sender.reply_to else b"",
            headers.UNSUBSCRIBE_POST,
            headers.list_id_header(list_id) if list_id else b"",
            headers.feedback_id_header(campaign, occurrence, sender.domain),
            b"MIME-Version: 1.0\r\n",
        )
    )


def _boundary(campaign: str, occurrence: str, attempt: int) -> str:
    """`=_` cannot stand in quoted-printable (RFC 2045 §6.7); for 8bit every body is looked through."""
    seed = f"{campaign}\0{occurrence}\0{attempt}".encode("utf-8", "replace")
    return f"=_livemerge_{hashlib.sha256(seed).hexdigest()[:32]}"


def _part_head(subtype: str, boundary: str, encoding: _Encoding) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode()


def _has_long_line(body: bytes) -> bool:
    """Whether a line has more than 998 octets; jumps from the last line end within reach to the next."""
    start, last_start = 0, len(body) - headers.MAX_LINE_OCTETS
    while start < last_start:
        line_end = body.rfind(b"\r\n", start, start + headers.MAX_LINE_OCTETS + len(b"\r\n"))
        if line_end < 0:
            return True
        start = line_end + len(b"\r\n")
    return False


def _unmailable(key: Key, fault: Exception) -> AudienceError:
    what = fault.what if isinstance(fault, AccessError) else f"the address {fault}"
    shown = key.encode("ascii", "backslashreplace").decode()[:80]
    return AudienceError(what, where=f"customer {shown}", advice="Correct this customer in the audience.")
