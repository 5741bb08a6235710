"""Calls recorded, and faults in place of answers, around the app. Knows ASGI; not which calls fail.

`Recorder` stands outside the guard, so that refused calls are recorded too; `Faulty` inside, so that
faults have the form, the log and the metrics of other answers. Neither is there where no faults are.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.doors.faults.calls import Call
from engine.doors.faults.faults import Faults
from engine.doors.faults.kinds import (
    BrokenConnection,
    Delay,
    PartialUpsert,
    Refusal,
    ShortLogin,
)
from engine.doors.faults.operations import operation_of
from engine.doors.faults.partial import primary_key_of, split_body
from engine.doors.http.faults.connection import STATE
from engine.errors import InvalidState
from engine.workspace import Workspace

ADMIN = "/api/v1/faults"  # whose own calls are neither recorded nor broken
_CALL = "call"  # under which name a request's scope holds what is recorded of it
_KEPT_BYTES = 4 << 20  # of a body; a longer one is not kept


class _Given(NamedTuple):
    """A request whose body can be read again."""

    scope: Scope
    receive: Receive
    send: Send


def around_guard(guard: Middleware, faults: Faults, workspace: Workspace) -> list[Middleware]:
    """The app's middleware where faults are: the recorder, the guard, and what lets calls fail."""
    inner = Middleware(Faulty, faults=faults, workspace=workspace)
    return [Middleware(Recorder, faults=faults), guard, inner]


class Recorder:
    """The outer middleware: notes each call and its status."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record one request."""
        path = re.sub("/+", "/", _raw_path(scope)) if scope["type"] == "http" else ADMIN
        if path.startswith(ADMIN):
            await self._app(scope, receive, send)
            return
        call = self._faults.begin(_call_of(scope, path))
        body = bytearray()

        async def received() -> Message:
            message = await receive()
            if call.content is not None:
                body.extend(message.get("body", b""))
                call.content = bytes(body) if len(body) <= _KEPT_BYTES else None
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":  # before its reader can look at the record
                self._faults.finish(call, message["status"])
            await send(message)

        state = {**scope.get("state", {}), _CALL: call}
        try:
            await self._app({**scope, "state": state}, received, sent)
        finally:
            self._faults.finish(call, call.status)


def _raw_path(scope: Scope) -> str:
    raw: bytes | None = scope.get("raw_path")
    return raw.decode("latin-1") if raw else str(scope["path"])


def _call_of(scope: Scope, path: str) -> Call:
    headers = dict(scope["headers"])
    return Call(
        operation_of(scope["method"], path),
        scope["method"],
        path,
        parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True),
        content_type=headers.get(b"content-type", b"").decode("latin-1"),
    )


class Faulty:
    """The inner middleware: lets calls meet their faults."""

    def __init__(self, app: ASGIApp, faults: Faults, workspace: Workspace) -> None:
        self._app, self._faults, self._workspace = app, faults, workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or not."""
        call = scope.get("state", {}).get(_CALL)
        fault = None if call is None else self._faults.take(call, _token_of(scope))
        if fault is None:
            await self._app(scope, receive, send)
            return
        _name(scope, call)
        body = await _whole_body(receive)
        given = _Given(scope, _again(body, receive), send)
        if isinstance(fault, Refusal):
            answer = JSONResponse(fault.body(_request_id(scope)), fault.status, fault.headers)
            await answer(scope, receive, send)
        elif isinstance(fault, Delay):
            await self._pause(fault.seconds, receive)
            await self._app(*given)
        elif isinstance(fault, BrokenConnection):
            await self._broken(fault, call, given)
        elif isinstance(fault, ShortLogin):
            await self._short_login(fault, given)
        else:
            await self._partial(fault, call, body, given)

    async def _pause(self, seconds: float, receive: Receive) -> None:
        """Wait, until the client gives up or the faults are closed."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        forget = self._faults.when_closed(lambda: loop.call_soon_threadsafe(ended.set))
        gone, closed = asyncio.ensure_future(receive()), asyncio.ensure_future(ended.wait())
        try:
            await asyncio.wait({gone, closed}, timeout=seconds, return_when="FIRST_COMPLETED")
        finally:
            forget()
            closed.cancel()
            gone.cancel()
        if gone.done() and not gone.cancelled():
            raise ClientDisconnect

    async def _broken(self, fault: BrokenConnection, call: Call, given: _Given) -> None:
        connection = given.scope["state"].get(STATE)
        if connection is None:
            raise InvalidState("this server's connections can't be broken; serve with --faults.")
        if not fault.mid_answer:
            connection.reset()
            raise ClientDisconnect
        is_broken = False

        async def half(message: Message) -> None:
            nonlocal is_broken
            if is_broken:
                return
            part = message.get("body", b"")
            if message["type"] == "http.response.body" and (part or not message.get("more_body")):
                is_broken = True
                message = {**message, "body": part[: len(part) // 2], "more_body": True}
            await given.send(message)
            if is_broken:
                self._faults.finish(call, None)  # no answer that anybody had
                connection.close()

        await self._app(given.scope, given.receive, half)

    async def _short_login(self, fault: ShortLogin, given: _Given) -> None:
        def shorten(reply: Any) -> Any:
            if isinstance(reply, dict) and "access_token" in reply:
                self._faults.note_short(reply["access_token"], fault.seconds)
                return {**reply, "expires_in": int(fault.seconds)}
            return reply

        await self._app(given.scope, given.receive, _Rewritten(given.send, shorten))

    async def _partial(self, fault: PartialUpsert, call: Call, body: bytes, given: _Given) -> None:
        key = primary_key_of(self._workspace, call.path)
        if key is None:
            await self._app(*given)
            return
        values, split = split_body(body, key, fault)
        if split.failed:
            kept = json.dumps(values).encode()
            send = _Rewritten(given.send, split.answer)
            await self._app(given.scope, _again(kept, given.receive), send)
        else:
            await self._app(*given)


class _Rewritten:
    """Sends a reply of JSON changed."""

    def __init__(self, send: Send, change: Any) -> None:
        self._send, self._change = send, change
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Hold back what is sent, until it is complete."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        content = bytes(self._body)
        if self._start["status"] < 400:
            content = json.dumps(self._change(json.loads(content))).encode()
        others = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
        headers = [*others, (b"content-length", str(len(content)).encode())]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": content})


def _name(scope: Scope, call: Call) -> None:
    """Let a call that meets a fault count under its operation."""
    exchange = scope["state"].get("exchange")
    if exchange is not None and call.operation:
        exchange.operation = call.operation


def _request_id(scope: Scope) -> str | None:
    found: str | None = scope["state"].get("request_id")
    return found


def _token_of(scope: Scope) -> str:
    given: bytes = dict(scope["headers"]).get(b"authorization", b"")
    return given.decode("latin-1").partition(" ")[2].strip()


async def _whole_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """What receives a body that was read already, and then what comes after it."""
    waiting = [body]

    async def received() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return received
