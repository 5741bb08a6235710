"""The least that a server on this stack takes: an app that answers `{}`, on uvicorn as ours runs."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from engine.bench.serving.load.job import Address, Call
from engine.bench.serving.processes import ServerProcess, free_port, takes_connections
from engine.bench.serving.served import Kind
from engine.bench.serving.servers.server import NotServed

NAME = "an empty app"
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


async def empty(
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    """An ASGI app: whatever is asked, an empty object."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": b"{}"})


class Floor:
    """Has no rows: only its health can be asked for."""

    def __init__(self) -> None:
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", f"{__name__}:empty", "--port", str(port)]
        how = ["--loop", "asyncio", "--http", "httptools", "--lifespan", "off", "--no-access-log"]
        self._process = ServerProcess(
            [*command, *how, "--log-level", "warning"], lambda: takes_connections(port)
        )
        self.name = NAME
        self.settings = {"workers": 1}
        self.address, self.pid = Address("127.0.0.1", port), self._process.pid

    def calls(self, kind: Kind) -> Sequence[Call]:
        if kind != "health":
            raise NotServed("an app that holds nothing")
        return [Call("GET", "/")]

    def found(self, body: bytes) -> list[str]:
        return []

    def search_better(self) -> bool:
        return False

    def close(self) -> None:
        self._process.close()
