"""What a key is for: `view:NAME`, `feed:NAME`, `content:TEMPLATE`, `private:FIELD`, `profile`, `prefetch`, `track`,
`sources`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from livemerge.errors import AccessError

_NAME: Final = r"[a-z][a-z0-9_]*"
_SCOPE: Final = re.compile(
    rf"profile|prefetch|track|sources|(?:view|feed):(?:{_NAME}|\*)|private:{_NAME}|content:(?:[\w][\w./-]*|\*)"
)
UNSCOPED: Final = frozenset({"profile", "view:*", "feed:*", "content:*"})  # none of these opens a private field
FORMS: Final = "profile, view:NAME, feed:NAME, content:TEMPLATE, private:FIELD, prefetch, track, sources"


def check_scopes(scopes: Iterable[str]) -> None:
    """Raises AccessError for what is no scope."""
    for scope in scopes:
        if len(scope) > 200 or not _SCOPE.fullmatch(scope):
            raise AccessError(f"`{scope[:80]}` is no scope", advice=f"There are: {FORMS}.")


def effective(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes a key acts by: one that names only private fields reads everything else that is not private too."""
    named = frozenset(scopes)
    is_narrowed = any(not scope.startswith("private:") for scope in named)
    return named if is_narrowed else named | UNSCOPED


def covers(held: frozenset[str], asked: str) -> bool:
    """Whether who holds these scopes holds that one."""
    if asked in held:
        return True
    kind, _, _ = asked.partition(":")
    return kind != "private" and f"{kind}:*" in held


def private_fields(scopes: Iterable[str]) -> frozenset[str]:
    """The private fields that scopes name."""
    return frozenset(scope.removeprefix("private:") for scope in scopes if scope.startswith("private:"))
