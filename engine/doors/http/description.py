"""The OpenAPI description: the REST table, and the shop's typed routes beside it.

Knows kinds of fields; not what routes do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from engine.doors.rest import ROUTES
from engine.doors.rest.fields import Field
from engine.doors.rest.routing import Route

Schema = dict[str, Any]
_SCALAR: Schema = {"anyOf": [{"type": "string"}, {"type": "number"}]}
_KINDS: dict[str, Schema] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "scalar": _SCALAR,
    "strings": {"type": "array", "items": {"type": "string"}},
    "numbers": {"type": "array", "items": {"type": "number"}},
    "scalars": {"type": "array", "items": _SCALAR},
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": "object"}},
    "any": {},
}
_ERRORS = {
    "400": "The request is refused; the message says why.",
    "401": "No credentials, or wrong ones.",
    "403": "Not allowed.",
    "404": "No such thing.",
    "408": "The body did not come in time.",
    "409": "The name is taken.",
    "413": "The body is too large.",
    "415": "The body is compressed.",
    "429": "Other requests take all room; Retry-After says when to try again.",
    "500": "The service failed.",
    "501": "Not offered.",
    "504": "The time limit was reached.",
}
_ERROR: Schema = {
    "type": "object",
    "required": ["error_code", "message"],
    "properties": {
        "error_code": {"type": "string"},
        "message": {"type": "string"},
        "details": {"type": "array", "items": {"type": "object"}},
    },
}


def describe_api(app: FastAPI) -> Schema:
    """The whole description as OpenAPI 3.1; see `ROUTES` for the operations."""
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route)
    typed, schemas = _typed(app)
    return {
        "openapi": "3.1.0",
        "info": {"title": app.title, "version": app.version, "description": app.description},
        "paths": {**paths, **typed},
        "components": {
            "schemas": {**schemas, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _typed(app: FastAPI) -> tuple[Schema, Schema]:
    """Paths and schemas of the framework's own routes, with this API's errors."""
    routes = [route for route in app.router.routes if isinstance(route, APIRoute)]
    made = get_openapi(title=app.title, version=app.version, routes=routes)
    paths: Schema = made["paths"]
    for operations in paths.values():
        for operation in operations.values():
            replies = operation["responses"]
            replies.pop("422", None)  # what doesn't fit is a 400 here
            operation["responses"] = {**replies, **_error_replies()}
    schemas: Schema = made.get("components", {}).get("schemas", {})
    unused = ("HTTPValidationError", "ValidationError")
    return paths, {name: schema for name, schema in schemas.items() if name not in unused}


def _error_replies() -> Schema:
    form = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {status: {"description": text, "content": form} for status, text in _ERRORS.items()}


def _operation(route: Route) -> Schema:
    out: Schema = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.template.split("/")[3]],
        "parameters": [_path_parameter(name) for name in re.findall(r"{(\w+)}", route.template)],
        "responses": {
            "200": {
                "description": "The reply.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **_error_replies(),
        },
    }
    out["parameters"] += [_query_parameter(field) for field in route.query if not field.ignored]
    fields = [field for field in route.body if not field.ignored]
    if route.body:
        out["requestBody"] = {
            "required": any(field.required for field in fields),
            "content": {"application/json": {"schema": _object(route.body)}},
        }
    return out


def _operation_id(route: Route) -> str:
    """Each address has an id of its own: one operation has several."""
    words = re.sub(r"\W+", "_", route.template.removeprefix("/api/")).strip("_")
    return f"{route.name}__{route.method.lower()}__{words}"


def _path_parameter(name: str) -> Schema:
    # A slash would make it another path.
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    }


def _query_parameter(field: Field) -> Schema:
    return {
        "name": field.name,
        "in": "query",
        "required": field.required,
        "schema": _KINDS[field.kind],
    }


def _object(fields: Sequence[Field]) -> Schema:
    required = [field.name for field in fields if field.required]
    out: Schema = {
        "type": "object",
        "properties": {field.name: _schema(field) for field in fields},
        "additionalProperties": False,
    }
    return {**out, "required": required} if required else out


def _schema(field: Field) -> Schema:
    if field.kind == "object" and field.fields:
        return _object(field.fields)
    if field.kind == "objects" and field.fields:
        return {"type": "array", "items": _object(field.fields)}
    return _KINDS[field.kind]
