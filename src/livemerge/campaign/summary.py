"""What became of a campaign run, in figures: for people as text, for programs as one JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from livemerge.campaign.ledger import Reason
from livemerge.observe.figures import FieldFigures, Figures, SourceFigures
from livemerge.values import LadderStep


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished or stopped `send`. States count the whole run, `sent_now` this call alone."""

    campaign: str
    occurrence: str
    states: Mapping[str, int]
    reasons: tuple[Reason, ...]
    sent_now: int
    failed_now: int
    seconds: float
    figures: Figures
    is_stopped: bool = False  # before everybody had their turn

    @property
    def is_refused(self) -> bool:
        """Whether the relay refused everything this call handed over."""
        return self.sent_now == 0 and self.failed_now > 0

    @property
    def messages_per_s(self) -> float:
        return self.sent_now / self.seconds if self.seconds else 0.0

    @property
    def fallback_share(self) -> float:
        """Of all values that went into messages in this call, how many were fallbacks; 0 to 1."""
        steps = [field.steps for field in self.figures.fields.values()]
        total = sum(sum(counts.values()) for counts in steps)
        return sum(counts[LadderStep.FALLBACK] for counts in steps) / total if total else 0.0

    def as_json(self) -> dict[str, Any]:
        """The object `--json` prints."""
        return {
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            **self.states,
            "sent_now": self.sent_now,
            "stopped": self.is_stopped,
            "reasons": [asdict(reason) for reason in self.reasons],
            "fallback_share": round(self.fallback_share, 4),
            "seconds": round(self.seconds, 3),
            "messages_per_s": round(self.messages_per_s, 1),
            "sources": {name: _source(figures) for name, figures in sorted(self.figures.sources.items())},
            "fields": {name: _field(figures) for name, figures in sorted(self.figures.fields.items())},
        }


def _source(figures: SourceFigures) -> dict[str, Any]:
    return {
        "calls": figures.calls,
        "keys": figures.keys,
        "retries": figures.retries,
        "errors": sum(figures.errors.values()),
        "errors_by_cause": dict(figures.commonest_errors(10)),
        "foreign_rows": figures.foreign_rows,
        "p50_ms": round(figures.took_s.percentile(50) * 1000, 1),
        "p95_ms": round(figures.took_s.percentile(95) * 1000, 1),
        "max_ms": round(figures.took_s.largest * 1000, 1),
    }


def _field(figures: FieldFigures) -> dict[str, Any]:
    return {
        **{step.value: figures.steps[step] for step in LadderStep},
        "causes": dict(figures.causes),
        "age_p50_s": round(figures.age_s.percentile(50), 3),
        "age_p95_s": round(figures.age_s.percentile(95), 3),
        "age_max_s": round(figures.age_s.largest, 3),
    }
