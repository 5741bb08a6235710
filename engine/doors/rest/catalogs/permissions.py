"""Routes of grants. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.catalogs.paging import BASE
from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.workspace import Workspace

_THING = "{securable_type}/{full_name}"
GRANTS = f"{BASE}/permissions/{_THING}"


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_grants(**request.path, **request.query)


def _effective(workspace: Workspace, request: Request) -> Json:
    return workspace.get_effective_grants(**request.path, **request.query)


def _update(workspace: Workspace, request: Request) -> Json:
    return workspace.update_grants(**request.path, changes=request.body["changes"])


_WHOSE = (Field("principal", "string"), *ignored("max_results", "page_token"))
_CHANGES = Field(
    "changes",
    "objects",
    required=True,
    fields=(
        Field("principal", "string", required=True),
        Field("add", "strings"),
        Field("remove", "strings"),
    ),
)

ROUTES: tuple[Route, ...] = (
    Route("GET", GRANTS, "get_grants", "What was granted on a thing.", _get, query=_WHOSE),
    Route("PATCH", GRANTS, "update_grants", "Give and take privileges.", _update, body=(_CHANGES,)),
    Route(
        "GET",
        f"{BASE}/effective-permissions/{_THING}",
        "get_effective_grants",
        "What was granted on a thing and on what it lies in.",
        _effective,
        query=_WHOSE,
    ),
)
