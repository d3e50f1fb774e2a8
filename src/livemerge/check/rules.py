"""Every finding there is, by its code: how bad it is, and what it says in general.

An error keeps a template from being sent; a warning is for people to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from livemerge.template.findings import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """`effect`: what customers would notice, for findings that do not say it for themselves."""

    severity: Severity
    title: str
    effect: str = ""


_STOPS: Final = "Customers who get to this place get no message."
_UNREAD: Final = "What it reads of a customer is not asked for, and missing for everybody."

RULES: Final[dict[str, Rule]] = {
    # fields
    "unknown-field": Rule("error", "the template reads a name that no field or alias has"),
    "no-fallback": Rule("error", "printed, and may be missing: no fallback, no guard, no `default`"),
    "weak-guard": Rule("warning", "printed behind a test that lets a missing value through"),
    "reads-into": Rule("error", "reads a part of a value that has none, as `first_name.x`"),
    "not-a-list": Rule("error", "looped over, or read as a list, and is none"),
    "prints-a-list": Rule("warning", "a list printed as a whole"),
    # types
    "wrong-type": Rule("error", "a function or comparison that the field's type does not fit"),
    # places
    "unencoded-url": Rule("warning", "in the query of an address without URL encoding"),
    "unchecked-link": Rule("warning", "a text is the whole address of a link or picture"),
    "unsafe-place": Rule("warning", "in code or markup, where HTML escaping does not protect"),
    "value-in-comment": Rule("warning", "in an HTML comment, which readers do not see and anybody can read"),
    # branches
    "branch-never-taken": Rule("warning", "a branch that no customer can get"),
    "always-true": Rule("warning", "a test that is true for everybody"),
    # habits: what the language does otherwise than people expect
    "empty-fallback": Rule("warning", 'tested, but its fallback is `""`, which counts as a value'),
    "empty-list-is-true": Rule("warning", "a list is tested, and an empty one counts as a value"),
    "zero-is-false": Rule("warning", "a number is tested, and 0 counts as nothing"),
    "text-is-false": Rule("warning", "a text stands as a condition, and texts count as false"),
    "missing-is-not-empty": Rule("warning", 'compared with `""`, which a missing value is not equal to'),
    "missing-passes": Rule("warning", "a comparison that is true for a missing value"),
    "never-null": Rule("warning", "a function that takes no missing value for null"),
    "mixed-logic": Rule("warning", "AND, OR, NOT together without brackets"),
    # what is fetched while a message is made
    "fetches": Rule("warning", "asks a host while each message is made"),
    "fetch-host": Rule("error", "fetches from a host that [fetch] does not allow, or that data chooses"),
    "fetch-too-often": Rule("error", "may fetch more than 3 times for one message"),
    "fetch-data": Rule("warning", "a customer's data stands in an address that is fetched"),
    # the message as a whole
    "no-unsubscribe": Rule("warning", "the HTML or the text has no unsubscribe link"),
    "gmail-clips": Rule("warning", "the HTML grows over 102 KB, where Gmail cuts it off"),
    # what compiling says
    "not-readable": Rule("error", "the file cannot be read or compiled", "Nobody gets a message."),
    "no-subject": Rule("warning", "the message has no subject", "Everybody gets a message without a subject."),
    "derived-text": Rule("warning", "the HTML does not turn into a text template"),
    # templates in each other, and tables they look up
    "unknown-include": Rule("error", "an included template that is not there", _STOPS),
    "dynamic-include": Rule("error", "which template is included is known only while rendering", _UNREAD),
    "absent-include": Rule("warning", "a content block that is not there, with a default for that case"),
    "circular-include": Rule("error", "templates that include each other in a circle", _STOPS),
    "unknown-data-extension": Rule("error", "a data extension that is not declared", _STOPS),
    "unknown-column": Rule("error", "a column that the data extension does not have", _STOPS),
    "unread-data-extension": Rule("warning", "a data extension whose columns cannot be read now"),
    "unquoted-attribute": Rule(
        "warning",
        "a value stands in a tag without quotes",
        "White space in a customer's value begins another attribute.",
    ),
    "dynamic-field": Rule("warning", "which field is read is known only while rendering"),
    "dynamic-content": Rule("warning", "a text is run as a template, so what it reads is known only while rendering"),
    "unknown-filter": Rule("error", "no such filter", _STOPS),
    "filter-arguments": Rule("error", "a filter with too few or too many arguments", _STOPS),
    "filter-option": Rule("error", "a filter that has no such option", _STOPS),
    "unsupported-filter": Rule("error", "a filter that is left out here", _STOPS),
    "unknown-operator": Rule("error", "no such operator", _STOPS),
    "else-condition": Rule("warning", "a condition stands behind `else`, where it is passed over"),
    "unknown-test": Rule("error", "no such test behind `is`", _STOPS),
    "unknown-tag": Rule("error", "no such tag", "Everybody reads the tag as it stands, or gets no message."),
    "unsupported-tag": Rule("error", "a tag that only the vendor can fill", _STOPS),
    "text-in-condition": Rule("warning", "what stands behind the operator is one text, quotes, AND and all"),
    "vendor-value": Rule(
        "warning", "the vendor fills this itself, here a field does", "Without the field nobody gets a message."
    ),
    "hidden-by-helper": Rule("warning", "a field with a helper's name, which the vendor does not see"),
    "unused-locale": Rule("warning", "`locale` in a language that formats nothing by it"),
    "unknown-locale": Rule(
        "warning", "a `locale` or culture that is not known", "Numbers and dates are American English."
    ),
    "unknown-function": Rule("error", "no such function", _STOPS),
    "unsupported-function": Rule("error", "a function that only the vendor can run", _STOPS),
    "unreadable-pattern": Rule("error", "a regular expression that cannot be read", _STOPS),
    "function-arguments": Rule("error", "a function with too few or too many arguments", "Nobody gets a message."),
    "unknown-helper": Rule("error", "no such helper", _STOPS),
    "unsupported-helper": Rule("error", "a helper that the vendor has not, or fills itself", _STOPS),
    "output-in-mail": Rule("warning", "the vendor refuses Output in mail"),
    "missing-set": Rule("warning", "a variable set without SET"),
}
