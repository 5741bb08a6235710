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

    def __init__(self, seconds: float | None) -> None:
        """
        Args:
            seconds: None for no limit.
        """
        self._seconds, self._is_over = seconds, False
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        if self._seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._give_up)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._is_over and kind is asyncio.CancelledError:
            if self._task is not None and sys.version_info >= (3, 11):
                self._task.uncancel()
            raise asyncio.TimeoutError from None

    def _give_up(self) -> None:
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
