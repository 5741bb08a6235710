"""Routes that read model serving endpoints. Knows fields; not models."""

from __future__ import annotations

from engine.doors.rest.routing import Json, Request, Route
from engine.workspace import Workspace

BASE = "/api/2.0/serving-endpoints"


def _list(workspace: Workspace, request: Request) -> Json:
    return {"endpoints": workspace.list_serving_endpoints()}


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_serving_endpoint(request.path["name"])


ROUTES: tuple[Route, ...] = (
    Route("GET", BASE, "list_serving_endpoints", "All model serving endpoints.", _list),
    Route("GET", f"{BASE}/{{name}}", "get_serving_endpoint", "One serving endpoint.", _get),
)
