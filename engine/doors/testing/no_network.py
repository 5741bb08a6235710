"""While the mock is on, calls to other machines are refused. Knows sockets; not who calls.

Python's sockets are guarded, and with them all that is made of them: http.client, urllib, requests,
urllib3, httpx, asyncio. Also what is sent: a connection may have been opened before, and a proxy on this
machine carries calls away. uvloop, which has sockets of its own, is guarded too; what is written in C
besides (gRPC) is not.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
import ssl
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from engine.errors import InvalidState

_ABSENT = object()
_INTERNET = (socket.AF_INET, socket.AF_INET6)
# The first line of a request to a proxy: it names another machine, as an address or a whole URL.
_PROXIED = re.compile(rb"[A-Z]{3,9} (?:[a-z]+://|(?<=CONNECT ))([^\s/]+)[^\s]* HTTP/1\.[01]\r\n")
_put: list[tuple[Any, str, object, object]] = []  # owner, name, the guard, what was before it


def block_network() -> None:
    """Refuse, from now on, connections to and look-ups of what is not this machine."""
    for name in ("connect", "connect_ex"):
        _guard(socket.socket, name, lambda self, address, *_: _check_address(self, address))
    for owner, name in (
        (socket.socket, "send"), (socket.socket, "sendall"), (ssl.SSLSocket, "send"),
    ):  # fmt: skip
        _guard(owner, name, lambda self, data, *_: _check_sent(self, data))
    _guard(socket.socket, "sendto", lambda self, _, *to: _check_sent(self, b"", to[-1]))
    _guard(
        socket.socket, "sendmsg", lambda self, _, *more: _check_sent(self, b"", *more[2:])
    )  # its buffers may come only once
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        _guard(socket, name, lambda host=None, port=None, *_, **__: _check_name(host, port))
    if "uvloop" in sys.modules:
        guard_uvloop(sys.modules["uvloop"])


def guard_uvloop(uvloop: ModuleType) -> None:
    """The same for event loops of uvloop."""

    def check(_: object, factory: object, host: object = None, port: object = None, **__: object):  # type: ignore[no-untyped-def]
        _check_host(host, port)

    _guard(uvloop.Loop, "create_connection", check)
    _guard(uvloop.Loop, "getaddrinfo", lambda _, host, port=None, **__: _check_name(host, port))


def unblock_network() -> None:
    """Take the guards away."""
    while _put:
        owner, name, guarded, before = _put.pop()
        if vars(owner).get(name) is not guarded:
            continue  # somebody put something else in its place, and will take it away
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


def _guard(owner: Any, name: str, check: Callable[..., None]) -> None:
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if _put:  # else somebody held on to it after the mock
            check(*args, **kwargs)
        return inner(*args, **kwargs)

    _put.append((owner, name, guarded, vars(owner).get(name, _ABSENT)))
    setattr(owner, name, guarded)


def _check_address(used: socket.socket, address: object) -> None:
    if used.family in _INTERNET and isinstance(address, tuple) and len(address) >= 2:
        try:
            _check_host(address[0], address[1])
        except InvalidState:
            used.close()  # callers close it on an OSError alone, by which they would also try again
            raise


def _check_name(host: object, port: object = None) -> None:
    """Refuse to ask other machines for a name; an address needs no asking."""
    if _address_of(_text(host)) is None:
        _check_host(host, port)


def _check_sent(used: socket.socket, data: Any, address: object = None) -> None:
    """Refuse what is sent to another machine, or to a proxy for another machine."""
    if used.family not in _INTERNET:
        return
    if address is None:
        try:
            address = used.getpeername()
        except OSError:
            return  # not connected: whoever sends will hear of it
    _check_address(used, address)
    proxied = _PROXIED.match(data)
    if proxied:
        url = urlsplit(f"//{proxied[1].decode('latin-1')}")
        _check_host(url.hostname)


def _check_host(host: object, port: object = None) -> None:
    name = _text(host)
    if not _is_here(name):
        _refuse(f"a call to {name}{'' if port in (None, 0) else f':{port}'}")


def _text(host: object) -> str:
    return (
        host.decode(errors="replace") if isinstance(host, (bytes, bytearray)) else str(host or "")
    )


def _is_here(host: str) -> bool:
    name = host.strip("[]").rstrip(".").lower()
    if name in ("", "localhost") or name.endswith(".localhost"):
        return True
    address = _address_of(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _refuse(what: str) -> NoReturn:
    raise InvalidState(
        f"{what} was refused: vitrine's mock is on, and meanwhile nothing leaves this machine. A client "
        "of Databricks is made inside the mock, where it needs no host; for another service put a "
        "stand-in there, or call it outside the mock."
    )
