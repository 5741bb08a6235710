"""How much is under way at once: bytes of bodies and replies, and turns of the event loop.

Knows numbers; not requests. What doesn't fit waits in order, and is refused when it waited too long: a
client that is refused tries again, a process without memory answers nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.errors import TooManyRequests

RETRY_SECONDS = 2  # after which a refused client may try again


class Hold:
    """A part of a budget that one request has taken."""

    def __init__(self, budget: Budget, size: int) -> None:
        self._budget, self._size = budget, size

    def resize(self, size: int) -> None:
        """Say that it takes another size than was thought; never waits."""
        self._budget.used += size - self._size
        self._size = size
        self._budget.admit()

    def grow(self, size: int) -> None:
        """Take more, up to `size`.

        Raises:
            TooManyRequests: that much is not free.
        """
        if size > self._size:
            if not self._budget.has_room(size - self._size, self._size):
                raise self._budget.refusal()
            self.resize(size)


class Budget:
    """So many bytes for all requests together; used in the event loop only."""

    def __init__(self, total: int, most_waiting: int, wait_seconds: float, what: str) -> None:
        """
        Args:
            total: bytes; one request that needs more is let in alone.
            most_waiting: requests that may wait at once. wait_seconds: how long each may.
            what: the bytes are, for the message.
        """
        self.used = 0
        self._total, self._most, self._seconds, self._what = total, most_waiting, wait_seconds, what
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def held(self, size: int) -> AsyncIterator[Hold]:
        """Hold some bytes, when they are free and those who came before have theirs.

        Raises:
            TooManyRequests: too many wait already, or it waited for too long.
        """
        if self._waiting or not self.has_room(size):
            await self._wait(size)
        else:
            self.used += size
        hold = Hold(self, size)
        try:
            yield hold
        finally:
            hold.resize(0)

    def has_room(self, size: int, own: int = 0) -> bool:
        """Whether so many more bytes fit, beside `own` of the same request."""
        return self.used + size <= self._total or self.used <= own

    def admit(self) -> None:
        """Let in those who wait, in order, as far as there is room."""
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.done():
                if not self.has_room(size):
                    return
                self.used += size
                turn.set_result(None)
            self._waiting.popleft()

    async def _wait(self, size: int) -> None:
        if len(self._waiting) >= self._most:
            raise self.refusal()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await asyncio.wait_for(asyncio.shield(turn), self._seconds)
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.used -= size  # it was let in just then
            turn.cancel()
            self.admit()
            if isinstance(error, asyncio.TimeoutError):
                raise self.refusal() from None
            raise

    def refusal(self) -> TooManyRequests:
        """The error of a request that can't be let in."""
        return TooManyRequests(
            f"{self._what} of other requests take all of the {self._total >> 20:,} MB that the server "
            f"has for them. Try again in {RETRY_SECONDS} seconds, or send fewer requests at once."
        )


class Turns:
    """Work in the event loop itself, one piece between two polls of the network.

    Many requests that arrive together would else be answered in one go, and others, as short as one of
    /health, would wait for all of them. Whoever comes alone doesn't wait.
    """

    def __init__(self) -> None:
        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Return when it is one's turn; the work must follow without awaiting."""
        loop = asyncio.get_running_loop()
        if self._taken:
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._taken = True
            loop.call_soon(self._pass_on)

    def _pass_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else its request was given up
                turn.set_result(None)
                # Behind the one who has the turn, so in the loop's next round again.
                asyncio.get_running_loop().call_soon(self._pass_on)
                return
        self._taken = False
