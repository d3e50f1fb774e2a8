"""A catalog with a field of each kind, and the findings of a template over it."""

from __future__ import annotations

import pytest

from livemerge.catalog import load_catalog
from livemerge.check import check_template
from livemerge.config import load_settings
from livemerge.template import compile_message

FIELDS = {
    "first_name": 'type = "text"\nalias = ["FNAME", "user.first_name"]',
    "city": 'type = "text"\nfallback = "your town"',
    "nickname": 'type = "text"\nfallback = ""',
    "tier": 'type = "text"\nrequired = true',
    "orders": 'type = "integer"\nfallback = 0',
    "points": 'type = "integer"',
    "spent": 'type = "money"\nfallback = 1',
    "since": 'type = "date"\nfallback = 2026-01-01',
    "is_member": 'type = "boolean"\nfallback = false',
    "shop": 'type = "url"\nfallback = "https://shop.example/"',
    "recommended": 'type = "list"',
}
ITEM_FIELDS = {"price": 'type = "money"\nfallback = 0', "title": 'type = "text"'}
TOML = """
[source.crm]
kind = "table"
path = "crm.csv"
key = "id"

[source.products]
kind = "table"
path = "products.csv"
key = "id"
by = "recommended[].product_id"
"""
UNSUBSCRIBE = {
    "jinja": "{{ unsubscribe_url }}",
    "liquid": "{{ unsubscribe_url }}",
    "handlebars": "{{unsubscribe_url}}",
    "mailchimp": "*|UNSUB|*",
    "ampscript": "%%unsub_center_url%%",
}


@pytest.fixture(scope="session")
def catalog(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    fields = [f'[field.{name}]\nsource = "crm"\n{rest}' for name, rest in FIELDS.items()]
    fields += [f'[field.{name}]\nsource = "products"\n{rest}' for name, rest in ITEM_FIELDS.items()]
    (folder / "livemerge.toml").write_text("\n".join([TOML, *fields]))
    return load_catalog(load_settings(folder))


@pytest.fixture
def check(catalog):
    """The findings of a body, which has an unsubscribe link."""

    def check(body, language="liquid", dialect=""):
        front = f'subject = "Hello"\ndialect = "{dialect}"' if dialect else 'subject = "Hello"'
        text = f"+++\n{front}\n+++\n{body}{UNSUBSCRIBE[language]}\n"
        return check_template(compile_message(text, name="t", language=language), text, catalog)

    return check


@pytest.fixture
def codes(check):
    return lambda *given: [finding.code for finding in check(*given)]
