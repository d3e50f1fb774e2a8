"""`GET|POST /api/text/{field}`: one field of one customer as bare text, for whoever cannot read JSON."""

from __future__ import annotations

from typing import Final, get_args

from livemerge.access import AccessGrant
from livemerge.api import shapes
from livemerge.api.answer import field_values
from livemerge.api.asked import Asked, says_yes
from livemerge.api.body import body_of
from livemerge.api.escaping import escaped
from livemerge.api.identity import key_of
from livemerge.api.refusal import Refusal
from livemerge.api.reply import Reply
from livemerge.api.resolving import Resolving, Timing
from livemerge.api.simulate import simulation_of
from livemerge.catalog import Escape
from livemerge.errors import nearest_or_all
from livemerge.values import LadderStep, Profile

DISPLAY: Final = "_display"


class TextReader:
    """Answers with single values of one project."""

    def __init__(self, resolving: Resolving) -> None:
        self._resolving = resolving

    async def read(self, asked: Asked, grant: AccessGrant) -> Reply:
        """The value; `?default=` stands where no source gave one. Raises Refusal, AccessError."""
        grant.require("profile")
        shown = asked.parts[0]
        fields = self._resolving.project.catalog.fields
        name = shown.removesuffix(DISPLAY) if shown not in fields else shown
        selection = self._resolving.selections.select((name,), grant.private_fields)
        if name not in selection.names or selection.fields[0].type == "list":
            raise Refusal(400, f"`{name[:80]}` is a list, which is no text", "Ask for a view that holds it.")
        key, how = key_of(asked, body_of(asked)), _escape(asked)
        grant.require_customers((key,))
        timing, simulation = Timing(), simulation_of(asked, grant)
        deadline_s = self._resolving.deadline_s(grant)
        found = await self._resolving.profiles(
            [key], selection, deadline_s, timing, asks_sources=grant.asks_sources, simulation=simulation
        )
        self._resolving.note(asked, grant, selection.names, {key: found[key].is_found})
        values = field_values(found[key], selection)
        if shown not in values:
            raise Refusal(400, f"there is no field `{shown[:80]}`", f"`{name}` is a text: ask for it by its name.")
        default = asked.query.get("default")
        text = default if default is not None and not _is_known(found[key], name) else shapes.in_words(values[shown])
        written = escaped(text, how, is_markup=fields[name].type == "html")
        octets = shapes.as_text(written, is_ascii=says_yes(asked, "ascii"))
        return self._resolving.personal(asked, shapes.TEXT, octets, timing)


def _is_known(profile: Profile, name: str) -> bool:
    origin = profile.provenance.get(name)
    return origin is not None and origin.step is not LadderStep.FALLBACK


def _escape(asked: Asked) -> Escape:
    """What happens to the text; HTML unless the address says otherwise."""
    wanted = asked.query.get("escape", "html")
    for known in get_args(Escape):
        if known == wanted:
            escape: Escape = known
            return escape
    raise Refusal(400, f"`{wanted[:40]}` is no way to escape", nearest_or_all(wanted[:40], get_args(Escape)))
