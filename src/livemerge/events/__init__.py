"""What customers did: events in, features out."""

from livemerge.events.event import Event, load_jsonl
from livemerge.events.eventstore import EventStore

__all__ = ["Event", "EventStore", "load_jsonl"]
