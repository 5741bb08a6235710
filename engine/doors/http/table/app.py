"""The REST table as an ASGI app. Knows transport and turns; the answers are the table's."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from engine.doors.http.admission import Budget, Turns
from engine.doors.http.guard import Limits
from engine.doors.http.table.calls import ApiCall, weighed
from engine.doors.rest.read_cost import ReadCosts
from engine.workspace import Workspace

QUICK_MS = 4.0  # of a query that the event loop answers itself; a thread would take a tenth more
_SMALL = 256 << 10  # bytes of a reply that needs no room beside others
_PIECE = 64 << 10  # a reply's bytes that are handed to the network at once
_STATEMENTS = "/sql/statements"


class Table:
    """Answers every request by the REST table, inside of the guard."""

    def __init__(self, workspace: Workspace, limits: Limits) -> None:
        self._workspace, self._costs, self._turns = workspace, ReadCosts(workspace), Turns()
        # Threads that compute share one interpreter with the event loop: each makes it wait longer.
        self._computing = CapacityLimiter((os.cpu_count() or 1) + 1)
        # A large reply, or body, keeps the interpreter all the time that it is made or read: two
        # together take as long as one after the other, and the event loop waits for both.
        self._large = CapacityLimiter(1)
        waiting, seconds = limits.waiting, limits.wait_seconds
        self._replies = Budget(limits.replies_bytes, waiting, seconds, "Replies")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = self._call(scope, await _body(receive))
        cost = call.cost
        if cost is not None and cost.reply_bytes > _SMALL:
            await self._send_large(call, scope, send)
            return
        # A query that is quicker than handing it to a thread would slow it down.
        if cost is not None and cost.ms <= QUICK_MS:
            await self._turns.take()
            content, status, operation = call.answer()
        else:
            lane = self._computing if cost is not None and cost.ms < math.inf else None
            content, status, operation = await run_sync(call.answer, limiter=lane)
        _name(scope, operation)
        await send(_start(status, content))
        await send({"type": "http.response.body", "body": content})

    def _call(self, scope: Scope, body: bytes) -> ApiCall:
        path = scope["raw_path"].decode("latin-1")
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        origin = _origin(scope) if _STATEMENTS in path else ""  # which only links need
        query, number = _query(scope.get("query_string", b"")), scope["state"]["request_id"]
        cost, given = weighed(self._costs, method, path, body)
        return ApiCall(self._workspace, method, path, query, number, origin, given, cost)

    async def _send_large(self, call: ApiCall, scope: Scope, send: Send) -> None:
        """A reply that is made when its bytes have room, and sent in pieces as its reader takes them."""
        assert call.cost is not None
        async with self._replies.held(call.cost.reply_bytes) as hold:
            content, status, operation = await run_sync(call.answer, limiter=self._large)
            hold.resize(len(content))
            _name(scope, operation)
            await send(_start(status, content))
            for start in range(0, len(content), _PIECE):
                piece = content[start : start + _PIECE]
                more = start + _PIECE < len(content)
                await send({"type": "http.response.body", "body": piece, "more_body": more})


def _query(text: bytes) -> Mapping[str, object]:
    return parse_qs(text.decode("latin-1"), keep_blank_values=True) if text else {}


def _origin(scope: Scope) -> str:
    """Scheme and host that a request was sent to, as its sender names them."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"127.0.0.1")
    return f"{scope['scheme']}://{host.decode('latin-1')}"


async def _body(receive: Receive) -> bytes:
    """All of it. Raises ClientDisconnect: it ended before."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces) if len(pieces) > 1 else bytes(pieces[0])


def _name(scope: Scope, operation: str) -> None:
    """Say under which name the request counts in log and metrics."""
    scope["state"]["exchange"].operation = operation or "unknown"


def _start(status: int, content: bytes) -> dict[str, Any]:
    headers = [
        (b"content-length", b"%d" % len(content)),
        (b"content-type", b"application/json"),
    ]
    return {"type": "http.response.start", "status": status, "headers": headers}
