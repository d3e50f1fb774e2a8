"""What is wrong with `[access]`."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from livemerge.config.durations import parse_duration_s
from livemerge.config.places import TomlPlaces
from livemerge.config.sections import Access
from livemerge.errors import ConfigError


def access_contradictions(access: Access, places: TomlPlaces) -> Iterable[ConfigError]:
    """Spans and networks that are none, numbers out of range."""
    if not parse_duration_s(access.keep):
        advice = 'A number and s, m, h, d or w: keep = "90d".'
        yield ConfigError("is not a span of time", where=places.where("access", "keep"), advice=advice)
    for network in access.proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            advice = 'Networks of your own proxies: proxies = ["10.0.0.0/8", "127.0.0.1/32"].'
            yield ConfigError("is not a network", where=places.where("access", "proxies"), advice=advice)
    for name, least, most in (
        ("keep_rows", 1, 10**12),
        ("rate_per_s", 0, 1_000_000),
        ("burst_s", 1, 3_600),
        ("ids_per_hour", 0, 1_000_000_000),
        ("misses", 0, 1),
        ("wrong_keys_per_minute", 1, 1_000_000),
    ):
        if not least <= getattr(access, name) <= most:
            advice = f"Write a number from {least} to {most}."
            yield ConfigError(f"is not between {least} and {most}", where=places.where("access", name), advice=advice)
