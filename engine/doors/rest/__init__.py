"""The REST API without a transport: one table of routes, and what answers a request by it.

`handle` is the whole API in-process; a server registers the same `ROUTES`.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.doors.rest import ai_search, catalogs, data, endpoints, indexes, serving
from engine.doors.rest.routing import Json, Routes, answer
from engine.doors.rest.sql import statements, warehouses
from engine.workspace import Workspace

ROUTES = Routes(
    (
        *endpoints.ROUTES,
        *indexes.ROUTES,
        *data.ROUTES,
        *ai_search.ROUTES,
        *serving.ROUTES,
        *catalogs.ROUTES,
        *statements.ROUTES,
        *warehouses.ROUTES,
    )
)


def handle(
    workspace: Workspace,
    method: str,
    path: str,
    query: Mapping[str, object] | None = None,
    body: object = None,
) -> tuple[int, Json]:
    """Status and JSON body of one request; never raises. See `routing.answer`."""
    status, reply, _ = answer(ROUTES, workspace, method, path, query, body)
    return status, reply
