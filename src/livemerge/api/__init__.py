"""The HTTP face: a customer's profile for whoever renders mail, and the pages that links in messages lead to."""

from livemerge.api.make import make_api

__all__ = ["make_api"]
