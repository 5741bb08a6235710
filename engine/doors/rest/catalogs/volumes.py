"""Routes of volumes; their files have routes of their own. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.catalogs.paging import BASE, IN_SCHEMA, PAGING, page_of
from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.workspace import Workspace

VOLUMES = f"{BASE}/volumes"
ONE = f"{VOLUMES}/{{name}}"


def _list(workspace: Workspace, request: Request) -> Json:
    volumes, query = workspace.unity_catalog.volumes, request.query
    names, token = page_of(volumes.names(query["catalog_name"], query["schema_name"]), query)
    return {"volumes": volumes.describe(names), **token}


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_volume(request.path["name"])


def _create(workspace: Workspace, request: Request) -> Json:
    return workspace.create_volume(**request.body)


def _update(workspace: Workspace, request: Request) -> Json:
    return workspace.update_volume(request.path["name"], **request.body)


def _delete(workspace: Workspace, request: Request) -> Json:
    workspace.delete_volume(request.path["name"])
    return {}


_NEW = (
    *IN_SCHEMA,
    Field("name", "string", required=True),
    Field("volume_type", "string", required=True),
    Field("comment", "string"),
    Field("storage_location", "string"),
)
_CHANGED = (
    Field("comment", "string"),
    Field("owner", "string"),
    Field("new_name", "string"),
    *ignored("name"),
)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        VOLUMES,
        "list_volumes",
        "The volumes of a schema.",
        _list,
        query=(*IN_SCHEMA, *PAGING),
    ),
    Route("POST", VOLUMES, "create_volume", "Create a volume.", _create, body=_NEW),
    Route("GET", ONE, "get_volume", "One volume.", _get, query=ignored("include_browse")),
    Route("PATCH", ONE, "update_volume", "Change a volume.", _update, body=_CHANGED),
    Route("DELETE", ONE, "delete_volume", "Delete a volume and its files.", _delete),
)
