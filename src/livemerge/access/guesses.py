"""Wrong keys and signatures, counted by who sent them and by the key they pretend to be. Memory is bounded."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import Final

from livemerge.clock import Clock
from livemerge.errors import SlowDownError

WINDOW_S: Final = 60.0
MAX_COUNTED: Final = 10_000  # callers and prefixes; past that the one not seen for longest goes
PREFIX_SHARE: Final = 10  # wrong keys for one prefix from everywhere, in multiples of what one caller may send


class Guesses:
    """Counts wrong credentials. A right key is never refused here: who guesses must not lock its owner out."""

    def __init__(self, clock: Clock, *, most_per_minute: int) -> None:
        self._clock = clock
        self._most = most_per_minute
        self._counted: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how many; the window's monotonic end in s

    def note(self, remote: str, prefix: str) -> bool:
        """Counts one; whether it is the first too many of this caller or for this prefix in its window."""
        from_caller = self._add(f"from {caller(remote)}") == self._most
        for_prefix = bool(prefix) and self._add(f"for {prefix}") == self._most * PREFIX_SHARE
        return from_caller or for_prefix

    def refuse(self, remote: str, prefix: str) -> None:
        """Raises SlowDownError while there were too many; the credential itself is not looked at."""
        for name, most in ((f"from {caller(remote)}", self._most), (f"for {prefix}", self._most * PREFIX_SHARE)):
            count, ends_s = self._counted.get(name, (0, 0.0))
            wait_s = ends_s - self._clock.monotonic_s()
            if wait_s <= 0:
                self._counted.pop(name, None)
            elif count >= most:
                advice = "Check the key that is sent; a right one is taken again after the wait."
                raise SlowDownError("too many wrong keys", advice=advice, retry_after_s=wait_s)

    @property
    def is_calm(self) -> bool:
        """Whether nobody guessed lately, so that nothing needs to be asked."""
        return not self._counted

    def _add(self, name: str) -> int:
        now_s = self._clock.monotonic_s()
        count, ends_s = self._counted.pop(name, (0, now_s + WINDOW_S))
        if ends_s <= now_s:
            count, ends_s = 0, now_s + WINDOW_S
        if len(self._counted) >= MAX_COUNTED:
            self._counted.popitem(last=False)
        self._counted[name] = (count + 1, ends_s)
        return count + 1


def caller(remote: str) -> str:
    """Who a caller is, as far as addresses tell: one IPv6 customer has a whole /64."""
    if ":" not in remote:
        return remote
    try:
        address = ipaddress.IPv6Address(remote.partition("%")[0])
    except ValueError:
        return remote[:100]
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
