"""Who may read customer data, and who did."""

from livemerge.access.grant import AccessGrant
from livemerge.access.keys import Conditions, KeyRecord, Keys, NewKey
from livemerge.access.log import AccessLog, AccessRow

__all__ = ["AccessGrant", "AccessLog", "AccessRow", "Conditions", "KeyRecord", "Keys", "NewKey"]
