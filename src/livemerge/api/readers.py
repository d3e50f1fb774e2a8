"""The reading paths: which path, and who answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from livemerge.api.batch import BatchReader
from livemerge.api.changed import ChangeTeller
from livemerge.api.content import ContentReader
from livemerge.api.feed import FeedReader
from livemerge.api.prefetch import Prefetcher
from livemerge.api.profile import ProfileReader
from livemerge.api.reading import MAX_BATCH_BYTES, Route
from livemerge.api.resolving import Resolving
from livemerge.api.sources import SourcesReader
from livemerge.api.text import TextReader
from livemerge.api.views import ViewReader
from livemerge.app import Livemerge

PROFILE: Final = "/api/customer-profile/{customer_id}"
BATCH: Final = "/api/customer-profiles"
VIEW: Final = "/api/views/{view}"
TEXT: Final = "/api/text/{field}"
FEED: Final = "/api/feed/{name}"
CONTENT: Final = "/api/content/{template}/{customer_id}"
PREFETCH: Final = "/api/prefetch"
CHANGED: Final = "/api/changed"
SOURCES: Final = "/api/sources"


@dataclass(frozen=True, slots=True)
class Readers:
    """Who answers, by path; and what must be ended with the process."""

    routes: Mapping[str, Route]
    prefetcher: Prefetcher


def make_readers(project: Livemerge, deadline_s: float) -> Readers:
    """deadline_s: of who named no service."""
    resolving = Resolving(project, deadline_s)
    profiles, batch, prefetcher = ProfileReader(resolving), BatchReader(resolving), Prefetcher(resolving)
    views = ViewReader(resolving, batch)
    routes = {
        PROFILE: Route(profiles.read, at_once=profiles.at_once),
        BATCH: Route(batch.read, MAX_BATCH_BYTES, methods=("POST",)),
        VIEW: Route(views.read, MAX_BATCH_BYTES, at_once=views.at_once),
        TEXT: Route(TextReader(resolving).read),
        FEED: Route(FeedReader(resolving).read),
        CONTENT: Route(ContentReader(resolving).read),
        PREFETCH: Route(prefetcher.read, MAX_BATCH_BYTES),
        CHANGED: Route(ChangeTeller(resolving).read, MAX_BATCH_BYTES, methods=("POST",)),
        SOURCES: Route(SourcesReader(resolving).read),
    }
    return Readers(routes, prefetcher)
