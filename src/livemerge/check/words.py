"""How each language writes a guard, a value of its own for what is missing, and its unsubscribe link."""

from __future__ import annotations

from typing import Final

from livemerge.check.complaint import Speech

_GUARDS: Final = {
    "liquid": "{{% if {0} %}}…{{% endif %}}",
    "jinja": "{{% if {0} %}}…{{% endif %}}",
    "mailchimp": "*|IF:{0}|*…*|END:IF|*",
    "handlebars": "{{{{#if {0}}}}}…{{{{/if}}}}",
    "postmark": "{{{{#{0}}}}}…{{{{/{0}}}}}",
    "mustache": "{{{{#{0}}}}}…{{{{/{0}}}}}",
    "ampscript": "%%[ IF NOT Empty({0}) THEN ]%%…%%[ ENDIF ]%%",
}
_DEFAULTS: Final = {
    "liquid": "{{{{ {0} | default: '…' }}}}",
    "jinja": "{{{{ {0} or '…' }}}}",
    "sendgrid": '{{{{insert {0} "default=…"}}}}',
    "iterable": '{{{{defaultIfEmpty {0} "…"}}}}',
    "ampscript": '%%=IIf(Empty({0}), "…", {0})=%%',
}
_UNSUBSCRIBE: Final = {
    "liquid": "{{ unsubscribe_url }}",
    "jinja": "{{ unsubscribe_url }}",
    "mailchimp": "*|UNSUB|*",
    "handlebars": "{{unsubscribe_url}}",
    "ampscript": "%%unsub_center_url%%",
}


def guard_of(speech: Speech, name: str) -> str:
    """A test of a field around what needs it."""
    form = _GUARDS.get(speech.dialect) or _GUARDS.get(speech.language, _GUARDS["liquid"])
    return form.format(name)


def default_of(speech: Speech, name: str) -> str:
    """A field with a value of its own for whom it is missing; empty where the language has none."""
    return (_DEFAULTS.get(speech.dialect) or _DEFAULTS.get(speech.language, "")).format(name)


def unsubscribe_link(speech: Speech) -> str:
    """What a template writes for the address where readers unsubscribe."""
    return _UNSUBSCRIBE.get(speech.language, _UNSUBSCRIBE["liquid"])
