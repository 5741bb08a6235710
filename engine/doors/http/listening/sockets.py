"""The sockets that a server listens on, all on one port. Knows addresses; not what is answered."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import InvalidState

BACKLOG = 2048  # connections that wait to be taken
_NOT_HERE = (UnicodeError, socket.gaierror)  # what a host is that nobody knows
_TRIES = 20  # for a free port that is free in each family


@dataclass(frozen=True)
class Listener:
    """Sockets that listen: whoever connects waits until a server takes them.

    Attributes:
        sockets: one for each address that the host's name stands for. port: of all of them.
    """

    sockets: tuple[socket.socket, ...]
    port: int


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[Listener]:
    """Listen on a host's addresses; at the end the port is free.

    Args:
        host: a name or an address of this machine. port: 0 for a free one.

    Raises:
        InvalidState: the port is taken, or the host is not this machine's.
    """
    try:
        listener = _listener(host, port)
    except (UnicodeError, OSError) as error:
        reason = getattr(error, "strerror", None) or "it can't be a name"
        if isinstance(error, _NOT_HERE) or error.errno == errno.EADDRNOTAVAIL:
            raise InvalidState(
                f"{host!r:.300} is no name or address of this machine ({reason}). Choose another with "
                "--host: 127.0.0.1 for this machine alone, 0.0.0.0 for all of its addresses."
            ) from None
        raise InvalidState(
            f"{host}:{port} can't be served on ({reason}). Choose another with --port."
        ) from None
    try:
        yield listener
    finally:
        for each in listener.sockets:
            each.close()


def _listener(host: str, port: int) -> Listener:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys((int(info[0]), str(info[4][0])) for info in infos))
    for tries_left in reversed(range(_TRIES if port == 0 else 1)):
        try:
            return _bound(addresses, port)
        except OSError as error:  # what one family has free, another may have given away
            if error.errno != errno.EADDRINUSE or not tries_left:
                raise
    raise AssertionError("the last try raises")


def _bound(addresses: list[tuple[int, str]], port: int) -> Listener:
    made: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, address in addresses:
            try:
                one = _listens(family, address, port)
            except OSError as error:
                # A name may stand for an address of a family that is switched off.
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                absent = error
                continue
            made.append(one)
            port = one.getsockname()[1]
        if absent and not made:
            raise absent
    except BaseException:
        for one in made:
            one.close()
        raise
    return Listener(tuple(made), port)


def _listens(family: int, address: str, port: int) -> socket.socket:
    # With the protocol's number asyncio knows that it is TCP, and sends small answers at once.
    one = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((address, port))
        one.listen(BACKLOG)
    except BaseException:
        one.close()
        raise
    return one
