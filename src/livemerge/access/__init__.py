"""Who may read customer data, and who did."""

from livemerge.access.keys import AccessGrant, KeyRecord, Keys, NewKey
from livemerge.access.log import AccessLog, AccessRow

__all__ = ["AccessGrant", "AccessLog", "AccessRow", "KeyRecord", "Keys", "NewKey"]
