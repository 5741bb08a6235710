"""Threads of this process: locks that are free in a fork, work done side by side. Below all layers."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from types import TracebackType
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


# ------------------------------------------------------------------ locks
class ThreadLock:
    """A lock that its own thread may take again; `with` holds it.

    Nobody holds it in a fork: that has one thread, and would wait without end for another of its
    parent's that held it just then.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _all.add(self)

    def acquire(self, blocking: bool = True) -> bool:
        """Whether the lock was had; without blocking only if nobody else holds it."""
        return self._lock.acquire(blocking)

    def release(self) -> None:
        """Give it back. Raises RuntimeError: this thread does not hold it."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()


# ------------------------------------------------------------------ side by side
def side_by_side(work: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """What `work` makes of each item, in their order, on as many processors as there are.

    Raises:
        whatever `work` raises for one of them; others may go on for a while.
    """
    if len(items) == 1:
        return [work(items[0])]
    begun = [_begun(work, item) for item in items[1:]]
    mine: dict[int, _Result] = {}
    try:
        mine[0] = work(items[0])
        # From the last on, so that this thread and the others meet: none waits while work is left.
        for place in range(len(items) - 1, 0, -1):
            other = begun[place - 1]
            if other is None or other.cancel():
                mine[place] = work(items[place])
        return [
            other.result() if other is not None and place not in mine else mine[place]
            for place, other in enumerate([None, *begun])
        ]
    except BaseException:
        for other in begun:
            if other is not None:
                other.cancel()
        raise


def _begun(work: Callable[[_Item], _Result], item: _Item) -> Future[_Result] | None:
    """Another thread's work; None where none can be had, as at the end of the process."""
    try:
        return _pool().submit(work, item)
    except RuntimeError:
        return None


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), thread_name_prefix="vitrine")


# ------------------------------------------------------------------ forks
_all: weakref.WeakSet[ThreadLock] = weakref.WeakSet()


def _begin_anew() -> None:
    """In a fork: the threads, and what they held, are its parent's."""
    _pool.cache_clear()
    for lock in list(_all):
        lock._lock = threading.RLock()


os.register_at_fork(after_in_child=_begin_anew)
