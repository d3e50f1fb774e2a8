"""What to paste into an ESP so that it reads a view, made from the view: its names, its fallbacks, its key's place."""

from livemerge.api.snippets.snippet import Part, Snippet
from livemerge.api.snippets.writers import WRITERS, make_snippet

__all__ = ["WRITERS", "Part", "Snippet", "make_snippet"]
