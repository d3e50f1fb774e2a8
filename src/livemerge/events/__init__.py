"""What customers did: events in, features out."""

from livemerge.events.changes import EVERY_SOURCE, EVERYBODY, Change, Changes
from livemerge.events.event import Event, load_jsonl
from livemerge.events.eventstore import EventStore

__all__ = ["EVERYBODY", "EVERY_SOURCE", "Change", "Changes", "Event", "EventStore", "load_jsonl"]
