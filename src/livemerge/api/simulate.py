"""`?simulate=miss|stale|slow|500`: what a template does when data is missing, old, late or refused.

Only for test keys. A profile is changed after it was resolved, so nothing of it enters a cache, or counts against a
source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec

from livemerge.access import AccessGrant
from livemerge.api.asked import Asked
from livemerge.api.refusal import Refusal
from livemerge.api.selection import Selection
from livemerge.catalog import Field
from livemerge.errors import ForbiddenError, nearest_or_all
from livemerge.values import Cause, Key, LadderStep, Profile, Provenance, Value

SIMULATIONS: Final = ("miss", "stale", "slow", "500")
LATE: Final = 2.0  # times the deadline; that is past every service's own limit that is known


def simulation_of(asked: Asked, grant: AccessGrant) -> str:
    """What the request wants simulated; empty for nothing. Raises ForbiddenError, Refusal."""
    wanted = asked.query.get("simulate", "")
    if not wanted:
        return ""
    if not grant.is_test:
        advice = "Make one: livemerge keys create NAME --test"
        raise ForbiddenError("only a test key may simulate", advice=advice)
    if wanted not in SIMULATIONS:
        raise Refusal(400, f"`{wanted[:40]}` cannot be simulated", nearest_or_all(wanted[:40], SIMULATIONS))
    if wanted == "500":
        raise Refusal(500, "simulated", "Leave out ?simulate=500.")
    return wanted


def fallback_profile(key: Key, selection: Selection, cause: Cause, detail: str) -> Profile:
    """Every field by its last step. No value is known, and none is claimed to be."""
    fields = [field for field in selection.fields if field.name not in selection.withheld]
    origins = {
        field.name: Provenance(LadderStep.FALLBACK, field.source, cause=cause, detail=detail) for field in fields
    }
    return Profile(key, {field.name: field.fallback for field in fields}, origins, is_found=False)


def stale_profile(profile: Profile, fields: Mapping[str, Field]) -> Profile:
    """The profile as it would be had the sources given no answer: values older than they may be, and marked so."""
    values: dict[str, Value] = dict(profile.values)
    origins = {name: _aged(origin, fields[name]) for name, origin in profile.provenance.items()}
    return msgspec.structs.replace(profile, values=values, provenance=origins)


def _aged(origin: Provenance, field: Field) -> Provenance:
    if origin.cause is not None or origin.as_of is None:
        return origin
    past = timedelta(seconds=min(field.max_age_s, 86_400.0) + 1)
    return msgspec.structs.replace(origin, step=LadderStep.STALE, as_of=origin.as_of - past)
