"""Why rendering cannot go on."""

from __future__ import annotations

from livemerge.template.limits import MAX_TEXT_CHARACTERS


class Fault(Exception):
    """Rendering cannot go on; the template's place is added by whoever knows it."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def too_long() -> Fault:
    return Fault(f"a value grows over {MAX_TEXT_CHARACTERS} characters", "shorten what is joined or repeated")
