"""The project that `livemerge init` writes: it runs as it is, with nothing else running."""

from livemerge.starter.project import write_project

__all__ = ["write_project"]
