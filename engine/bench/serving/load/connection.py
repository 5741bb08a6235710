"""One client's connection: a request's bytes out, an answer in. Knows asyncio and httptools.

Not a library for clients of HTTP: those spend more processor time on a request than a server that
answers from memory, and beside it on one machine they would be what is measured. What is here is the
parser that uvicorn reads requests with, and one write for each request.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import httptools

Answered = Callable[["Connection", int, int, bytes], None]
Lost = Callable[["Connection", "int | None", Exception], None]


class Connection(asyncio.Protocol):
    """Has one request on its way at most.

    Args:
        answered: called with the number of the request, the status and the body.
        lost: called with the number of the request that was on its way, or None.
    """

    def __init__(self, answered: Answered, lost: Lost) -> None:
        self._answered, self._lost = answered, lost
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.number: int | None = None
        self.is_reusable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        opened = transport.get_extra_info("socket")
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, number: int, request: bytes) -> None:
        assert self._transport is not None
        self.number = number
        self._transport.write(request)

    def close(self) -> None:
        """At once: what is on its way is given up."""
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._break(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(exc or ConnectionResetError("the server closed the connection"))

    def _break(self, error: Exception) -> None:
        number, self.number = self.number, None
        self.close()
        self._lost(self, number, error)

    # ------------------------------------------------------------------ what the parser calls
    def on_message_begin(self) -> None:
        self._body = []

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        number, self.number = self.number, None
        self.is_reusable = self._parser.should_keep_alive()
        if number is not None:
            self._answered(self, number, self._parser.get_status_code(), b"".join(self._body))
