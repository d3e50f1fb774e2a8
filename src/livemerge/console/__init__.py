"""The web console: pages for people, behind a token."""

from livemerge.console.mount import mount_console

__all__ = ["mount_console"]
