"""A plan and customers → profiles, under one deadline, each value with its provenance."""

from livemerge.resolve.cache import Cache
from livemerge.resolve.extensions import Extensions
from livemerge.resolve.glance import Glance, Glances
from livemerge.resolve.heeding import Heeding
from livemerge.resolve.overrides import Override, Overrides
from livemerge.resolve.resolver import Fault, Resolver

__all__ = ["Cache", "Extensions", "Fault", "Glance", "Glances", "Heeding", "Override", "Overrides", "Resolver"]
