"""The app: every route of the server. Knows transport; the answers are those of the REST table."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from engine import __version__
from engine.doors.faults.faults import Faults
from engine.doors.http import login, model_serving
from engine.doors.http.credentials import Credentials
from engine.doors.http.description import describe_api
from engine.doors.http.faults import admin
from engine.doors.http.faults.middleware import around_guard
from engine.doors.http.guard import Guard, Limits, name_operation, request_id, room_for_bodies
from engine.doors.http.metrics import current_metrics
from engine.doors.http.openapi_page import page
from engine.doors.http.page import sign_in
from engine.doors.http.page.routes import routes as page_routes
from engine.doors.http.shop.routes import routes as shop_routes
from engine.doors.http.sql import links
from engine.doors.http.table.app import Table
from engine.doors.http.volumes import files, pictures
from engine.doors.mcp import route as managed_mcp
from engine.doors.rest.routing import error_body
from engine.workspace import Workspace

_DOCUMENTATION = (
    "Vector Search, model serving and files of a workspace, and the shop on top of it, offline. Files "
    "of volumes are described in the API's own documents."
)
VECTOR_SEARCH = "/api/2.0/vector-search/"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    workspace: Workspace,
    credentials: Credentials | None = None,
    limits: Limits | None = None,
    loopback_only: bool = False,
    public_volumes: tuple[str, ...] = (),
    faults: Faults | None = None,
) -> FastAPI:
    """The server's app over a workspace.

    Args:
        credentials: who may use it; None lets everybody in.
        loopback_only: refuse requests that name another host or come from another site's page.
        public_volumes: paths of volumes whose files everybody may read, see `pictures`.
        faults: what calls meet, and the record of them; None for none, which costs nothing.
    """
    limits = limits or Limits()
    table = Table(workspace, limits)
    guard = Middleware(
        Guard,
        credentials=credentials,
        limits=limits,
        loopback_only=loopback_only,
        bodies=room_for_bodies(limits),
    )
    around = [guard] if faults is None else around_guard(guard, faults, workspace)
    app = _App(
        table=table,
        title="vitrine",
        version=__version__,
        description=_DOCUMENTATION,
        middleware=around,
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(HTTPException, _unrouted)
    app.openapi = functools.cache(lambda: describe_api(app))  # type: ignore[method-assign]
    app.router.routes += _routes(workspace, credentials, table, public_volumes, faults)
    return app


class _App(FastAPI):
    """FastAPI's, but what the REST table answers at the addresses of Vector Search goes to it at once.

    The guard stands before both. What the framework does around a route, and to find one, takes as
    long as half of a query, and does nothing for these.
    """

    def __init__(self, *, table: ASGIApp, middleware: Sequence[Middleware], **options: Any) -> None:
        super().__init__(middleware=middleware, **options)
        for cls, args, kwargs in reversed(middleware):
            table = cls(table, *args, **kwargs)
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_short = scope["type"] == "http" and scope["path"].startswith(VECTOR_SEARCH)
        if is_short and scope["method"] in METHODS:
            await self._table(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _routes(
    workspace: Workspace,
    credentials: Credentials | None,
    table: Any,
    public_volumes: tuple[str, ...],
    faults: Faults | None,
) -> list[BaseRoute]:
    """Every route, in the order in which they are asked; `table` answers by the REST table."""
    return [
        Route(VECTOR_SEARCH + "{rest:path}", table, methods=METHODS),
        *login.routes(credentials),
        *sign_in.routes(credentials),
        *page.routes(),
        *files.routes(workspace),
        *pictures.routes(workspace, credentials, public_volumes),
        *model_serving.routes(workspace),
        *links.routes(workspace),
        *managed_mcp.routes(workspace, METHODS),
        *([] if faults is None else admin.routes(faults)),
        Route("/health", _health(workspace)),
        Route("/metrics", _metrics),
        Route("/api/2.0/preview/scim/v2/Me", _me),
        *page_routes(workspace),
        *shop_routes(workspace),
        Route("/api/{rest:path}", table, methods=METHODS),
        Route("/{rest:path}", _nothing, methods=METHODS),
    ]


def _health(workspace: Workspace) -> Any:
    seen = False  # a workspace's folder is made when something is written

    async def health(request: Request) -> JSONResponse:
        nonlocal seen
        name_operation(request, "health")
        exists = workspace.path.is_dir()
        if seen and not exists:
            text = "The workspace's folder is gone."
            body = error_body("STORAGE_FAILED", text, request_id=request_id(request))
            return JSONResponse(body, status_code=503)
        seen = exists
        return JSONResponse({"status": "ok", "version": __version__})

    return health


async def _metrics(request: Request) -> Response:
    name_operation(request, "metrics")
    return Response(current_metrics(), media_type=CONTENT_TYPE_LATEST)


async def _me(request: Request) -> JSONResponse:
    name_operation(request, "me")
    me = {"id": "1", "userName": "vitrine@localhost", "displayName": "vitrine", "active": True}
    return JSONResponse(me, headers={"X-Databricks-Org-Id": login.WORKSPACE_ID})


async def _nothing(request: Request) -> JSONResponse:
    # As it was sent: the framework's own address leaves line breaks out.
    path = request.scope.get("raw_path", b"").decode("latin-1")
    text = f"No API found for '{request.method} {path:.300}'"
    body = error_body("ENDPOINT_NOT_FOUND", text, request_id=request_id(request))
    return JSONResponse(body, status_code=404)


async def _unrouted(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: a path with a line break, another method."""
    return await _nothing(request)
