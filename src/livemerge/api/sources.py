"""`GET /api/sources`: how each source has been answering this process lately, and whether it is asked at all."""

from __future__ import annotations

import os
from typing import Any

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.asked import Asked
from livemerge.api.refusal import PRIVATE
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving
from livemerge.resolve.health import Health


class SourcesReader:
    """Answers with the health of one project's sources."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving
        self._project = resolving.project

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """Figures by source. Raises AccessError."""
        grant.require("sources")
        healths = self._project.resolver.health()
        answer = {
            "ok": True,
            "process": os.getpid(),
            "sources": {name: _figures(health) for name, health in sorted(healths.items())},
            "request_id": asked.request_id,
        }
        headers = self._resolving.headers(asked, shapes.JSON, PRIVATE)
        return Reply(200, headers, shapes.as_json(answer, is_ascii=False))


def _figures(health: Health) -> dict[str, Any]:
    lately = health.answers + health.failures
    return {
        "state": str(health.state),
        "answered": health.answered_ever,
        "failed": health.failed_ever,
        "failing": round(health.failures / lately, 3) if lately else 0.0,
        "p50_ms": round(health.percentile_s(0.5) * 1000, 1),
        "p99_ms": round(health.percentile_s(0.99) * 1000, 1),
    }
