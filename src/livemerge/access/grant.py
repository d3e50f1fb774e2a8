"""What one request may do: its key's scopes and conditions, narrowed to one customer where it is signed for one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from livemerge.access.scopes import UNSCOPED, covers, private_fields
from livemerge.errors import ForbiddenError
from livemerge.values import Key

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What the bearer of a key may do, for this request."""

    prefix: str  # of the key; not secret
    name: str
    private_fields: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    scopes: frozenset[str] = UNSCOPED  # as they act: see scopes.effective
    allow_query: bool = False  # the key may stand in an address, beside a proof of the customer
    networks: tuple[Network, ...] = ()  # callers must come from one of these; none: from anywhere
    profile: str = ""  # the ESP the key was made for
    is_test: bool = False  # may simulate
    rate_per_s: float | None = None  # the key's fair share; None: the project's
    ids_per_hour: int | None = None  # customers after which it is slowed; None: the project's
    subject: Key | None = None  # a signed token or hash binds the request to this customer; None: to nobody
    asks_sources: bool = True  # False: the key is past its fair share, answer from what is known

    @property
    def reads_profile(self) -> bool:
        """Whether fields may be asked for by their names (profile, batch, text)."""
        return "profile" in self.scopes

    def may_read(self, view: str) -> bool:
        return covers(self.scopes, f"view:{view}")

    def may_read_feed(self, feed: str) -> bool:
        return covers(self.scopes, f"feed:{feed}")

    def may_render(self, template: str) -> bool:
        return covers(self.scopes, f"content:{template}")

    def may(self, scope: str) -> bool:
        """Whether the key holds a scope such as `prefetch`."""
        return covers(self.scopes, scope)

    def require(self, scope: str) -> None:
        """Raises ForbiddenError, which names the scope, where the key does not hold it."""
        if not covers(self.scopes, scope):
            advice = f"A key with it: livemerge keys create NAME --scope {scope}"
            raise ForbiddenError(f"the API key lacks the scope `{scope}`", advice=advice)

    def require_customers(self, customers: Iterable[Key]) -> None:
        """Raises ForbiddenError where the request is signed for another customer than these."""
        if self.subject is not None and any(customer != self.subject for customer in customers):
            raise ForbiddenError(
                "the request is signed for another customer", advice="Sign the very id that is asked for."
            )

    def narrowed(self, scopes: Iterable[str], subject: Key | None = None) -> AccessGrant:
        """The same for these scopes only, of which it holds all, and for one customer where one is named."""
        kept = frozenset(scopes)
        return replace(
            self, scopes=kept, private_fields=private_fields(kept), subject=self.subject if subject is None else subject
        )
