"""The route of managed MCP: which tools an address has. Knows HTTP; not MCP's messages.

Truth: addresses as the vendor's pages and helpers write them, and plain POSTs that were seen answered.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from engine.doors.http.guard import name_operation, request_id
from engine.doors.mcp.functions import FunctionTools
from engine.doors.mcp.library import Server, load
from engine.doors.mcp.tool import Tools
from engine.doors.mcp.tools import IndexTools
from engine.doors.rest.bodies import parse_body
from engine.doors.rest.routing import EndpointNotFound, error_body
from engine.errors import NotSupported, VitrineError
from engine.workspace import Workspace

PREFIX = "/api/2.0/mcp/"
KINDS: dict[str, tuple[str, Callable[..., Tools]]] = {
    "ai-search": ("index", IndexTools),
    "vector-search": ("index", IndexTools),
    "functions": ("function", FunctionTools),
}
OTHERS = ("external", "genie", "sql")  # managed servers that the cloud has beside
MOST = 4 << 20  # bytes of a body, as the newest release of the library takes
# What the library asks of every call. Plain scripts say neither, and are answered in the cloud.
_SAID = (
    (b"accept", b"application/json, text/event-stream"),
    (b"content-type", b"application/json"),
)


def routes(workspace: Workspace, methods: list[str]) -> list[Route]:
    """The routes over a workspace's indexes and functions; the first request loads the library."""
    server = Server()

    async def mcp(request: Request) -> Response:
        name_operation(request, "mcp")
        try:
            tools = tools_at(workspace, request.path_params["rest"])
            if request.method != "POST":
                return _only_post(request)
            body = await _body_of(request)
            await run_sync(load)
            return _Answered(request, body, server, tools)
        except VitrineError as error:
            return _refused(request, error)

    return [Route(f"{PREFIX}{{rest:path}}", mcp, methods=methods)]


def tools_at(workspace: Workspace, address: str) -> Tools:
    """The tools of an address below `PREFIX`.

    Raises:
        NotSupported: a managed server of another kind. EndpointNotFound: no managed server.
    """
    kind, *names = address.strip("/").split("/")
    if kind in OTHERS:
        raise NotSupported(
            f"Managed MCP of kind {kind!r} is not offered; of {', '.join(KINDS)} it is."
        )
    if kind not in KINDS or len(names) not in (2, 3):
        shown = kind if kind in KINDS else "ai-search"
        expected = f"{PREFIX}{shown}/<catalog>/<schema>"
        raise EndpointNotFound(
            f"No API found for '{PREFIX}{address:.300}'; expected {expected} or "
            f"{expected}/<{KINDS[shown][0]}>, for one of {', '.join(KINDS)}."
        )
    return KINDS[kind][1](workspace, *names)


class BodyTooLarge(VitrineError):
    """A body is longer than a call of a tool may be."""

    error_code = "REQUEST_TOO_LARGE"
    status_code = 413


class _Answered(Response):
    """What the library answers."""

    def __init__(self, request: Request, body: bytes, server: Server, tools: Tools) -> None:
        super().__init__()
        self._request, self._body = request, body
        self._server, self._tools = server, tools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [pair for pair in scope["headers"] if pair[0] not in dict(_SAID)]
        named = functools.partial(name_operation, self._request)
        scope = {**scope, "headers": [*headers, *_SAID]}
        read = False

        async def again() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        await self._server.answer(self._tools, named, scope, again, send)


async def _body_of(request: Request) -> bytes:
    """The body, which is JSON: releases of the library take others each in a way of its own.

    Raises:
        MalformedRequest: not JSON. BodyTooLarge: more than a call needs.
    """
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MOST:
            raise BodyTooLarge(
                f"The body has more than {MOST:,} bytes, which no call of a tool needs."
            )
    body = b"".join(parts)
    parse_body(body)
    return body


def _only_post(request: Request) -> JSONResponse:
    text = f"'{request.method} {request.url.path:.300}': no session begins here, so it takes POST."
    body = error_body("METHOD_NOT_ALLOWED", text, request_id=request_id(request))
    return JSONResponse(body, 405, {"Allow": "POST"})


def _refused(request: Request, error: VitrineError) -> JSONResponse:
    body = error_body(error.error_code, error.message, error.details, request_id(request))
    return JSONResponse(body, error.status_code)
