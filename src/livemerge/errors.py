"""Every error Livemerge raises on purpose, as one tree.

    LivemergeError            where, what, and what to do next
    ├── ConfigError           livemerge.toml, a campaign file, the environment
    ├── TemplateError         a template that cannot be compiled or rendered
    │   ├── SkipRecipient     the template decided: not this customer
    │   └── AbortCampaign     the template decided: stop the whole campaign
    ├── SourceError           a source could not answer; `retryable` says whether asking again may help
    ├── AudienceError         an audience that cannot be mailed as it stands
    ├── DeliveryError         a transport that cannot take messages at all (one refused message is an outcome)
    ├── CampaignError         a campaign that must not go on as asked
    ├── StoreError            the store cannot be read or written
    └── AccessError           a key that is missing, wrong, expired or revoked
        ├── ForbiddenError    a known key that may not do this
        └── SlowDownError     too many wrong keys, or too many customers read with one

No error text holds a secret or personal data; a customer's key may be named.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class LivemergeError(Exception):
    """Something a person can act on: `what` happened, `where`, and the `advice` that mends it."""

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.advice = advice

    @property
    def place(self) -> str:
        """`where`, as exactly as it is known."""
        return self.where

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  {self.advice}" if self.advice else text


class ConfigError(LivemergeError):
    """A setting is wrong. Several mistakes of one file come together in `others`, so one read mends all."""

    def __init__(self, what: str, *, where: str = "", advice: str = "", others: tuple[ConfigError, ...] = ()) -> None:
        super().__init__(what, where=where, advice=advice)
        self.others = others

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(other) for other in self.others)])


class TemplateError(LivemergeError):
    """A template cannot be compiled or rendered. `line` and `column` count from 1; `caret` shows the place."""

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        advice: str = "",
        line: int = 0,
        column: int = 0,
        caret: str = "",
    ) -> None:
        super().__init__(what, where=where, advice=as_sentence(advice))
        self.line = line
        self.column = column
        self.caret = caret

    @property
    def place(self) -> str:
        """`file:line:column`."""
        return f"{self.where}:{self.line}:{self.column}" if self.line else self.where

    def __str__(self) -> str:
        head = f"{self.place}: {self.what}" if self.place else self.what
        return "\n".join(part for part in (head, self.caret, self.advice and f"  {self.advice}") if part)


class SkipRecipient(TemplateError):
    """The template asked that this customer gets no message."""


class AbortCampaign(TemplateError):
    """The template asked that the whole campaign stops."""


class SourceError(LivemergeError):
    """A source gave no answer. `retry_after_s` is the source's own wish, None where it named none."""

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        advice: str = "",
        retryable: bool,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(what, where=where, advice=advice)
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class AudienceError(LivemergeError):
    """An audience has no usable key or address where one is needed; `where` names file and line."""


class DeliveryError(LivemergeError):
    """A transport cannot take messages. `retryable` says whether the same call may work later."""

    def __init__(self, what: str, *, where: str = "", advice: str = "", retryable: bool) -> None:
        super().__init__(what, where=where, advice=advice)
        self.retryable = retryable


class CampaignError(LivemergeError):
    """A campaign must not start or go on as asked."""


class StoreError(LivemergeError):
    """The store cannot be read or written; what was committed before stays. `is_busy`: another process writes now."""

    def __init__(self, what: str, *, where: str = "", advice: str = "", is_busy: bool = False) -> None:
        super().__init__(what, where=where, advice=advice)
        self.is_busy = is_busy


class AccessError(LivemergeError):
    """A caller may not have what it asked for: nobody knows who it is."""


class ForbiddenError(AccessError):
    """The caller is known, and may not do this."""


class SlowDownError(AccessError):
    """The caller asks too often in a way that looks like guessing. `retry_after_s`: when it may ask again."""

    def __init__(self, what: str, *, where: str = "", advice: str = "", retry_after_s: float) -> None:
        super().__init__(what, where=where, advice=advice)
        self.retry_after_s = retry_after_s


def raise_all(mistakes: Sequence[ConfigError]) -> None:
    """Raises the mistakes of a file together, where there are any."""
    if mistakes:
        first, *others = mistakes
        raise ConfigError(first.what, where=first.where, advice=first.advice, others=tuple(others))


def nearest(word: str, known: Iterable[str]) -> str:
    """Advice that names the known word most like `word`; empty where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`?" if near else ""


def nearest_or_all(word: str, known: Iterable[str]) -> str:
    """Advice that names the nearest known word, or all of them where none is near."""
    known = sorted(known)
    return nearest(word, known) or f"There are: {', '.join(known) or 'none'}."


def as_sentence(text: str) -> str:
    """A text that begins with a capital and ends with a stop; code at its beginning stays as it is."""
    if not text:
        return text
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
