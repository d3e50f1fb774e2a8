"""`POST /api/changed`: a source's webhook says who changed, and what was remembered of them counts no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.asked import Asked
from livemerge.api.body import body_of
from livemerge.api.identity import MAX_KEYS, as_key, keys_of, wrong_with
from livemerge.api.refusal import PRIVATE, Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving
from livemerge.errors import nearest_or_all
from livemerge.values import Key


class ChangeTeller:
    """Tells every process of one project who changed."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._project = resolving.project

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """How many were told of. Raises Refusal, AccessError, StoreError."""
        grant.require("track")
        body = body_of(asked)
        keys = _keys(body)
        grant.require_customers(keys)
        await self._project.tell_changed(keys, self._source(body))
        answer = {"ok": True, "changed": len(keys), "request_id": asked.request_id}
        headers = self._resolving.headers(asked, shapes.JSON, PRIVATE)
        return Reply(200, headers, shapes.as_json(answer, is_ascii=False))

    def _source(self, body: Mapping[str, Any]) -> str | None:
        name = body.get("source")
        if name is None:
            return None
        known = self._project.settings.source
        if not isinstance(name, str) or name not in known:
            shown = str(name)[:80]
            raise Refusal(400, f"there is no source `{shown}`", nearest_or_all(shown, known))
        return name


def _keys(body: Mapping[str, Any]) -> list[Key]:
    """`id`, or the keys among `ids`. Raises Refusal 400 where there is none."""
    given = [body["id"]] if "id" in body else keys_of(body)
    keys = list(dict.fromkeys(key for one in given if (key := as_key(one)) is not None and not wrong_with(key)))
    if not keys:
        raise Refusal(400, "nobody is named", f'Send {{"ids": ["a", "b"]}}, up to {MAX_KEYS}.')
    return keys
