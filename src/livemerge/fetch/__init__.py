"""ANSWER: what templates ask of the network while they render → replies, through one guarded client."""

from livemerge.fetch.client import FetchClient, Fetched, make_fetch_client
from livemerge.fetch.replay import NO_FETCHES, Fetches, render_fetching
from livemerge.fetch.rules import Refused

__all__ = ["NO_FETCHES", "FetchClient", "Fetched", "Fetches", "Refused", "make_fetch_client", "render_fetching"]
