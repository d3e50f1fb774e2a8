"""Who may read customer data, and who did."""

from livemerge.access.admission import Admission, Presented
from livemerge.access.grant import AccessGrant
from livemerge.access.guesses import Guesses
from livemerge.access.keys import REMEMBERED_S, Conditions, KeyRecord, Keys, NewKey
from livemerge.access.log import AccessLog
from livemerge.access.log_row import MAX_LISTED, AccessRow, BatchRow, redacted
from livemerge.access.shares import Shares
from livemerge.access.signing import Signatures, SigningSecrets
from livemerge.access.tokens import AccessTokens, IssuedToken
from livemerge.access.unusual import Alarm, Unusual

__all__ = [
    "MAX_LISTED",
    "REMEMBERED_S",
    "AccessGrant",
    "AccessLog",
    "AccessRow",
    "AccessTokens",
    "Admission",
    "Alarm",
    "BatchRow",
    "Conditions",
    "Guesses",
    "IssuedToken",
    "KeyRecord",
    "Keys",
    "NewKey",
    "Presented",
    "Shares",
    "Signatures",
    "SigningSecrets",
    "Unusual",
    "redacted",
]
