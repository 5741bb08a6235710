"""Routes of catalogs. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.catalogs.paging import BASE, FORCE, PAGING, page_of
from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.workspace import Workspace

CATALOGS = f"{BASE}/catalogs"
ONE = f"{CATALOGS}/{{name}}"


def _list(workspace: Workspace, request: Request) -> Json:
    names, token = page_of(workspace.unity_catalog.catalogs.names(), request.query)
    return {"catalogs": workspace.list_catalogs(names), **token}


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_catalog(request.path["name"])


def _create(workspace: Workspace, request: Request) -> Json:
    return workspace.create_catalog(**request.body)


def _update(workspace: Workspace, request: Request) -> Json:
    return workspace.update_catalog(request.path["name"], **request.body)


def _delete(workspace: Workspace, request: Request) -> Json:
    workspace.delete_catalog(request.path["name"], force=request.query.get("force", False))
    return {}


# What these would set is about storage and other workspaces, which there are none of.
_INERT = ignored("custom_max_retention_hours", "managed_encryption_settings")
_SHARED = (
    Field("comment", "string"),
    Field("properties", "object"),
    Field("options", "object"),
    *_INERT,
)
_NEW = (Field("name", "string", required=True), Field("storage_root", "string"), *_SHARED)
_CHANGED = (
    Field("owner", "string"),
    Field("new_name", "string"),
    *_SHARED,
    *ignored("isolation_mode", "enable_predictive_optimization", "name"),
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        CATALOGS,
        "list_catalogs",
        "All catalogs.",
        _list,
        query=(*PAGING, *ignored("include_unbound")),
    ),
    Route("POST", CATALOGS, "create_catalog", "Create a catalog.", _create, body=_NEW),
    Route("GET", ONE, "get_catalog", "One catalog.", _get, query=ignored("include_browse")),
    Route("PATCH", ONE, "update_catalog", "Change a catalog.", _update, body=_CHANGED),
    Route("DELETE", ONE, "delete_catalog", "Delete a catalog.", _delete, query=(FORCE,)),
)
