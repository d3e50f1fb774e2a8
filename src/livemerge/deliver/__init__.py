"""HAND OVER: messages go to a receiver, and each gets an outcome."""

from livemerge.deliver.capture import CaptureTransport
from livemerge.deliver.maildir import MaildirTransport
from livemerge.deliver.smtp import Patience, Relay, SmtpTransport, is_loopback, parse_relay
from livemerge.deliver.transport import Delivery, OnDelivery, Outcome, Transport

__all__ = [
    "CaptureTransport",
    "Delivery",
    "MaildirTransport",
    "OnDelivery",
    "Outcome",
    "Patience",
    "Relay",
    "SmtpTransport",
    "Transport",
    "is_loopback",
    "parse_relay",
]
