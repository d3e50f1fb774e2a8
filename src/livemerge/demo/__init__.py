"""A small world on loopback to try Livemerge in: a CRM, a shop, web events, an inbox, and a project that uses them."""

from livemerge.demo.world import World

__all__ = ["World"]
