"""The API described: OpenAPI of this very project's fields, and a page of our own that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from markupsafe import Markup

from livemerge.api.simulate import SIMULATIONS
from livemerge.catalog import Catalog, zero

Schema = dict[str, Any]

SECURITY: Final[list[dict[str, list[str]]]] = [
    {"apiKey": []},
    {"bearer": []},
    {"basic": []},
    {"oauth2": []},
    {"signedToken": []},
    {"queryKey": [], "signedId": []},
]
SECURITY_SCHEMES: Final[Schema] = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The API key as bearer token."},
    "basic": {"type": "http", "scheme": "basic", "description": "The API key as user or as password."},
    "oauth2": {
        "type": "oauth2",
        "description": "The key's prefix is the client_id, the key the client_secret.",
        "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
    },
    "signedToken": {
        "type": "apiKey",
        "in": "query",
        "name": "t",
        "description": "A JWT for this one customer, signed with the secret of a key.",
    },
    "queryKey": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "A key made with --allow-query. For customers, only beside a token or hash of the id.",
    },
    "signedId": {"type": "apiKey", "in": "query", "name": "h", "description": "A keyed hash of the customer's id."},
}
_TYPES: Final[Mapping[str, Schema]] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "money": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "description": "ISO 8601, or empty"},
    "datetime": {"type": "string", "description": "ISO 8601 in UTC, or empty"},
    "list": {"type": "array", "items": {"type": "object"}, "description": "Flat objects that all have the same keys"},
}
_TWINS: Final = frozenset({"integer", "number", "money", "date", "datetime"})
_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["ok", "error", "request_id"],
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "required": ["what", "advice"],
            "properties": {"what": {"type": "string"}, "advice": {"type": "string"}},
        },
        "request_id": {"type": "string"},
    },
}


def profile_operation(catalog: Catalog, method: str) -> Schema:
    """OpenAPI of one method of the profile's path."""
    operation: Schema = {
        "tags": ["profile"],
        "summary": "One customer's fields, complete and typed, within the deadline.",
        "operationId": f"customer_profile_{method.lower()}",
        "security": SECURITY,
        "parameters": [
            parameter("customer_id", "path", "The customer's key, percent-encoded."),
            parameter("fields", "query", "Names with commas between; only the sources these need are called."),
            parameter("explain", "query", "1 adds provenance: where each value came from, and how old it is."),
            SIMULATE,
        ],
        "responses": {
            "200": {
                "description": "The profile: complete and typed, with fallbacks for what is not known in time.",
                "headers": {
                    "Server-Timing": {"description": "Milliseconds by source", "schema": {"type": "string"}},
                    "X-Request-Id": {"schema": {"type": "string"}},
                },
                "content": {"application/json": {"schema": profile_schema(catalog)}},
            },
            "400": refusal("A field that does not exist, or a key that is none."),
            "401": refusal("The API key is missing, wrong, expired or revoked."),
            "403": refusal("The key may not do this, or the request is signed for another customer."),
            "429": refusal(
                "Too many wrong keys, or too many customers read with one key; Retry-After says when again."
            ),
            "500": refusal("Something failed here; simulated, where that was asked for."),
        },
    }
    if method == "POST":
        operation["requestBody"] = _profile_body()
        operation["responses"]["413"] = refusal("The body is longer than 64 KB.")
    return operation


SIMULATE: Final = {
    "name": "simulate",
    "in": "query",
    "description": "Only with a test key: what the caller wants to see.",
    "schema": {"enum": list(SIMULATIONS)},
}


def parameter(name: str, place: str, description: str) -> Schema:
    schema = {"name": name, "in": place, "description": description, "schema": {"type": "string"}}
    return schema | {"required": True} if place == "path" else schema


def _profile_body() -> Schema:
    fields = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"fields": fields, "explain": {"type": "boolean"}}}
    return {"required": False, "content": {"application/json": {"schema": schema}}}


def refusal(description: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}


def profile_schema(catalog: Catalog) -> Schema:
    """Without the names of private fields: this description needs no key."""
    properties: Schema = {
        "ok": {"const": True},
        "found": {"type": "boolean", "description": "A source knows this customer"},
        "source": {"enum": ["live", "cache", "stale", "default"], "description": "The worst step among the fields"},
        "as_of": {"type": "string", "description": "When the oldest value was true; empty where there is none"},
        "age_s": {"type": "integer", "description": "Seconds since then"},
        "request_id": {"type": "string"},
    }
    head = list(properties)
    for name, field in sorted(catalog.fields.items()):
        if field.is_private or field.item_of:
            continue
        properties[name] = _TYPES.get(field.type, {"type": "string"}) | {"default": zero(field.type)}
        if field.type in _TWINS:
            properties.setdefault(f"{name}_display", {"type": "string", "description": f"{name} as people read it"})
    properties["provenance"] = {
        "type": "object",
        "description": "With ?explain=1, by field",
        "additionalProperties": True,
    }
    return {"type": "object", "required": head, "properties": properties}


def link_operation(description: str, *, acts: bool = False) -> Schema:
    """OpenAPI of a page that a link in a message leads to."""
    operation: Schema = {
        "security": [],
        "parameters": [parameter("token", "path", "As it stands in the message.")],
        "responses": {
            "200": _html(description),
            "404": _html("The link is not valid, or what it showed is gone."),
            "503": _html("The store cannot be read or written; nothing was changed."),
        },
    }
    if acts:
        schema = {"type": "object", "properties": {"List-Unsubscribe": {"const": "One-Click"}}}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    return operation


def _html(description: str) -> Schema:
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


_OPERATION: Final = Markup(
    "<section><h2><code>{method} {path}</code></h2><p>{summary}</p>{parameters}{responses}</section>"
)
_INTRODUCTION: Final = Markup(
    "<p>Live customer data for whoever renders the mail. Machines read <a href='/openapi.json'>openapi.json</a>.</p>"
    "<pre>curl -H 'X-API-Key: lm_…' '{base}api/customer-profile/CUSTOMER?explain=1'</pre>"
    "<p class=dim>Keys come from <code>livemerge keys create NAME</code>, and go into a header "
    "(<code>X-API-Key</code>, <code>Authorization: Bearer</code> or <code>Basic</code>). Into the address "
    "(<code>key</code>) only those made for it, beside a signed id.</p>"
)


def description_page(openapi: Schema, base: str) -> Markup:
    """The description for people."""
    sections = (
        _OPERATION.format(
            method=method.upper(),
            path=path,
            summary=operation.get("summary", ""),
            parameters=_rows(
                [(name["name"], name["description"]) for name in operation.get("parameters", [])] + _sent(operation)
            ),
            responses=_rows(sorted((status, told["description"]) for status, told in operation["responses"].items())),
        )
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    )
    return _INTRODUCTION.format(base=base) + Markup("").join(sections) + _fields_table(openapi)


def _sent(operation: Schema) -> list[tuple[str, str]]:
    """What a request's body may say, as a row; none where it has none."""
    contents: Schema = operation.get("requestBody", {}).get("content", {})
    schema: Schema = next(iter(contents.values()))["schema"] if contents else {}
    needed = schema.get("required", ())
    names = ", ".join(f"{name} (needed)" if name in needed else name for name in schema.get("properties", {}))
    return [("body", f"{' or '.join(contents)}: {names}")] if names else []


def _rows(rows: Any) -> Markup:
    cells = [Markup("<tr><th scope=row>{}</th><td>{}</td></tr>").format(*row) for row in rows]
    return Markup("<table>{}</table>").format(Markup("").join(cells)) if cells else Markup("")


def _fields_table(openapi: Schema) -> Markup:
    profile = openapi["paths"]["/api/customer-profile/{customer_id}"]["get"]["responses"]["200"]
    schema = profile["content"]["application/json"]["schema"]
    rows = ((name, _told(told)) for name, told in schema["properties"].items())
    return Markup("<section><h2>What a profile holds</h2>{}</section>").format(_rows(rows))


def _told(schema: Schema) -> str:
    kind = schema.get("type") or orjson.dumps(schema.get("enum", schema.get("const"))).decode()
    return f"{kind}. {schema['description']}" if schema.get("description") else str(kind)
