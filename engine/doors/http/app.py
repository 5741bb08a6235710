"""The app: every route of the server. Knows transport; the answers are those of the REST table."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine import __version__
from engine.doors.http import files, login, model_serving
from engine.doors.http.credentials import Credentials
from engine.doors.http.description import describe_api
from engine.doors.http.guard import Guard, Limits, name_operation, request_id
from engine.doors.http.metrics import current_metrics
from engine.doors.rest import ROUTES
from engine.doors.rest.bodies import encode_json
from engine.doors.rest.routing import answer, error_body
from engine.service.workspace import Workspace

QUICK_ROWS = 200_000  # of an index whose queries the event loop answers itself
QUICK_BYTES = 1 << 17  # of their bodies; a vector of 4,096 numbers takes 80 kB
# Texts are encoded first; in escapes their name would not be seen.
_SLOW_PARTS = (b'"query_text"', b"\\u")
_DOCUMENTATION = (
    "Vector Search, model serving and files of a workspace, offline. Files of volumes are described in "
    "the API's own documents. The pages /docs and /redoc load their scripts from a public address, so "
    "they need a network; /openapi.json does not."
)
_QUERY = re.compile(r"/api/2\.0/vector-search/indexes/([\w.]+)/query")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(
    workspace: Workspace,
    credentials: Credentials | None = None,
    limits: Limits | None = None,
    loopback_only: bool = False,
) -> FastAPI:
    """The server's app over a workspace.

    Args:
        credentials: who may use it; None lets everybody in.
        loopback_only: refuse requests that name another host or come from another site's page.
    """
    limits = limits or Limits()
    api = _api(workspace)
    guard = Middleware(Guard, credentials=credentials, limits=limits, loopback_only=loopback_only)
    app = FastAPI(
        title="vitrine", version=__version__, description=_DOCUMENTATION, middleware=[guard]
    )
    app.add_exception_handler(HTTPException, _unrouted)
    app.openapi = functools.cache(lambda: describe_api(app))  # type: ignore[method-assign]
    app.router.routes += [
        Route("/api/2.0/vector-search/{rest:path}", api, methods=METHODS),
        *login.routes(credentials),
        *files.routes(workspace),
        *model_serving.routes(workspace),
        Route("/health", _health(workspace)),
        Route("/metrics", _metrics),
        Route("/api/2.0/preview/scim/v2/Me", _me),
        Route("/api/{rest:path}", api, methods=METHODS),
        Route("/{rest:path}", _nothing, methods=METHODS),
    ]
    return app


def _api(workspace: Workspace) -> Any:
    async def api(request: Request) -> Response:
        body = await request.body()
        given = request.query_params
        query = {name: given.getlist(name) for name in given} if given else {}
        path = request.scope["raw_path"].decode("latin-1")
        method = "GET" if request.method == "HEAD" else request.method
        asked = (workspace, method, path, query, body, request_id(request))
        # A query of an index that is open takes less than handing it to a thread would add.
        if is_quick(workspace, method, path, body):
            content, status, operation = _answered(*asked)
        else:
            content, status, operation = await run_in_threadpool(_answered, *asked)
        name_operation(request, operation)
        return Response(content, status, media_type="application/json")

    return api


def _answered(
    workspace: Workspace,
    method: str,
    path: str,
    query: Mapping[str, object],
    body: bytes,
    request: str,
) -> tuple[bytes, int, str]:
    status, reply, operation = answer(ROUTES, workspace, method, path, query, body, request)
    return encode_json(reply), status, operation


def is_quick(workspace: Workspace, method: str, path: str, body: bytes) -> bool:
    """Whether a request is a query by vector of a smaller index whose version is open and settled.

    All else may take long: opening files, syncing, encoding, scanning.
    """
    match = _QUERY.fullmatch(path)
    if match is None or method not in ("GET", "POST") or len(body) > QUICK_BYTES:
        return False
    if any(part in body for part in _SLOW_PARTS):
        return False
    settled = workspace.catalog.settled(match[1])
    return settled is not None and settled[2].rows <= QUICK_ROWS


def _health(workspace: Workspace) -> Any:
    seen = False  # a workspace's folder is made when something is written

    async def health(request: Request) -> JSONResponse:
        nonlocal seen
        name_operation(request, "health")
        is_there = workspace.path.is_dir()
        if seen and not is_there:
            text = "The workspace's folder is gone."
            body = error_body("STORAGE_FAILED", text, request_id=request_id(request))
            return JSONResponse(body, status_code=503)
        seen = is_there
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
    text = f"No API found for '{request.method} {request.url.path:.300}'"
    body = error_body("ENDPOINT_NOT_FOUND", text, request_id=request_id(request))
    return JSONResponse(body, status_code=404)


async def _unrouted(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: a path with a line break, another method."""
    return await _nothing(request)
