"""A limit of time for what one task awaits. Knows asyncio; not what is awaited."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType


class Deadline:
    """Gives up what is awaited inside after some seconds, with asyncio.TimeoutError.

    As asyncio.timeout does, which Python 3.10 lacks; asyncio.wait_for makes a task of its own, which
    takes a twentieth of the time of a query.
    """

    def __init__(self, seconds: float | None, alike: Deadlines | None = None) -> None:
        """
        Args:
            seconds: None for no limit.
            alike: in place of a timer of its own, one for all of that length.
        """
        self._seconds, self._alike, self._is_over = seconds, alike, False
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        if self._alike is not None:
            self._alike.add(self)
        elif self._seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self.give_up)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._alike is not None:
            self._alike.remove(self)
        if self._is_over and kind is asyncio.CancelledError:
            if self._task is not None and sys.version_info >= (3, 11):
                self._task.uncancel()
            raise asyncio.TimeoutError from None

    def give_up(self) -> None:
        """What happens when the time is over."""
        self._is_over = True
        if self._task is not None:
            self._task.cancel()


class Deadlines:
    """Deadlines of one length. The loop has one timer for all of them: that of the oldest.

    A timer for each request, which is hardly ever needed, takes a hundredth of a query's time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[Deadline, float] = {}  # the oldest first
        self._loop: asyncio.AbstractEventLoop | None = None
        self._has_timer = False

    def new(self) -> Deadline:
        """One more, which begins when it is entered."""
        return Deadline(self._seconds, self)

    def add(self, deadline: Deadline) -> None:
        """Begin one."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # another one than before, which ended with its timer
            self._loop, self._has_timer = loop, False
            self._until.clear()
        self._until[deadline] = until = loop.time() + self._seconds
        if not self._has_timer:
            self._has_timer = True
            loop.call_at(until, self._look)

    def remove(self, deadline: Deadline) -> None:
        """One that was kept."""
        self._until.pop(deadline, None)

    def _look(self) -> None:
        """Give up all that are over, and wait for the next."""
        assert self._loop is not None
        now = self._loop.time()
        for deadline, until in list(self._until.items()):
            if until > now:
                self._loop.call_at(until, self._look)
                return
            del self._until[deadline]
            deadline.give_up()
        self._has_timer = False
