"""What every store can do, whatever keeps it: SQL in, rows out; a transaction is kept whole or not at all.

Statements are written once, in the words that SQLite and PostgreSQL share: `?` or `:name` for what is bound,
`ON CONFLICT` instead of `OR REPLACE`, `CASE` instead of a `min` of two values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
Dialect: TypeAlias = Literal["sqlite", "postgresql"]
T = TypeVar("T")


class Row(Protocol):
    """One row: by place, by name, and as a mapping for `dict`."""

    def __getitem__(self, place: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]:
        """The names of the columns, in order."""


class Store(Protocol):
    """An open store. Every method raises StoreError when it cannot be read or written."""

    @property
    def place(self) -> str:
        """Where it is, without any password: what errors name."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL is spoken, for the few statements that must differ."""

    def rows(self, sql: str, parameters: Parameters = ()) -> Sequence[Row]:
        """All rows of one statement; outside a transaction a writing statement commits at once."""

    def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row, or None."""

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Runs one statement; gives how many rows it changed."""

    def run_many(self, sql: str, many: Iterable[Parameters]) -> int:
        """Runs one statement for each set of parameters, in one transaction."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing. Inside another transaction it is part of that one."""

    def hasty(self) -> AbstractContextManager[None]:
        """A transaction that does not wait for the disk: for what may be lost, such as a cache."""

    def impatient(self) -> AbstractContextManager[None]:
        """What is written here does not wait for others: StoreError with `is_busy`, to be tried again."""

    async def apart(self, work: Callable[[], T]) -> T:
        """What `work` gives, without holding up the event loop for longer than a read of a local file takes.

        On the spot where the store is a file: a hop to a thread costs eight times a read. In a thread where it is a
        server, whose answer may take long or never come.
        """

    async def prepare(self) -> None:
        """Makes what hurried reads need, so that the first ones do not fail for want of it. Raises StoreError."""

    async def tidy(self) -> None:
        """Does in a thread what would hold up a later write: after many were made."""

    def only_one(self, name: str) -> AbstractContextManager[bool]:
        """Whether this process alone holds `name` meanwhile; let go of however the process dies."""

    def close(self) -> None:
        """Gives connections and files back. Every later call raises StoreError."""
