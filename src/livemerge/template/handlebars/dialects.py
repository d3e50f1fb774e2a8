"""What the ESPs' Handlebars can do: one row each, with the helpers it has.

Sources: SendGrid's "Using Handlebars" and its issues, Mandrill's "Using Handlebars for Dynamic Content", Mailgun's
user manual, the SES developer guide, Iterable's Handlebars reference, the Mustache specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

BUILT_IN = frozenset({"if", "unless", "each", "with", "lookup", "log"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """`helpers`: a name in templates → the function it calls. `tests`: block helpers that choose by a function."""

    title: str
    built_in: frozenset[str] = BUILT_IN
    helpers: dict[str, str] = field(default_factory=dict)
    tests: dict[str, str] = field(default_factory=dict)
    bindings: dict[str, str] = field(default_factory=dict)  # block helpers whose context is what a function gives
    vendor_only: frozenset[str] = frozenset()  # helpers that read what only the vendor has
    has_java_ways: bool = False  # assign, sendSkip, snippet, a block lookup, list.size, yes= and no=
    has_partials: bool = True
    has_inner_calls: bool = True
    has_conditions: bool = False  # in backticks
    has_number_steps: bool = True  # a.0 for a.[0]; Handlebars itself refuses it at the end of a path
    has_elseif: bool = False
    has_square_tags: bool = False  # [[x]]
    has_template_elements: bool = False  # <template name="x">
    has_mustache_tags: bool = False  # {{=| |=}}, {{<parent}}, {{>*name}}
    has_slots: bool = False  # {{$slot}}
    has_backslashes: bool = True  # \\{{ is text
    has_lone_braces: bool = False  # a } right behind a tag is text
    skips_empty: bool = False  # sections over 0 and empty texts
    is_compat: bool = False  # names are looked for in all contexts around
    is_strict: bool = False  # a name that is not there is an error
    assumes_objects: bool = False  # a step into nothing is an error
    has_explicit_context: bool = False  # partials see no context but the one given
    takes_lines: bool = True  # tags alone on a line take the line with them
    indents: bool = True  # partials alone on a line are indented
    skips_missing_partials: bool = False
    escapes: bool = True


_TEXT = {"upper": "upper", "lower": "lower"}
_STANDARD = Dialect("Handlebars", has_mustache_tags=True, has_number_steps=False)

DIALECTS: dict[str, Dialect] = {
    "": _STANDARD,
    "mustache": Dialect(
        "Mustache",
        frozenset({"lookup"}),
        has_mustache_tags=True,
        has_slots=True,
        has_backslashes=False,
        has_lone_braces=True,
        skips_empty=True,
        is_compat=True,
        skips_missing_partials=True,
    ),
    "sendgrid": Dialect(
        "SendGrid",
        frozenset({"if", "unless", "each"}),
        {"insert": "insert", "formatDate": "date", "length": "size"},
        {
            "equals": "equals",
            "notEquals": "differs",
            "greaterThan": "above",
            "lessThan": "below",
            "and": "all_true",
            "or": "any_true",
        },
        has_partials=False,
        has_inner_calls=False,
        has_number_steps=False,
    ),
    "mandrill": Dialect(
        "Mandrill",
        frozenset({"if", "unless", "each", "with"}),
        {
            **_TEXT,
            "title": "mandrill_title",
            "url": "url",
            "striptags": "without_tags",
            "date": "send_date",
        },
        vendor_only=frozenset({"unsub"}),
        has_conditions=True,
        has_number_steps=False,
        has_elseif=True,
        has_template_elements=True,
    ),
    "mailgun": Dialect(
        "Mailgun",
        frozenset({"if", "unless", "each", "with"}),
        tests={"equal": "same_text"},
        has_partials=False,
        has_inner_calls=False,
    ),
    "ses": Dialect("SES", is_strict=True),
    "iterable": Dialect(
        "Iterable",
        frozenset({"if", "unless", "each", "with", "lookup", "log"}),
        {
            **_TEXT,
            "defaultIfEmpty": "default",
            "capitalize": "capitalize_words",
            "capitalizeFirst": "capitalize_first",
            "length": "size",
            "substring": "substring",
            "abbreviate": "abbreviate",
            "replace": "replace",
            "cut": "cut",
            "slugify": "slugify",
            "join": "joined",
            "breaklines": "with_line_breaks",
            "urlEncode": "form_url",
            "toJson": "json",
            "toUrlEncodedJson": "url_json",
            "base64": "base64",
            "hexEncode": "hexadecimal",
            "hmacSHA1": "hmac_sha1",
            "hmacSHA256": "hmac_sha256",
            "sha1": "sha1",
            "md5": "md5",
            "sha256": "sha256",
            "center": "center",
            "math": "calculate",
            "numberFormat": "number_format",
            "dateFormat": "date_format",
            "dateMath": "date_math",
            "now": "now",
            "timestamp": "timestamp",
        },
        {
            "ifEq": "equals",
            "ifGt": "above",
            "ifGte": "not_below",
            "ifLt": "below",
            "ifLte": "not_above",
            "ifModEq": "is_remainder",
            "eq": "equals",
            "neq": "differs",
            "lt": "below",
            "lte": "not_above",
            "gt": "above",
            "gte": "not_below",
            "and": "all_true",
            "or": "any_true",
            "not": "none_true",
            "ifContainsStr": "contains_text",
            "ifMatchesRegexStr": "matches",
        },
        bindings={"sortBy": "sort", "minInList": "least", "maxInList": "greatest"},
        vendor_only=frozenset({"catalog", "groupBy", "ifContains"}),
        has_partials=False,
        has_square_tags=True,
        has_java_ways=True,
        skips_empty=True,
        is_compat=True,
    ),
}

OPTIONS: dict[str, Callable[[Dialect], Dialect]] = {  # Handlebars' own compile options
    "compat": lambda dialect: replace(dialect, is_compat=True),
    "strict": lambda dialect: replace(dialect, is_strict=True),
    "assumeObjects": lambda dialect: replace(dialect, assumes_objects=True),
    "explicitPartialContext": lambda dialect: replace(dialect, has_explicit_context=True),
    "ignoreStandalone": lambda dialect: replace(dialect, takes_lines=False),
    "preventIndent": lambda dialect: replace(dialect, indents=False),
    "noEscape": lambda dialect: replace(dialect, escapes=False),
    **dict.fromkeys(("data", "knownHelpers", "knownHelpersOnly"), lambda dialect: dialect),  # they change no text
}


def with_options(dialect: Dialect, options: Iterable[str]) -> Dialect:
    """A dialect with Handlebars' compile options set, by the names Handlebars has for them."""
    for option in options:
        dialect = OPTIONS[option](dialect)
    return dialect
