"""The ESPs and what each needs: an address, a place for the key, a text that prints the view with its fallbacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from livemerge.api.snippets.sfmc import sfmc_parts
from livemerge.api.snippets.snippet import KEY, Asking, Part, Snippet, asking_of
from livemerge.api.snippets.tongues import AJO, DJANGO, ITERABLE, JINJA, LIQUID, Tongue, slashed
from livemerge.catalog import ESPS, Catalog, View
from livemerge.errors import ConfigError, nearest_or_all

Writer: TypeAlias = Callable[[Asking], Snippet]
NAME: Final = "livemerge"  # of the answer in templates
HEADER: Final = f"X-API-Key: {KEY}"
ADDRESS: Final = "The key is for the address: livemerge keys create NAME --scope {scope} --allow-query."
PROOF: Final = "A key in an address needs a proof of the id: docs/how-to/sign-recipients.md."


def make_snippet(catalog: Catalog, esp: str, view: str, base: str) -> Snippet:
    """The snippet of an ESP for a view. Raises ConfigError for names that are none. base: the API's address."""
    if esp not in WRITERS:
        raise ConfigError(f"there is no snippet for `{esp}`", advice=nearest_or_all(esp, WRITERS))
    if view not in catalog.views:
        advice = nearest_or_all(view, catalog.views) if catalog.views else "Declare [view.NAME] in livemerge.toml."
        raise ConfigError(f"there is no view `{view}`", advice=advice)
    declared = catalog.views[view]
    made = WRITERS[esp](asking_of(catalog, declared, base))
    return replace(made, remarks=(*made.remarks, *_escaping(esp, declared)))


def _escaping(esp: str, view: View) -> tuple[str, ...]:
    """What to change where texts would be escaped twice, or never."""
    if esp == "klaviyo":  # reads a feed, which has an `escape` of its own
        return ()
    if ESPS[esp].escapes_html and view.escape == "html":
        return (
            f'Its language escapes what it prints, and so does the view: write esp = "{esp}" in [view.{view.name}].',
        )
    if not ESPS[esp].escapes_html and view.escape == "none":
        return (f'Neither it nor the view escapes texts for HTML: make a view of its own, with esp = "{esp}".',)
    return ()


def _made(esp: str, *parts: Part, remarks: tuple[str, ...] = ()) -> Snippet:
    return Snippet(esp, ESPS[esp].title, parts, remarks)


def _sfmc(asking: Asking) -> Snippet:
    return _made(
        "sfmc",
        *sfmc_parts(asking),
        remarks=(
            f"B and D need a key: livemerge keys create NAME --scope view:{asking.view.name} --esp sfmc.",
            "A and C need --allow-query besides; their secrets come from: livemerge keys signing PREFIX.",
        ),
    )


def _braze(asking: Asking) -> Snippet:
    url = asking.url("{{${user_id} | url_param_escape}}")
    call = f"{{% connected_content {url} :auth_credentials {NAME} :no_cache :save {NAME} %}}\n"
    body = call + LIQUID.lines(asking.printed, lambda name: f"{NAME}.{name}")
    return _made(
        "braze",
        Part("Settings, Connected Content, a credential for the API's host", f"{NAME}\n{HEADER}"),
        Part("In each field of the message that prints a value", body, "liquid", "braze"),
        remarks=("Leave out :no_cache where five minutes old is fresh enough: subject and body then share one call.",),
    )


def _iterable(asking: Asking) -> Snippet:
    url = asking.url("{{#urlEncode}}{{userId}}{{/urlEncode}}")
    return _made(
        "iterable",
        Part("Data feed: address and header", f"{url}\n{HEADER}"),
        Part("Template, with the feed merged into its data", _lines(asking, ITERABLE, ""), "handlebars", "iterable"),
        remarks=('Any status but 200 skips the customer: on_miss = "error" does that for those nobody knows.',),
    )


def _customerio(asking: Asking) -> Snippet:
    url = asking.url("{{ customer.id | url_encode }}")
    return _made(
        "customerio",
        Part("Send and receive data, just before the message", f"GET {url}\n{HEADER}"),
        Part("Its response: journey attribute", f"{NAME} = {{{{ response | json }}}}"),
        Part("Message", _lines(asking, LIQUID, f"journey.{NAME}."), "liquid", "customerio"),
        remarks=("The value is as fresh as the step: keep it next to the message.",),
    )


def _klaviyo(asking: Asking) -> Snippet:
    if not asking.feed:
        raise ConfigError("Klaviyo reads feeds, and there is none", advice="Declare [feed.NAME] in livemerge.toml.")
    cells = " ".join(DJANGO.value(f"item.{name}", "") for name in asking.feed_names or ("name",))
    loop = DJANGO.loop(f"feeds.{asking.feed}.items", f"<li>{cells}</li>")
    return _made(
        "klaviyo",
        Part("Web feed: address", f"{asking.base}/api/feed/{asking.feed}?key={KEY}"),
        Part("Template", loop),
        remarks=(
            "A web feed is one address for all: what is a customer's own has to be pushed.",
            ADDRESS.format(scope=f"feed:{asking.feed}"),
        ),
    )


def _hubspot(asking: Asking) -> Snippet:
    names = [one.name for one in asking.scalars]
    outputs = "\n".join(f"      {one.name}: pz.{one.name} || {slashed(one.fallback)}," for one in asking.scalars)
    code = (
        "exports.main = async (event, callback) => {\n"
        f'  const id = encodeURIComponent(event.inputFields["customer_id"]);\n'
        f"  const url = `{asking.url('${id}')}`;\n"
        "  const headers = { 'X-API-Key': process.env.LIVEMERGE_KEY };\n"
        "  const pz = await fetch(url, { headers }).then((r) => (r.ok ? r.json() : {})).catch(() => ({}));\n"
        f"  callback({{\n    outputFields: {{\n{outputs}\n    }},\n  }});\n}};"
    )
    tokens = "\n".join(
        f"<p>{{{{ personalization_token('contact.{one.name}', {slashed(one.fallback)}) }}}}</p>"
        for one in asking.scalars
    )
    return _made(
        "hubspot",
        Part("Workflow: custom code, with the secret LIVEMERGE_KEY", code),
        Part(f"Then: copy {', '.join(names)} to properties of the contact", "Set property value"),
        Part("Email", tokens),
        remarks=("An email calls nobody: the workflow fetches, and the email prints properties.",),
    )


def _ajo(asking: Asking) -> Snippet:
    sample = {"ok": True, "found": True, "source": "live"} | {one.name: one.sample for one in asking.printed}
    return _made(
        "ajo",
        Part(
            "Custom action Livemerge, before the email: address, header, response",
            "\n".join((f"GET {asking.url('{id}')}", HEADER, json.dumps(sample, ensure_ascii=False))),
        ),
        Part("Email", _lines(asking, AJO, "context.journey.actions.Livemerge.")),
        remarks=(
            "Give the action's id parameter the profile's identity.",
            "It reads what the pasted answer has: add keys of a list's items that are not there.",
        ),
    )


def _campaign(asking: Asking) -> Snippet:
    calls = "\n".join(
        f'<% var {one.name} = ""; try {{ {one.name} = getURL("{asking.base}/api/text/{one.name}?key={KEY}'
        f'&h=" + recipient.@livemergeHash + "&id=" + encodeURIComponent(recipient.@id)); }} catch (e) {{}} %>\n'
        f"<p><%= {one.name} || {slashed(one.fallback)} %></p>"
        for one in asking.scalars
    )
    return _made("campaign", Part("Delivery's HTML", calls), remarks=(ADDRESS.format(scope="profile"), PROOF))


def _moengage(asking: Asking) -> Snippet:
    call = f"{{% set {NAME} = ContentApi.Livemerge({{\"params\": {{\"id\": UserAttribute['ID']|default('')}}}}) %}}\n"
    return _made(
        "moengage",
        Part(
            "Content API Livemerge: address and header", f"{asking.url('').removesuffix('id=').rstrip('?&')}\n{HEADER}"
        ),
        Part("Template", call + _lines(asking, JINJA, f"{NAME}."), "jinja", "moengage"),
        remarks=("A value that is null stops the message; answers have none.",),
    )


def _linked(esp: str, where: str, identity: str, path: str) -> Writer:
    """ESPs with Liquid that fetch by themselves and give the answer a name."""

    def write(asking: Asking) -> Snippet:
        return _made(
            esp,
            Part(where, f"{asking.url(identity)}\n{HEADER}"),
            Part("Template", _lines(asking, LIQUID, path), "liquid"),
        )

    return write


def _brevo(asking: Asking) -> Snippet:
    lines = f'<!--feed.{NAME} : {{{{feed.get("{NAME}")}}}}-->\n' + _lines(asking, DJANGO, f"feed.{NAME}.")
    return _made(
        "brevo",
        Part("External feed: address and header", f"{asking.url('{{ contact.EXT_ID }}')}\n{HEADER}"),
        Part("Template", lines),
        remarks=("Switch its cache off: it lasts an hour.",),
    )


def _dotdigital(asking: Asking) -> Snippet:
    urls = "\n".join(
        f"{asking.base}/api/text/{one.name}?key={KEY}&h=@LIVEMERGEHASH@&id=@CUSTOMERID@" for one in asking.scalars
    )
    remarks = (ADDRESS.format(scope="profile"), PROOF)
    return _made("dotdigital", Part("External dynamic content: addresses", urls), remarks=remarks)


def _bloomreach(asking: Asking) -> Snippet:
    return _made(
        "bloomreach",
        Part(
            "Webhook node: GET, Basic authentication with the key as user",
            asking.url("{{ customer_ids.registered | urlencode }}"),
        ),
        Part("Email, with the response kept as event property", _lines(asking, JINJA, f"event.{NAME}."), "jinja"),
        remarks=("Make the key with --esp bloomreach: a 400 for one customer would end the webhook for all.",),
    )


def _lines(asking: Asking, tongue: Tongue, prefix: str) -> str:
    return tongue.lines(asking.printed, lambda name: f"{prefix}{name}")


WRITERS: Final[Mapping[str, Writer]] = {
    "ajo": _ajo,
    "bloomreach": _bloomreach,
    "blueshift": _linked(
        "blueshift", "External fetch livemerge: address and header", "{{ user.customer_id | url_encode }}", f"{NAME}."
    ),
    "braze": _braze,
    "brevo": _brevo,
    "campaign": _campaign,
    "clevertap": _linked(
        "clevertap",
        "Linked content Livemerge: address and header",
        "{{ Profile.Identity | url_encode }}",
        "Linked.Livemerge.",
    ),
    "customerio": _customerio,
    "dotdigital": _dotdigital,
    "hubspot": _hubspot,
    "iterable": _iterable,
    "klaviyo": _klaviyo,
    "moengage": _moengage,
    "onesignal": _linked(
        "onesignal",
        f"Data feed {NAME}: address and header",
        "{{ user.external_id | url_encode }}",
        f"data_feed.{NAME}.",
    ),
    "sfmc": _sfmc,
}
