"""Connections that are slow, endless or no HTTP. Knows uvicorn's protocol and time; not requests.

uvicorn waits for ever for the head of a request, keeps a head of any length, and keeps what a reader
doesn't fetch; it refuses what is no HTTP as plain text.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from engine.doors.rest.routing import error_body

HEAD_SECONDS = 30.0  # for the first line and the headers
HEAD_BYTES = 64 << 10
STALLED_SECONDS = 60.0  # for a reader to take what waits for it

_UPGRADE = re.compile(rb"(\r\n)(upgrade[ \t]*:)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


def _without_upgrade(data: bytes) -> bytes:
    """The beginning of a request whose offer to speak another protocol is hidden from the parser.

    Java's client makes the offer with each first request; the parser then takes the body for that
    protocol's, and the request would come without one.
    """
    end = data.find(_HEAD_END)
    head = data if end < 0 else data[:end]
    if b"\r\nupgrade" not in head.lower():  # a tenth of what the pattern takes
        return data
    return _UPGRADE.sub(rb"\1x-\2", head) + data[len(head) :]


class Joined(asyncio.Transport):
    """A connection's way out, on which an answer's head leaves together with what follows it.

    uvicorn writes the head by itself: the system would be asked twice, and a client woken twice.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport, self._loop = transport, loop
        self._head = b""
        # What uvicorn asks with each request, without a step between.
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.get_extra_info = transport.get_extra_info  # type: ignore[method-assign]
        self.pause_reading = transport.pause_reading  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]
        self.set_protocol = transport.set_protocol  # type: ignore[method-assign]
        self.get_write_buffer_size = transport.get_write_buffer_size  # type: ignore[method-assign]

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send it; what begins an answer, at the end of the loop's round or with what comes next."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(b"".join((head, data)))
        elif bytes(data[:5]) == b"HTTP/":
            self._head = bytes(data)
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def _send_head(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self) -> None:
        """Close it when all is sent."""
        self._send_head()
        self._transport.close()

    def abort(self) -> None:
        """Close it now."""
        self._head = b""
        self._transport.abort()


class Connection(HttpToolsProtocol):
    """One client's connection, with limits of its own."""

    head_seconds, head_bytes, stalled_seconds = HEAD_SECONDS, HEAD_BYTES, STALLED_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(Joined(transport, self.loop))
        # asyncio does this only where the listening socket names its protocol, which uvicorn's and
        # `BackgroundServer`'s don't: a reply's body would wait 40 ms until its head was acknowledged.
        opened = transport.get_extra_info("socket")
        if opened is not None and opened.family in (socket.AF_INET, socket.AF_INET6):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reads_head, self._received = True, 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._stalled_timer: asyncio.TimerHandle | None = None
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        self._stop_head_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Let the connection go as the server ends; one that waits for a request at once, as its client,
        over TLS, might answer the goodbye only after the half minute that asyncio gives it."""
        is_idle = self.cycle is None or self.cycle.response_complete
        if (
            not self.transport.is_closing()
        ):  # over TLS, a second close forgets what it is a close of
            super().shutdown()
        is_tls = self.transport.get_extra_info("ssl_object") is not None
        if is_idle and is_tls and not self.transport.get_write_buffer_size():
            self.transport.abort()

    # ------------------------------------------------------------------ heads
    def data_received(self, data: bytes) -> None:
        """Read on; refuse a head that has no end."""
        if self._reads_head:
            data = _without_upgrade(data)
        super().data_received(data)
        if self._reads_head:
            if self._head_timer is None and not self.transport.is_closing():
                self._wait_for_head()  # of a head that came whole no clock is needed
            self._received += len(data)
            if self._received > self.head_bytes and not self.transport.is_closing():
                text = f"The request's head has more than {self.head_bytes:,} bytes."
                self._refuse(431, "REQUEST_TOO_LARGE", text)

    def on_message_begin(self) -> None:
        """A request's first byte came."""
        super().on_message_begin()
        self._reads_head, self._received = True, 0

    def on_headers_complete(self) -> None:
        """The head is complete; the body has limits in `guard`."""
        self._reads_head = False
        self._stop_head_timer()
        if self.parser.should_upgrade():  # its body would not be read
            text = "No other protocol than HTTP/1.1 is offered; send no Upgrade header, and no CONNECT."
            self._refuse(400, "MALFORMED_REQUEST", text)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, if the request was not refused."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The end of a request, if it was not refused."""
        if not self.transport.is_closing():
            super().on_message_complete()

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if not self._received:
            self.transport.close()  # a connection that nobody used
            return
        text = f"The request's head did not come within {self.head_seconds:g} s."
        self._refuse(408, "REQUEST_TIMEOUT", text)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the API's form."""
        self._refuse(400, "MALFORMED_REQUEST", msg)

    def _refuse(self, status: int, code: str, message: str) -> None:
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            content = json.dumps(error_body(code, message)).encode()
            head = (
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + content)
        self.transport.close()

    # ------------------------------------------------------------------ readers
    def pause_writing(self) -> None:
        """More waits to be read than is kept without a limit of time."""
        super().pause_writing()
        if self._stalled_timer is None:
            self._stalled_timer = self.loop.call_later(self.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader goes on."""
        super().resume_writing()
        if self._stalled_timer is not None:
            self._stalled_timer.cancel()
            self._stalled_timer = None
