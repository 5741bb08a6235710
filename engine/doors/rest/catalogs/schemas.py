"""Routes of schemas. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.catalogs.paging import BASE, FORCE, PAGING, page_of
from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.workspace import Workspace

SCHEMAS = f"{BASE}/schemas"
ONE = f"{SCHEMAS}/{{full_name}}"


def _list(workspace: Workspace, request: Request) -> Json:
    schemas = workspace.unity_catalog.schemas
    names, token = page_of(schemas.names(request.query["catalog_name"]), request.query)
    return {"schemas": schemas.describe(names), **token}


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_schema(request.path["full_name"])


def _create(workspace: Workspace, request: Request) -> Json:
    return workspace.create_schema(**request.body)


def _update(workspace: Workspace, request: Request) -> Json:
    return workspace.update_schema(request.path["full_name"], **request.body)


def _delete(workspace: Workspace, request: Request) -> Json:
    workspace.delete_schema(request.path["full_name"], force=request.query.get("force", False))
    return {}


_CATALOG = Field("catalog_name", "string", required=True)
_SHARED = (
    Field("comment", "string"),
    Field("properties", "object"),
    *ignored("custom_max_retention_hours"),
)
_NEW = (
    Field("name", "string", required=True),
    _CATALOG,
    Field("storage_root", "string"),
    *_SHARED,
)
_CHANGED = (
    Field("owner", "string"),
    Field("new_name", "string"),
    *_SHARED,
    *ignored("enable_predictive_optimization", "full_name"),
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        SCHEMAS,
        "list_schemas",
        "The schemas of a catalog.",
        _list,
        query=(_CATALOG, *PAGING),
    ),
    Route("POST", SCHEMAS, "create_schema", "Create a schema.", _create, body=_NEW),
    Route("GET", ONE, "get_schema", "One schema.", _get, query=ignored("include_browse")),
    Route("PATCH", ONE, "update_schema", "Change a schema.", _update, body=_CHANGED),
    Route("DELETE", ONE, "delete_schema", "Delete a schema.", _delete, query=(FORCE,)),
)
