"""OpenAPI of the reading paths besides the profile, for this very project's views, fields and feeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from livemerge.api.description import SECURITY, SIMULATE, Schema, parameter, profile_schema, refusal
from livemerge.api.identity import MAX_KEYS
from livemerge.api.readers import BATCH, CHANGED, CONTENT, FEED, PREFETCH, SOURCES, TEXT, VIEW
from livemerge.catalog import Catalog, Escape, Shape
from livemerge.resolve.breaker import BreakerState

_ID: Final = parameter("id", "query", "The customer's key. In a POST it may stand in the body.")
_ASCII: Final = parameter("ascii", "query", "1 writes everything beyond ASCII by its number.")
_KEY: Final[Schema] = {"oneOf": [{"type": "string", "minLength": 1, "maxLength": 512}, {"type": "integer"}]}
_ANY: Final[Schema] = {"type": "object", "additionalProperties": True}


def read_operations(catalog: Catalog) -> Schema:
    """By path and method."""
    return {
        BATCH: {"post": _batch(catalog)},
        VIEW: _both(_view(catalog), {"id": _KEY, "ids": _keys()}),
        TEXT: _both(_text(), {"id": _KEY}),
        FEED: _both(_feed(catalog), {}),
        CONTENT: _both(_content(), {}),
        PREFETCH: {"get": _progress(), "post": _prefetch(catalog)},
        CHANGED: {"post": _changed(catalog)},
        SOURCES: _both(_sources(), {}),
    }


def _operation(name: str, summary: str, tag: str, parameters: list[Schema], answers: Mapping[str, Any]) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "tags": [tag],
        "security": SECURITY,
        "parameters": parameters,
        "responses": {
            **answers,
            "400": refusal("What is asked for does not exist, or no customer is named."),
            "401": refusal("The API key is missing, wrong, expired or revoked."),
            "403": refusal("The key may not do this, or the request is signed for another customer."),
            "429": refusal("Too much of this from one key; Retry-After says when again."),
            "500": refusal("Something failed here; simulated, where that was asked for."),
        },
    }


def _both(operation: Schema, properties: Schema) -> Schema:
    """The operation by GET and by POST, which may say in a body what stands in the query."""
    name = operation["operationId"]
    body = {"type": "object", "properties": properties} if properties else {"type": "object"}
    sent = _body(body, is_required=False)
    if "id" in properties:
        form = {"type": "object", "properties": {"id": {"type": "string"}}}
        sent["content"]["application/x-www-form-urlencoded"] = {"schema": form}
    post = operation | {"operationId": f"{name}_post", "requestBody": sent}
    post["responses"] = operation["responses"] | {"413": refusal("The body is too long.")}
    return {"get": operation | {"operationId": f"{name}_get"}, "post": post}


def _body(schema: Schema, *, is_required: bool = True) -> Schema:
    return {"required": is_required, "content": {"application/json": {"schema": schema}}}


def _keys() -> Schema:
    return {"type": "array", "items": _KEY, "minItems": 1, "maxItems": MAX_KEYS}


def _json(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _name(name: str, description: str, known: list[str]) -> Schema:
    schema = parameter(name, "path", description)
    return schema | {"schema": {"type": "string", "enum": known}} if known else schema


def _batch(catalog: Catalog) -> Schema:
    schema = {"type": "object", "required": ["ok", "request_id", "profiles"]}
    faulty = {"type": "object", "required": ["ok", "found", "error"], "properties": {"ok": {"const": False}}}
    record = {"anyOf": [_without_request(profile_schema(catalog)), faulty]}
    properties = {
        "ok": {"const": True},
        "request_id": {"type": "string"},
        "profiles": {"type": "object", "additionalProperties": record},
    }
    operation = _operation(
        "customer_profiles",
        f"Up to {MAX_KEYS:,} customers at once, each with an answer of its own.",
        "profile",
        [SIMULATE],
        {
            "200": _json(
                "The profiles by key. A key that is none has ok: false there.", schema | {"properties": properties}
            )
        },
    )
    fields = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    body = {"type": "object", "required": ["ids"], "properties": {"ids": _keys(), "fields": fields}}
    responses = operation["responses"] | {"413": refusal("The body is longer than 1 MB.")}
    return operation | {"requestBody": _body(body), "responses": responses}


def _without_request(schema: Schema) -> Schema:
    return schema | {"required": [name for name in schema["required"] if name != "request_id"]}


def _view(catalog: Catalog) -> Schema:
    shape = parameter("shape", "query", "Goes before the view's own.") | {"schema": {"enum": list(get_args(Shape))}}
    text = {"schema": {"type": "string"}}
    answer = {
        "description": "The view's fields in its shape, complete and typed; with `ids`, `profiles` by key. "
        'No octet for a missed customer where the view says on_miss = "empty".',
        "content": {"application/json": {"schema": _ANY}, "application/xml": text, "text/plain": text},
    }
    missed = refusal('No source knows the customer, and the view says on_miss = "error".')
    return _operation(
        "view",
        "The fields of a view for one customer, or for several.",
        "views",
        [_name("view", "A declared view.", sorted(catalog.views)), _ID, shape, _ASCII, SIMULATE],
        {"200": answer, "404": missed},
    )


def _text() -> Schema:
    escape = parameter("escape", "query", "What happens to the text; html where nothing is said.")
    answer = {"description": "The value.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return _operation(
        "text",
        "One field as bare text; NAME_display for numbers, money and dates as people read them.",
        "views",
        [
            parameter("field", "path", "A field that is no list."),
            _ID,
            parameter("default", "query", "Stands where no source gave a value."),
            escape | {"schema": {"enum": list(get_args(Escape))}},
            _ASCII,
            SIMULATE,
        ],
        {"200": answer},
    )


def _feed(catalog: Catalog) -> Schema:
    properties = {
        "ok": {"const": True},
        "source": {"enum": ["live", "cache", "stale", "default"]},
        "as_of": {"type": "string"},
        "items": {"type": "array", "items": {"type": "object"}},
    }
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return _operation(
        "feed",
        "Rows that are the same for everybody. May be kept by caches.",
        "views",
        [_name("name", "A declared feed.", sorted(catalog.feeds)), SIMULATE],
        {"200": _json("The rows; none where they cannot be had.", schema), "304": {"description": "As you have it."}},
    )


def _content() -> Schema:
    answer = {
        "description": "The HTML. No octet where this customer gets none.",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
    return _operation(
        "content",
        "A template of the project, rendered for one customer: it says which fields are read.",
        "views",
        [
            parameter("template", "path", "A file in templates/, percent-encoded."),
            parameter("customer_id", "path", "The customer's key, percent-encoded."),
            SIMULATE,
        ],
        {"200": answer, "304": {"description": "As you have it: content that is the same for everybody."}},
    )


_JOB: Final[Schema] = {
    "type": "object",
    "required": ["ok", "job", "view", "state", "total", "done", "found", "unavailable", "request_id"],
    "properties": {
        "ok": {"type": "boolean"},
        "job": {"type": "string"},
        "view": {"type": "string"},
        "state": {"enum": ["running", "done", "failed", "stopped"]},
        "total": {"type": ["integer", "null"], "description": "null while an audience is being read"},
        "done": {"type": "integer"},
        "found": {"type": "integer"},
        "unavailable": {"type": "integer", "description": "Customers for whom a source gave no answer"},
        "request_id": {"type": "string"},
        "why": {"type": "string"},
    },
}


def _progress() -> Schema:
    return _operation(
        "prefetch_progress",
        "How far a prefetch is.",
        "prefetch",
        [parameter("job", "query", "As the POST answered it.")],
        {"200": _json("The job.", _JOB), "404": refusal("No such job in this process.")},
    )


def _prefetch(catalog: Catalog) -> Schema:
    operation = _operation(
        "prefetch",
        "Fetches a view's data for customers, so that a send finds it in the cache.",
        "prefetch",
        [],
        {"202": _json("The job, which goes on.", _JOB), "413": refusal("The body is longer than 1 MB.")},
    )
    properties = {
        "view": {"type": "string", "enum": sorted(catalog.views)} if catalog.views else {"type": "string"},
        "ids": _keys(),
        "campaign": {"type": "string", "description": "A file in campaigns/: everybody in its audience."},
    }
    body = {"type": "object", "required": ["view"], "properties": properties}
    return operation | {"requestBody": _body(body)}


def _changed(catalog: Catalog) -> Schema:
    answer = {
        "type": "object",
        "required": ["ok", "changed", "request_id"],
        "properties": {"ok": {"const": True}, "changed": {"type": "integer"}, "request_id": {"type": "string"}},
    }
    operation = _operation(
        "changed",
        "Says who changed: what was remembered of them counts no more, in any process within a second or so.",
        "changes",
        [],
        {
            "200": _json("Told; how many were named.", answer),
            "413": refusal("The body is longer than 1 MB."),
            "503": refusal("The store cannot be written; tell it again."),
        },
    )
    source: Schema = {"type": "string", "description": "Left out: in any source"}
    source |= {"enum": sorted(catalog.sources)} if catalog.sources else {}
    body = {"type": "object", "properties": {"id": _KEY, "ids": _keys(), "source": source}}
    return operation | {"requestBody": _body(body)}


def _sources() -> Schema:
    figures: Schema = {
        "state": {"enum": [str(state) for state in BreakerState], "description": "open: not asked for now"},
        "answered": {"type": "integer", "description": "Attempts since the process began"},
        "failed": {"type": "integer"},
        "failing": {"type": "number", "description": "The share of the last attempts that failed"},
        "p50_ms": {"type": "number"},
        "p99_ms": {"type": "number", "description": "Of the last attempts; one given up counts twice its time"},
    }
    one = {"type": "object", "required": list(figures), "properties": figures}
    properties = {
        "ok": {"const": True},
        "process": {"type": "integer", "description": "Each worker has figures of its own"},
        "sources": {"type": "object", "additionalProperties": one},
        "request_id": {"type": "string"},
    }
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return _operation(
        "sources", "How each source has been answering.", "health", [], {"200": _json("By source.", schema)}
    )
