"""Answers that are still right, kept as octets: an ESP renders HTML, text and AMP, and asks for the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from livemerge.api.answer import Answer
from livemerge.api.selection import Selection
from livemerge.errors import StoreError
from livemerge.resolve import Glance, Glances
from livemerge.values import Key, Profile

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ANSWER_BYTES: Final = 64 * 1024  # larger ones are written anew each time
OVERHEAD_BYTES: Final = 1_000  # of one entry besides its octets, roughly
T = TypeVar("T")


class _Entry(msgspec.Struct, frozen=True, gc=False):
    selection: Selection
    glance: Glance
    answer: Answer

    @property
    def size_bytes(self) -> int:
        return len(self.answer.head) + len(self.answer.tail) + OVERHEAD_BYTES


class PreparedAnswers:
    """Answers by selection and customer, each with what it was made of. The oldest go when there are too many."""

    def __init__(self, glances: Glances, *, max_bytes: int = MAX_BYTES) -> None:
        self._glances = glances
        self._max_bytes = max_bytes
        self._kept: dict[tuple[int, Key], _Entry] = {}  # by the identity of the selection, which the entry keeps alive
        self.size_bytes = 0

    def known(
        self, selection: Selection, key: Key, now: datetime, write: Callable[[Profile, T], Answer | None], about: T
    ) -> Answer | None:
        """The answer where nobody has to be asked for it. None too where the store fails: then resolving says what.

        write: the answer with a profile, and with `about`; None where it cannot be one that is kept.
        """
        return self.known_many(selection, (key,), now, write, about).get(key)

    def known_many(
        self,
        selection: Selection,
        keys: Iterable[Key],
        now: datetime,
        write: Callable[[Profile, T], Answer | None],
        about: T,
    ) -> dict[Key, Answer]:
        """The same for many customers; who is not known is left out."""
        found: dict[Key, Answer] = {}
        kept, holds, of = self._kept, self._glances.holds, id(selection)
        try:
            pins = self._glances.pins()
            for key in keys:
                entry = kept.get((of, key))
                if entry is not None and holds(entry.glance, now, pins):
                    found[key] = entry.answer
                    continue
                self._drop((of, key))
                glance = self._glances.find(selection.plan, key)
                if glance is not None and (answer := write(glance.profile, about)) is not None:
                    self.keep(selection, key, glance, answer)
                    found[key] = answer
        except StoreError:
            pass
        return found

    def keep(self, selection: Selection, key: Key, glance: Glance, answer: Answer) -> None:
        """Keeps an answer that a glance gave."""
        entry = _Entry(selection, glance, answer)
        if entry.size_bytes > MAX_ANSWER_BYTES:
            return
        self._drop((id(selection), key))
        self._kept[(id(selection), key)] = entry
        self.size_bytes += entry.size_bytes
        while self.size_bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: tuple[int, Key]) -> None:
        if (entry := self._kept.pop(name, None)) is not None:
            self.size_bytes -= entry.size_bytes
