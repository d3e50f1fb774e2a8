"""COMPOSE: a template's programs and one customer's data become the octets of one message."""

from livemerge.message.address import AddressFault, Sender, parse_sender, usable_address
from livemerge.message.compose import Composer, Message, Recipient
from livemerge.message.links import LinkClaim, Links, read, sign

__all__ = [
    "AddressFault",
    "Composer",
    "LinkClaim",
    "Links",
    "Message",
    "Recipient",
    "Sender",
    "parse_sender",
    "read",
    "sign",
    "usable_address",
]
