"""Mail by SMTP: connections that are pooled, pipelined where offered, and exact about what was accepted."""

from livemerge.deliver.smtp.conversation import Patience
from livemerge.deliver.smtp.pool import SmtpTransport
from livemerge.deliver.smtp.relay import Relay, Security, is_loopback, parse_relay

__all__ = ["Patience", "Relay", "Security", "SmtpTransport", "is_loopback", "parse_relay"]
