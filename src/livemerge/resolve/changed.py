"""When whom changed last: rows that other processes wrote from what was said before are not used."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from livemerge.events import EVERY_SOURCE, EVERYBODY, Change
from livemerge.resolve.row_codec import Remembered
from livemerge.values import Key

MAX_APART: Final = 50_000  # changes held one by one, some 10 MB; older ones become everybody's
SETTLES: Final = timedelta(seconds=2)  # after a change was told: its transaction ends, and machines' clocks differ


class Changed:
    """The last change of each source and key."""

    def __init__(self, *, max_apart: int = MAX_APART) -> None:
        self._max_apart = max_apart
        self._apart: OrderedDict[tuple[str, Key], datetime] = OrderedDict()
        self._all: dict[str, datetime] = {}  # by source; EVERY_SOURCE: of any

    def add(self, change: Change) -> bool:
        """Whether the change is news."""
        if change.key == EVERYBODY:
            return self._add_all(change)
        place = (change.source, change.key)
        before = self._apart.get(place)
        if before is not None and change.at <= before:
            return False
        self._apart[place] = change.at
        self._apart.move_to_end(place)
        if len(self._apart) > self._max_apart:
            (source, _), at = self._apart.popitem(last=False)
            self._add_all(Change(source, EVERYBODY, at))
        return True

    def since(self, source: str, key: Key, row: Remembered) -> bool:
        """Whether the key changed after the row's oldest field was learned."""
        if not self._apart and not self._all:
            return False
        changes = [self._apart.get((one, key)) for one in (source, EVERY_SOURCE)]
        changes += [self._all.get(one) for one in (source, EVERY_SOURCE)]
        known = [at for at in changes if at is not None]
        return bool(known) and min(field.fetched_at for field in row.fields.values()) < max(known) + SETTLES

    def _add_all(self, change: Change) -> bool:
        before = self._all.get(change.source)
        if before is not None and change.at <= before:
            return False
        self._all[change.source] = change.at
        return True
