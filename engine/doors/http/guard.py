"""The middleware around every route: what is checked before, and recorded after. Knows ASGI; not routes.

In order: an id, the path made plain, credentials, limits of size and time, room for the body beside
those of other requests, then a line of access log and the metrics. Errors have the API's form.

A body without room is not read: the network holds it back, so that memory stays bounded.

A request that runs in a thread when the time limit strikes goes on in its thread; only its answer is
given up. Reads are harmless, and writes are durable or not at all.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from prometheus_client import Counter, Gauge, Histogram
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.doors.http.admission import RETRY_SECONDS, Budget, Hold
from engine.doors.http.credentials import Credentials, Unauthenticated
from engine.doors.http.deadline import Deadline, Deadlines
from engine.doors.http.sessions import (
    LOGIN,
    LOGOUT,
    STATIC,
    is_page,
    is_part_of_another_page,
    kept_safe,
    may_see_page,
    sign_in_first,
)
from engine.doors.rest.routing import error_body, new_request_id
from engine.errors import TooManyRequests
from engine.service.warehouse.runs import LINKS

LOGIN_PATHS = ("/.well-known/", "/oidc/")  # where callers get their tokens
_PAGE = ("", "/start.js", "/swagger-ui-bundle.js", "/swagger-ui.css")
PUBLIC = (LOGIN, LOGOUT, "/health", "/openapi.json", *(f"/docs{file}" for file in _PAGE))
_OPEN = (*LOGIN_PATHS, LINKS, STATIC)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PICTURES = "/ajax-api/2.0/fs/files/"  # its route knows who may read which
UNLIMITED = (
    "/api/2.0/fs/",
    PICTURES,
)  # files may be large and slow; their routes have limits of their own
_ACCESS = logging.getLogger("vitrine.access")
_LOG = logging.getLogger("vitrine.http")
CLIENT_GONE = 499  # in log and metrics: the client has gone and reads no status
_REQUEST_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)
_LINE = json.JSONEncoder(ensure_ascii=False)
_LENGTH = re.compile("[0-9]{1,18}")
_SMALL = 128 << 10  # bytes of a body that needs no room: a query by vector

REQUESTS = Counter(
    "vitrine_http_requests_total", "Requests answered.", ["operation", "method", "status"]
)
SECONDS = Histogram(
    "vitrine_http_request_seconds",
    "Time from a request's first byte to its answer's last.",
    ["operation"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30),
)
RUNNING = Gauge("vitrine_http_requests_running", "Requests under way.", multiprocess_mode="livesum")


@dataclass(frozen=True)
class Limits:
    """What one request may take.

    Attributes:
        body_bytes: the cloud takes 10 MB of rows; photos and tables need more.
        sign_in_bytes: of a body by which somebody only proves who it is.
        seconds: until it is answered.
        stalled_seconds: for the next piece of a larger body to come.
        slowest_bytes: of a larger body in each second, after that.
        bodies_bytes, replies_bytes: what all of them that are not small take at once; their values
            take some times as much.
        waiting, wait_seconds: how many requests wait for room, and how long each: less than the time
            after which clients give up, and long, because not all of them try again.
    """

    body_bytes: int = 64 << 20
    sign_in_bytes: int = 16 << 10
    seconds: float = 300.0
    stalled_seconds: float = 20.0
    slowest_bytes: int = 32 << 10
    bodies_bytes: int = 24 << 20
    replies_bytes: int = 32 << 20
    waiting: int = 1000
    wait_seconds: float = 45.0


class TooLarge(Exception):
    """A body is longer than the limit."""


class TooSlow(Exception):
    """A body stopped coming."""


def room_for_bodies(limits: Limits) -> Budget:
    """What the bodies of all requests that are not small take at once."""
    return Budget(limits.bodies_bytes, limits.waiting, limits.wait_seconds, "Bodies")


class Guard:
    """The middleware."""

    def __init__(
        self,
        app: ASGIApp,
        credentials: Credentials | None,
        limits: Limits,
        loopback_only: bool,
        bodies: Budget,
    ) -> None:
        """
        Args:
            credentials: None lets everybody in.
            loopback_only: refuse what a web page of another site makes a browser send here.
            bodies: of `room_for_bodies`, shared by all guards of a server.
        """
        self._app, self._credentials, self._limits = app, credentials, limits
        self._loopback_only, self._bodies = loopback_only, bodies
        self._deadlines = Deadlines(limits.seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._limits)
        started = time.perf_counter()
        RUNNING.inc()
        try:
            refusal = self._refusal(exchange)
            if refusal is None:
                unlimited = exchange.is_unlimited
                with Deadline(None) if unlimited else self._deadlines.new():
                    await self._admitted(exchange)
            else:
                await refusal(exchange.scope, exchange.receive, exchange.send)
        except asyncio.TimeoutError:
            text = f"The request took longer than {self._limits.seconds:g} s and was given up."
            await exchange.fail(504, "DEADLINE_EXCEEDED", text)
        except ClientDisconnect:
            exchange.status = CLIENT_GONE
        except TooLarge:
            await exchange.fail(413, "REQUEST_TOO_LARGE", exchange.too_large())
        except TooSlow:
            text = "The body did not come in time; send it faster, or in parts."
            await exchange.fail(408, "REQUEST_TIMEOUT", text, {"Connection": "close"})
        except TooManyRequests as error:
            again = {"Retry-After": str(RETRY_SECONDS)}
            await exchange.fail(error.status_code, error.error_code, error.message, again)
        except Exception:  # a caller learns no internals; the log has them
            _LOG.exception("request %s failed", exchange.id)
            await exchange.fail(500, "INTERNAL_ERROR", "The request failed inside the service.")
        finally:
            RUNNING.dec()
            _record(exchange, time.perf_counter() - started)

    async def _admitted(self, exchange: _Exchange) -> None:
        """Pass a request on, with room for its body."""
        if exchange.is_unlimited:
            exchange.hurry(self._limits.stalled_seconds, None)
        elif exchange.announced is None or exchange.announced > _SMALL:
            async with self._bodies.held(exchange.announced or _SMALL) as hold:
                slowest = (
                    exchange.announced or self._limits.body_bytes
                ) / self._limits.slowest_bytes
                exchange.hurry(self._limits.stalled_seconds, slowest)
                exchange.hold = hold
                await self._app(exchange.scope, exchange.receive, exchange.send)
            return
        await self._app(exchange.scope, exchange.receive, exchange.send)

    def _refusal(self, exchange: _Exchange) -> Response | None:
        path = exchange.scope["path"]
        if self._loopback_only and not exchange.is_from_here():
            exchange.operation = "refused"
            text = (
                "Without credentials, requests must name this machine: a Host, and an Origin if there "
                f"is one, of {', '.join(LOOPBACK)}."
            )
            return exchange.error(403, "PERMISSION_DENIED", text)
        if is_page(path) and is_part_of_another_page(HTTPConnection(exchange.scope).headers):
            exchange.operation = "refused"
            text = "A page of another server asked for this; open it in a window of its own."
            return exchange.error(403, "PERMISSION_DENIED", text)
        unknown = self._unknown(exchange, path)
        if unknown is not None:
            exchange.operation = "refused"
            return unknown
        if path.startswith(UNLIMITED):
            exchange.unlimited()
            return None
        length = exchange.header(b"content-length") or "0"
        if not _LENGTH.fullmatch(length) or int(length) > exchange.most:
            return exchange.error(413, "REQUEST_TOO_LARGE", exchange.too_large())
        coding = exchange.header(b"content-encoding") or "identity"
        if coding.strip().lower() != "identity":
            text = f"The body is compressed (Content-Encoding: {coding:.80}); send it as it is."
            return exchange.error(415, "UNSUPPORTED_MEDIA_TYPE", text)
        return None

    def _unknown(self, exchange: _Exchange, path: str) -> Response | None:
        """What answers a request of whoever has not said who it is; None where it may go on."""
        if self._credentials is None:
            return None
        is_public = path in PUBLIC or path.startswith(_OPEN)  # a link of LINKS carries a secret
        is_public |= path.startswith(PICTURES) and exchange.method in ("GET", "HEAD")
        if is_public:
            return None
        if is_page(path) and exchange.header(b"authorization") is None:
            known = may_see_page(exchange.scope, self._credentials)
            return None if known else sign_in_first(exchange.scope)
        try:
            self._credentials.check_bearer(exchange.header(b"authorization"))
        except Unauthenticated as error:
            return exchange.error(401, error.error_code, error.message)
        return None


class _Exchange:
    """One request and its answer: its id, how long its body may be, what was received and sent."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive, self._send = receive, send
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        # Bytes of the body; None where it comes in pieces of which nobody knows the number.
        self.announced = None if b"transfer-encoding" in self._headers else self._length()
        given = self.header(b"x-request-id") or ""
        self.id = given if _REQUEST_ID.fullmatch(given) else new_request_id()
        # Any word is a method; each would be a line of the metrics.
        self.method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self.status, self.received, self.sent = 0, 0, 0
        # One of the clients puts two slashes where its base address ends with one.
        plain = scope["path"] or "/"
        if "//" in plain:
            plain = re.sub("/+", "/", plain)
        raw = scope.get("raw_path") or quote(plain).encode()
        if b"//" in raw:
            raw = re.sub(b"/+", b"/", raw)
        state = {**scope.get("state", {}), "request_id": self.id, "exchange": self}
        self.scope = {**scope, "path": plain, "raw_path": raw, "state": state}
        # Who has no credentials yet may send no more than those.
        self._signs_in = plain in (LOGIN, LOGOUT) or plain.startswith(LOGIN_PATHS)
        self.most = limits.sign_in_bytes if self._signs_in else limits.body_bytes
        self.operation = "other"
        self.is_unlimited = False
        self.hold: Hold | None = None  # of the bytes of all bodies
        self._stalled: float | None = None
        self._until = float("inf")

    def _length(self) -> int:
        """What the request says; one that says no number is refused."""
        given = self._headers.get(b"content-length", b"0")
        return int(given) if given.isdigit() and len(given) <= 18 else 0

    def hurry(self, stalled: float, whole: float | None) -> None:
        """Give up a body whose next piece takes longer than `stalled` seconds, or all of it longer
        than `whole` beside that."""
        self._stalled = stalled
        if whole is not None:
            self._until = time.monotonic() + stalled + whole

    def unlimited(self) -> None:
        """Take as long a body, and as much time, as the route itself allows."""
        self.most, self.is_unlimited = 1 << 62, True

    def too_large(self) -> str:
        """What whoever sends too long a body is told."""
        what = ", which no credentials need" if self._signs_in else "; send it in parts"
        return f"The body has more than {self.most:,} bytes{what}."

    def header(self, name: bytes) -> str | None:
        """A header by its name in lower case."""
        value = self._headers.get(name)
        return value.decode("latin-1") if value is not None else None

    def is_from_here(self) -> bool:
        """Whether host and origin are this machine's names.

        A page elsewhere can send requests here, and by a name of its own that it lets stand for
        127.0.0.1 also read the answers; browsers then send its name.
        """
        return _are_here(f"//{self.header(b'host') or ''}", self.header(b"origin"))

    async def receive(self) -> Message:
        message = await (self._receive() if self._stalled is None else self._receive_soon())
        self.received += len(message.get("body", b""))
        if self.received > self.most:
            raise TooLarge
        if self.hold is not None and self.announced is None and self.received > _SMALL:
            self.hold.grow(1 << self.received.bit_length())
        return message

    async def _receive_soon(self) -> Message:
        """The next piece of a body that must not stall; later messages may take their time."""
        assert self._stalled is not None
        seconds = min(self._stalled, max(self._until - time.monotonic(), 0.0))
        try:
            with Deadline(seconds):
                message = await self._receive()
        except asyncio.TimeoutError:
            raise TooSlow from None
        if not message.get("more_body", False):
            self._stalled = None
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", []), (b"x-request-id", self.id.encode())]
            message = {**message, "headers": kept_safe(self.scope["path"], headers)}
        self.sent += len(message.get("body", b""))
        await self._send(message)

    def error(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> JSONResponse:
        """An answer in the API's form."""
        return JSONResponse(error_body(code, message, request_id=self.id), status, headers)

    async def fail(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with an error, if nothing was sent yet."""
        if not self.status:
            error = self.error(status, code, message, headers)
            await error(self.scope, self._receive, self.send)


@functools.lru_cache(maxsize=64)
def _are_here(*addresses: str | None) -> bool:
    """Whether all addresses, of those that there are, have a name of this machine."""
    try:
        return all(urlsplit(each).hostname in LOOPBACK for each in addresses if each is not None)
    except ValueError:
        return False


def request_id(request: Request) -> str:
    """The id of a request, also in its answer's header and its line of the log."""
    found: str = request.state.request_id
    return found


def name_operation(request: Request, operation: str) -> None:
    """Say under which name a request counts in log and metrics."""
    request.state.exchange.operation = operation or "unknown"


@functools.lru_cache(maxsize=1024)
def _counter(operation: str, method: str, status: int) -> Counter:
    return REQUESTS.labels(operation, method, str(status))


@functools.lru_cache(maxsize=1024)
def _histogram(operation: str) -> Histogram:
    return SECONDS.labels(operation)


def _record(exchange: _Exchange, seconds: float) -> None:
    """Count a request that was answered, and write its line of the access log."""
    _counter(exchange.operation, exchange.method, exchange.status).inc()
    _histogram(exchange.operation).observe(seconds)
    if _ACCESS.isEnabledFor(logging.INFO):
        line: dict[str, Any] = {
            "time": round(time.time(), 3),
            "request_id": exchange.id,
            "method": exchange.method,
            "path": exchange.scope["path"][:500],
            "operation": exchange.operation,
            "status": exchange.status,
            "ms": round(1000 * seconds, 2),
            "received": exchange.received,
            "sent": exchange.sent,
        }
        text = _LINE.encode(line)
        # Not by `info`, which looks for the line of code that called it; no format names that.
        _ACCESS.handle(logging.LogRecord(_ACCESS.name, logging.INFO, "", 0, text, None, None))
