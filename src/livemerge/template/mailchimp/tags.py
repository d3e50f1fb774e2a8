"""What merge tags there are: the vocabulary of Mailchimp and of Mandrill, and where tags stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from livemerge.template.plain_text import TagSpan

FORMATS = {"UPPER": "upper", "LOWER": "lower", "TITLE": "title", "URL": "url"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one of the two services can do. Names are of tags, or what stands before the colon in them."""

    title: str
    namespaces: frozenset[str]  # of names with a colon that data may have
    vendor_only: frozenset[str]  # what only the service itself can do
    vendor_values: frozenset[str] = frozenset()  # what it fills itself, and a field of just this name may
    has_any_case: bool = False  # fields are read in any case
    has_groups: bool = False  # INTERESTED
    has_feeds: bool = False  # RSSITEMS, RSSFEED
    has_unsubscribe_target: bool = False  # UNSUB:https://…
    has_archive_page: bool = False  # ARCHIVE_PAGE, which no mail is


_ACCOUNT = frozenset({"LIST", "MC", "USER", "ACCOUNT", "AUTOMATION", "CAMPAIGN", "ARCHIVE", "RSSFEED"})
_BLOCKS = frozenset(  # what Mailchimp fetches or draws around other text
    {"FEEDBLOCK", "FEEDITEMS", "FEEDITEM", "FEED", "POLL", "SURVEY", "END", "PROMO_CODE", "VIDEO", "YOUTUBE", "VIMEO"}
)
_VALUES = frozenset(  # what Mailchimp fetches, counts or draws itself, and a field may stand in for
    {"RSSITEM", "RSS", "MC:TOC", "MC:TOC_TEXT", "MC:TRANSLATE", "TRANSLATE", "COUPON", "REWARDS", "REWARDS_TEXT"}
    | {
        "FACEBOOK",
        "TWITTER",
        "INSTAGRAM",
        "PINTEREST",
        "LINKEDIN",
        "SOCIAL",
        "SHARE",
        "EVENTBRITE",
        "PRODUCT_RECOMMENDATION",
    }
)

DIALECTS = {
    "mailchimp": Dialect(
        "Mailchimp", _ACCOUNT, _BLOCKS, _VALUES, has_groups=True, has_feeds=True, has_archive_page=True
    ),
    "mandrill": Dialect(
        "Mandrill", frozenset({"MC"}), frozenset({"END"}), has_any_case=True, has_unsubscribe_target=True
    ),
}

_TAG = re.compile(r"\*\|[^|*\n]{1,500}\|\*")
_STRUCTURE = re.compile(r"\*\|(?:IF|IFNOT|ELSEIF|ELSE|END|INTERESTED|RSSITEMS)\b")


def mailchimp_spans(text: str) -> Iterator[TagSpan]:
    """Every merge tag, in order."""
    for found in _TAG.finditer(text):
        yield TagSpan(found.start(), found.end(), not _STRUCTURE.match(found[0]))


def mailchimp_guard(text: str) -> str:
    """Plain text in which `*|` stays what it is: a word joiner keeps the two characters apart."""
    return text.replace("*|", "*\u2060|")
