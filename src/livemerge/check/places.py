"""Is each value safe where it stands: in addresses, scripts, styles, comments?

HTML escaping protects text and quoted attributes. It does not encode for addresses, and code reads an escaped value
as code. Numbers, dates and yes or no hold nothing that could do harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from livemerge.check.complaint import Complaint, Reading

_HOLDS_TEXT: Final = frozenset({"text", "html", "url", "list"})
_ENCODING: Final = frozenset(
    {"url_encode", "url_param_escape", "urlencode", "url", "form_url", "url_json", "cgi_escape", "uri_escape"}
)
_BEGUN: Final = frozenset({"join", "size", "date", "redirectto"})  # no longer the field alone
_CODE: Final = {
    "script": "in a script",
    "style": "in styles",
    "handler": "in an event handler",
    "srcdoc": "in `srcdoc`",
    "refresh": "in a page's refresh",
}
_ENCODERS: Final = {
    "liquid": "Write `| url_encode` behind it.",
    "braze": "Write `| url_param_escape` behind it.",
    "jinja": "Write `| urlencode` behind it.",
    "mailchimp": "Write `*|URL:{0}|*`.",
    "mandrill": "Write `{{{{url {0}}}}}`.",
    "iterable": "Write `{{{{#urlEncode}}}}{{{{{0}}}}}{{{{/urlEncode}}}}`.",
    "ampscript": "Write `%%=URLEncode({0}, 1, 1)=%%`.",
}


def place_complaints(reading: Reading) -> Iterator[Complaint]:
    """What is wrong with the place in HTML where this field's value stands."""
    read, spot = reading.read, reading.read.spot
    if not spot or reading.field.type not in _HOLDS_TEXT or "size" in read.operations:
        return
    if spot == "query" and not _ENCODING & set(read.operations):
        yield _unencoded(reading)
    elif spot == "address" and reading.field.type != "url" and not _BEGUN & set(read.operations):
        yield Complaint(
            "unchecked-link",
            f"`{read.path}` is text, and the whole address here",
            "A customer with `javascript:…` or anything else in it gets that as a link.",
            f'Declare [field.{reading.field.name}] type = "url", or write the address and only its end from data.',
        )
    elif spot == "comment":
        what = f"`{read.path}` stands in a comment"
        effect = "Readers do not see it, yet it is sent along, for whoever looks at the source."
        yield Complaint("value-in-comment", what, effect, "Leave it out, or comment it out in the template's language.")
    elif spot in _CODE:
        what = f"`{read.path}` stands {_CODE[spot]}, where HTML escaping does not protect"
        effect = "Where the mail is opened in a browser, a customer's value can end its text and run as code."
        yield Complaint("unsafe-place", what, effect, "Print it as text of the page, outside of code.")


def _unencoded(reading: Reading) -> Complaint:
    speech, path = reading.speech, reading.read.path
    advice = _ENCODERS.get(speech.dialect) or _ENCODERS.get(speech.language, "")
    if speech.language == "handlebars" and speech.dialect == "mandrill":
        advice = _ENCODERS["mandrill"]
    return Complaint(
        "unencoded-url",
        f"`{path}` stands in the query of an address without URL encoding",
        "Customers with white space, `&`, `#` or letters beyond English in it get a broken link.",
        advice.format(path) or f"Give [field.{reading.field.name}] encoded values, or build the address in the source.",
    )
