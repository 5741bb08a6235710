"""The app: every route of the server. Knows transport; the answers are those of the REST table."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from engine import __version__
from engine.doors.faults.faults import Faults
from engine.doors.http import login, model_serving
from engine.doors.http.admission import Budget, Turns
from engine.doors.http.credentials import Credentials
from engine.doors.http.description import describe_api
from engine.doors.http.faults import admin
from engine.doors.http.faults.middleware import around_guard
from engine.doors.http.guard import Guard, Limits, name_operation, request_id
from engine.doors.http.metrics import current_metrics
from engine.doors.http.openapi_page import page
from engine.doors.http.page import sign_in
from engine.doors.http.page.routes import routes as page_routes
from engine.doors.http.shop.routes import routes as shop_routes
from engine.doors.http.sql import links
from engine.doors.http.volumes import files, pictures
from engine.doors.mcp import route as managed_mcp
from engine.doors.rest import ROUTES
from engine.doors.rest.bodies import encode_json, parse_body
from engine.doors.rest.read_cost import READS, cost_of_read
from engine.doors.rest.routing import EndpointNotFound, answer, error_body, find_route
from engine.errors import VitrineError
from engine.service.search.cost import REFUSED, Cost
from engine.workspace import Workspace

QUICK_MS = 4.0  # of a query that the event loop answers itself; a thread would take a tenth more
QUICK_BYTES = 1 << 17  # of bodies that it reads itself; a vector of 4,096 numbers takes 80 kB
_UNREAD = Cost(math.inf, 1 << 20)  # of a read with a larger body
_SMALL = 256 << 10  # bytes of a reply that needs no room beside others
_PIECE = 64 << 10  # a reply's bytes that are handed to the network at once
_DOCUMENTATION = (
    "Vector Search, model serving and files of a workspace, and the shop on top of it, offline. Files "
    "of volumes are described in the API's own documents."
)
_STATEMENTS = "/sql/statements"
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
    api = _api(workspace, limits)
    guard = Middleware(Guard, credentials=credentials, limits=limits, loopback_only=loopback_only)
    around = [guard] if faults is None else around_guard(guard, faults, workspace)
    app = FastAPI(
        title="vitrine",
        version=__version__,
        description=_DOCUMENTATION,
        middleware=around,
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(HTTPException, _unrouted)
    app.openapi = functools.cache(lambda: describe_api(app))  # type: ignore[method-assign]
    app.router.routes += _routes(workspace, credentials, api, public_volumes, faults)
    return app


def _routes(
    workspace: Workspace,
    credentials: Credentials | None,
    api: Any,
    public_volumes: tuple[str, ...],
    faults: Faults | None,
) -> list[BaseRoute]:
    """Every route, in the order in which they are asked; `api` answers by the REST table."""
    return [
        Route("/api/2.0/vector-search/{rest:path}", api, methods=METHODS),
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
        Route("/api/{rest:path}", api, methods=METHODS),
        Route("/{rest:path}", _nothing, methods=METHODS),
    ]


@dataclass(frozen=True)
class _ApiCall:
    """One request for the REST table.

    Attributes:
        origin: scheme and host that it was sent to; "" where no link can be asked for.
        body: its bytes, or the values that they stand for.
        cost: of a read; None for all else.
    """

    workspace: Workspace
    method: str
    path: str
    query: Mapping[str, object]
    id: str
    origin: str
    body: object = field(repr=False)
    cost: Cost | None = None

    def answer(self) -> tuple[bytes, int, str]:
        """The reply as JSON, the status and the operation's name."""
        status, reply, operation = answer(
            ROUTES,
            self.workspace,
            self.method,
            self.path,
            self.query,
            self.body,
            self.id,
            self.origin,
        )
        return encode_json(reply), status, operation

    def with_cost(self) -> _ApiCall:
        """The same with its cost, and with its values where they were read for that."""
        try:
            route, parameters = find_route(ROUTES, self.method, self.path)
        except EndpointNotFound:
            return replace(self, cost=REFUSED)
        if route.name not in READS:
            return self
        assert isinstance(self.body, bytes)
        if len(self.body) > QUICK_BYTES:
            return replace(self, cost=_UNREAD)
        try:
            values = parse_body(self.body)
        except VitrineError:
            return replace(self, cost=REFUSED)
        if not isinstance(values, dict):
            return replace(self, cost=REFUSED)
        cost = cost_of_read(self.workspace, route.name, parameters, values)
        return replace(self, body=values, cost=cost)


def _api(workspace: Workspace, limits: Limits) -> Any:
    turns = Turns()
    # Threads that compute share one interpreter with the event loop: each makes it wait longer.
    computing = CapacityLimiter((os.cpu_count() or 1) + 1)
    # A large reply, or body, keeps the interpreter all the time that it is made or read: two together
    # take as long as one after the other, and the event loop waits for both.
    large = CapacityLimiter(1)
    replies = Budget(limits.replies_bytes, limits.waiting, limits.wait_seconds, "Replies")

    async def api(request: Request) -> Response:
        body = await request.body()
        given = request.query_params
        query = {name: given.getlist(name) for name in given} if given else {}
        path = request.scope["raw_path"].decode("latin-1")
        method = "GET" if request.method == "HEAD" else request.method
        number = request_id(request)
        origin = _origin(request) if _STATEMENTS in path else ""  # which only links need
        call = _ApiCall(workspace, method, path, query, number, origin, body).with_cost()
        cost = call.cost
        if cost is not None and cost.reply_bytes > _SMALL:
            return _LargeReply(request, call, replies, large)
        # A query that is quicker than handing it to a thread would slow it down.
        if cost is not None and cost.ms <= QUICK_MS:
            await turns.take()
            content, status, operation = call.answer()
        else:
            lane = computing if cost is not None and cost.ms < math.inf else None
            content, status, operation = await run_sync(call.answer, limiter=lane)
        name_operation(request, operation)
        return Response(content, status, media_type="application/json")

    return api


def _origin(request: Request) -> str:
    """Scheme and host that a request was sent to, as its sender names them."""
    return f"{request.scope['scheme']}://{request.headers.get('host', '127.0.0.1')}"


class _LargeReply(Response):
    """A reply that is made when its bytes have room, and sent in pieces as its reader takes them."""

    def __init__(
        self, request: Request, call: _ApiCall, replies: Budget, lane: CapacityLimiter
    ) -> None:
        super().__init__(media_type="application/json")
        self._request, self._call = request, call
        self._replies, self._lane = replies, lane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make it and send it."""
        assert self._call.cost is not None
        async with self._replies.held(self._call.cost.reply_bytes) as hold:
            made = await run_sync(self._call.answer, limiter=self._lane)
            content, status, operation = made
            hold.resize(len(content))
            name_operation(self._request, operation)
            headers = [
                (b"content-length", str(len(content)).encode()),
                (b"content-type", b"application/json"),
            ]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            for start in range(0, len(content), _PIECE):
                piece = content[start : start + _PIECE]
                more = start + _PIECE < len(content)
                await send({"type": "http.response.body", "body": piece, "more_body": more})


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
    text = f"No API found for '{request.method} {request.url.path:.300}'"
    body = error_body("ENDPOINT_NOT_FOUND", text, request_id=request_id(request))
    return JSONResponse(body, status_code=404)


async def _unrouted(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: a path with a line break, another method."""
    return await _nothing(request)
