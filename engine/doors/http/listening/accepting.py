"""An event loop that takes a connection when it is its turn among workers. Knows asyncio; not HTTP.

All workers listen on one socket, and asyncio takes whatever waits there: which worker wakes first is
chance, so that all connections of a client that keeps them could be one worker's. A parent that takes
and passes them on would cost each connection a step more, and a worker that hangs would keep what it
was given; sockets of one port by SO_REUSEPORT are chosen by chance too, and those that wait for a
worker that dies are lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from ssl import SSLContext
from typing import Any

from engine.doors.http.listening.shares import SIGN_SECONDS, Shares

START_SECONDS = 10.0  # for the other workers to be there, which were started at the same time
START_LOOK_SECONDS = 0.01
STEP_BACK_SECONDS = 0.001  # for another to take what waits, until this one looks again
SHORTAGE_SECONDS = 1.0  # until a worker without files or memory tries again, as in asyncio
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class SharingLoop(asyncio.SelectorEventLoop):
    """An event loop for one of several workers."""

    def __init__(self, shares: Shares) -> None:
        super().__init__()
        self._shares = shares

    async def create_server(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *args: Any, **options: Any
    ) -> asyncio.AbstractServer | Acceptor:
        """Serve on a socket that other workers have too, or by asyncio's own way on any other."""
        listener: socket.socket | None = options.pop("sock", None)
        if listener is None:
            return await super().create_server(protocol_factory, *args, **options)
        return Acceptor(self, self._shares, listener, protocol_factory, **options)


class Acceptor:
    """Takes a listening socket's connections when it is the worker's turn, until it is closed.

    Of asyncio's servers it has what uvicorn uses.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        shares: Shares,
        listener: socket.socket,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        *,
        ssl: SSLContext | None = None,
        backlog: int = 100,
    ) -> None:
        """
        Args:
            listener: bound. ssl: None for plain connections.
            backlog: connections that may wait, and that are taken before the loop goes on.
        """
        self._loop, self._shares, self.listener = loop, shares, listener
        self._factory, self._ssl, self._backlog = protocol_factory, ssl, backlog
        self._opening: set[asyncio.Task[None]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        listener.setblocking(False)
        listener.listen(backlog)
        shares.arrive()
        self._give_sign()
        self._begin_together(loop.time() + START_SECONDS)

    def is_serving(self) -> bool:
        """Whether it is not closed."""
        return self.listener.fileno() >= 0

    def close(self) -> None:
        """Take no more connections; those that were taken go on."""
        if self.is_serving():
            self._rest()
            self.listener.close()

    async def wait_closed(self) -> None:
        """Wait for connections that were taken and are being opened."""
        await asyncio.gather(*self._opening, return_exceptions=True)

    # ------------------------------------------------------------------ whether
    def _begin_together(self, until: float) -> None:
        """Begin when all workers are there: what connects as soon as one answers, and stays, would
        else be the first one's alone."""
        if self._shares.may_begin() or self._loop.time() >= until:
            self._shares.begin()
            self._watch()
        else:
            self._later("begin", START_LOOK_SECONDS, lambda: self._begin_together(until))

    def _begin_again(self) -> None:
        self._give_sign()
        self._watch()

    def _rest(self) -> None:
        """Leave all connections to the others."""
        self._loop.remove_reader(self.listener)
        while self._timers:
            self._timers.popitem()[1].cancel()
        self._shares.leave()

    def _watch(self) -> None:
        self._timers.pop("watch", None)
        self._loop.add_reader(self.listener, self._take)

    def _give_sign(self) -> None:
        self._shares.sign()
        self._later("sign", SIGN_SECONDS, self._give_sign)

    def _step_back(self) -> None:
        """Leave what waits to another; that one is awake, as it has just given a sign."""
        self._loop.remove_reader(self.listener)
        self._later("watch", STEP_BACK_SECONDS, self._watch)

    def _later(self, name: str, seconds: float, step: Callable[[], None]) -> None:
        self._timers[name] = self._loop.call_later(seconds, step)

    # ------------------------------------------------------------------ taking
    def _take(self) -> None:
        """Take what waits, as long as it is this worker's turn."""
        for _ in range(self._backlog):
            if not self._shares.is_turn():
                self._step_back()
                return
            try:
                taken, _address = self.listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return  # another was faster
            except OSError as error:
                if error.errno not in _SHORTAGES:
                    raise
                self._report(error)
                self._rest()
                self._later("begin", SHORTAGE_SECONDS, self._begin_again)
                return
            opening = self._loop.create_task(self._open(_Counted(taken, self._left)))
            self._shares.held += 1
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    def _left(self) -> None:
        """One that it took is closed; what waits may be its turn at once."""
        self._shares.held -= 1
        waiting = self._timers.pop("watch", None)
        if waiting is not None:
            waiting.cancel()
            self._watch()

    def _report(self, error: OSError) -> None:
        self._loop.call_exception_handler(
            {
                "message": "no connection can be taken for want of the system's means",
                "exception": error,
            }
        )

    async def _open(self, taken: _Counted) -> None:
        try:
            with contextlib.suppress(OSError):  # a client that left, or could not agree on TLS
                await self._loop.connect_accepted_socket(self._factory, taken, ssl=self._ssl)
        except BaseException:
            taken.close()
            raise


class _Counted(socket.socket):
    """A connection that is the worker's own until it is closed."""

    def __init__(self, taken: socket.socket, closed: Callable[[], None]) -> None:
        super().__init__(taken.family, taken.type, taken.proto, taken.detach())
        self._told: Callable[[], None] | None = closed

    def close(self) -> None:
        """Close it, and say so once."""
        super().close()
        closed, self._told = self._told, None
        if closed is not None:
            closed()
