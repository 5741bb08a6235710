"""Routes of the SQL warehouse and its permissions. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.workspace import Workspace

WAREHOUSES = "/api/2.0/sql/warehouses"
PERMISSIONS = "/api/2.0/permissions/warehouses/{warehouse_id}"
_ACCESS = (
    Field(
        "access_control_list",
        "objects",
        fields=(
            Field("user_name", "string"),
            Field("group_name", "string"),
            Field("service_principal_name", "string"),
            Field("permission_level", "string"),
        ),
    ),
)


def _list(workspace: Workspace, request: Request) -> Json:
    return workspace.statement_runs.warehouse.list()


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.statement_runs.warehouse.get(request.path["warehouse_id"])


def _start(workspace: Workspace, request: Request) -> Json:
    workspace.statement_runs.warehouse.start(request.path["warehouse_id"])
    return {}


def _stop(workspace: Workspace, request: Request) -> Json:
    workspace.statement_runs.warehouse.stop(request.path["warehouse_id"])
    return {}


def _permissions(workspace: Workspace, request: Request) -> Json:
    return workspace.statement_runs.warehouse.permissions(request.path["warehouse_id"])


def _set_permissions(workspace: Workspace, request: Request) -> Json:
    entries = request.body.get("access_control_list", [])
    return workspace.statement_runs.warehouse.set_permissions(
        request.path["warehouse_id"], entries, add=False
    )


def _add_permissions(workspace: Workspace, request: Request) -> Json:
    entries = request.body.get("access_control_list", [])
    return workspace.statement_runs.warehouse.set_permissions(
        request.path["warehouse_id"], entries, add=True
    )


def _levels(workspace: Workspace, request: Request) -> Json:
    return workspace.statement_runs.warehouse.permission_levels(request.path["warehouse_id"])


_ONE = f"{WAREHOUSES}/{{warehouse_id}}"
_SAME = ignored("id", "warehouse_id")
_PAGES = ignored("page_size", "page_token", "run_as_user_id")

ROUTES: tuple[Route, ...] = (
    Route("GET", WAREHOUSES, "list_warehouses", "The one warehouse.", _list, query=_PAGES),
    Route("GET", _ONE, "get_warehouse", "The warehouse.", _get),
    Route("POST", f"{_ONE}/start", "start_warehouse", "Show it as running.", _start, body=_SAME),
    Route("POST", f"{_ONE}/stop", "stop_warehouse", "Show it as stopped.", _stop, body=_SAME),
    Route("GET", PERMISSIONS, "get_warehouse_permissions", "Who may do what.", _permissions),
    Route(
        "PUT",
        PERMISSIONS,
        "set_warehouse_permissions",
        "Replace who may do what.",
        _set_permissions,
        body=_ACCESS,
    ),
    Route(
        "PATCH",
        PERMISSIONS,
        "update_warehouse_permissions",
        "Add to who may do what.",
        _add_permissions,
        body=_ACCESS,
    ),
    Route(
        "GET",
        f"{PERMISSIONS}/permissionLevels",
        "get_warehouse_permission_levels",
        "The levels that can be given.",
        _levels,
    ),
)
