"""Which of several texts a template means by a name."""

from __future__ import annotations

from collections.abc import Mapping


def named(name: str, texts: Mapping[str, str]) -> str | None:
    """The text of a name, with or without its ending, in any case; of `Folder\\Name` also by the parts at its end."""
    if name in texts:
        return texts[name]
    folded = {known.removesuffix(".liquid").lower(): text for known, text in texts.items()}
    parts = name.lower().split("\\")
    ends = ("/".join(parts[at:]) for at in range(len(parts)))
    return next((folded[end] for end in ends if end in folded), None)
