"""The HTTP face: a customer's profile for whoever renders mail, and the pages that links in messages lead to."""

from livemerge.api.connection import Connection, end_slow_ones
from livemerge.api.make import Api, make_api

__all__ = ["Api", "Connection", "end_slow_ones", "make_api"]
