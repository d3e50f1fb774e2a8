"""UNDERSTAND: template text → tree → (fields read, findings, program)."""

from livemerge.template.fetches import Reply, Request, Unanswered
from livemerge.template.findings import Finding, Read
from livemerge.template.languages import LANGUAGES
from livemerge.template.message_template import MessageTemplate, RenderedText, compile_message
from livemerge.template.template import Template, Writer, compile  # noqa: A004
from livemerge.template.trace import Trace, TracedBranch, TracedValue

__all__ = [
    "LANGUAGES",
    "Finding",
    "MessageTemplate",
    "Read",
    "RenderedText",
    "Reply",
    "Request",
    "Template",
    "Trace",
    "TracedBranch",
    "TracedValue",
    "Unanswered",
    "Writer",
    "compile",
    "compile_message",
]
