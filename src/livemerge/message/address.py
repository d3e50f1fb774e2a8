"""Email addresses as an envelope and a header may carry them (RFC 5321 §4.1.2, RFC 5322 §3.4.1).

Only the plain form is taken: ASCII, no quoted local part, no comments, no address literals. The domain of an
internationalised address is converted; a local part outside ASCII needs SMTPUTF8, which is not offered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from livemerge.errors import ConfigError

MAX_ADDRESS_CHARACTERS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
MAX_LOCAL_CHARACTERS = 64  # RFC 5321 §4.5.3.1.1

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")

_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>\s*")


class AddressFault(ValueError):
    """Why a text is no usable address. Never repeats the text: an address is personal data."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message is from, as readers see it; `address` is the envelope's sender too."""

    address: str
    name: str = ""
    reply_to: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def parse_sender(text: str, reply_to: str = "") -> Sender:
    """A sender from `Shop <news@shop.example>` or a bare address; ConfigError when either is malformed."""
    named = _NAMED.fullmatch(text)
    name, address = (named["name"].strip(' "'), named["address"]) if named else ("", text.strip())
    return Sender(_of_setting(address, "from"), name, _of_setting(reply_to, "reply_to") if reply_to else "")


def usable_address(text: str) -> str:
    """The address in ASCII, ready for envelope and header; AddressFault says why a text is none."""
    address = text if text.isascii() else _to_ascii(text)
    found = _ADDRESS.fullmatch(address) if len(address) <= MAX_ADDRESS_CHARACTERS else None
    if found is None:
        raise AddressFault("is not an email address of the form name@domain")
    if len(found["local"]) > MAX_LOCAL_CHARACTERS:
        raise AddressFault(f"has more than {MAX_LOCAL_CHARACTERS} characters before the @")
    return address


def _to_ascii(text: str) -> str:
    local = text.rpartition("@")[0]
    if len(text) > MAX_ADDRESS_CHARACTERS or not local.isascii():
        raise AddressFault("has characters outside ASCII before the @, which needs a relay with SMTPUTF8")
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise AddressFault("has an internationalised domain that cannot be converted") from None
    return found.ascii_email or ""


def _of_setting(text: str, setting: str) -> str:
    try:
        return usable_address(text)
    except AddressFault as fault:
        raise ConfigError(
            f"the sender's address {fault}",
            where=setting,
            advice=f'Write it like {setting} = "Shop <news@shop.example>".',
        ) from None
