"""Group commit: what several threads want to write at one time is written once. Knows threads; not rows.

Who comes while nobody writes, leads: it takes its turn among processes, then carries out what has been
asked for until then, in the order of arrival, and tells each what became of its own. Others wait.

Threads that write again and again come back a moment after they were told. The next leader gives them
that moment, a share of what the last group took: else half of them would always be too late, and the
disk be asked twice for what it does once. A thread that writes alone never waits.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

PATIENCE = (
    0.5  # of what the last group took, after its end: how long the next leader waits for others
)
MOST_SECONDS = 0.01  # at most

T = TypeVar("T")


@dataclass(eq=False)
class _Asked(Generic[T]):
    """One thread's write: `leads` when it has to lead, else it was carried out, or refused."""

    item: T
    since: float = field(default_factory=time.monotonic)
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    error: BaseException | None = None


class GroupCommit(Generic[T]):
    """The writes of this process to one thing. Safe to use from many threads."""

    def __init__(self) -> None:
        self._begin_anew()
        _all.add(self)

    def _begin_anew(self) -> None:
        self._mutex = threading.Lock()
        self._queue: deque[_Asked[T]] = deque()  # in the order of arrival
        self._is_led = False
        self._is_complete = threading.Condition(self._mutex)  # whoever is expected waits
        self._expected, self._until = 1, 0.0  # writers, and until when they are waited for

    @property
    def waiting(self) -> int:
        """Writes that nobody carries out yet."""
        return len(self._queue)

    def write(
        self,
        item: T,
        turn: Callable[[float], AbstractContextManager[None]],
        commit: Callable[[Sequence[T]], None],
    ) -> None:
        """Have something written; it is when this returns.

        Args:
            turn: waits until this process may write; it is told for how many seconds the thread has
                waited already. commit: writes some items at once, durably. What
                it refuses together it is asked for again one by one, so that each has its own error.

        Raises:
            whatever `turn` or `commit` raise for this item.
        """
        mine = _Asked(item)
        try:
            with self._mutex:
                self._queue.append(mine)
                if len(self._queue) == self._expected:
                    self._is_complete.notify()
                mine.leads, self._is_led = not self._is_led, True
            if not mine.leads:
                mine.woken.wait()
            if mine.leads:
                self._lead(mine, turn, commit)
        finally:  # also after a signal, wherever it came: nobody must wait for this thread
            with self._mutex:
                if mine in self._queue:
                    self._queue.remove(mine)
                if mine.leads:
                    self._hand_over()
        if mine.error is not None:
            raise mine.error

    def _lead(
        self,
        mine: _Asked[T],
        turn: Callable[[float], AbstractContextManager[None]],
        commit: Callable[[Sequence[T]], None],
    ) -> None:
        """Write what has been asked for, this thread's own first, and tell the others."""
        group: list[_Asked[T]] = []
        try:
            self._wait_for_others()
            with turn(time.monotonic() - mine.since):
                with self._mutex:
                    group = list(self._queue)
                    self._queue.clear()
                started = time.monotonic()
                _carry_out(group, commit)
        except BaseException:
            with self._mutex:  # each of those taken will lead, or be led, once more
                self._queue.extendleft(reversed(group))
            raise
        with self._mutex:
            now = time.monotonic()
            self._expected = len(group) + len(self._queue)
            self._until = now + min(PATIENCE * (now - started), MOST_SECONDS)
        for one in group:
            one.woken.set()

    def _wait_for_others(self) -> None:
        """Until those who wrote with the last group have come again, for a moment at most."""
        with self._mutex:
            self._is_complete.wait_for(
                lambda: len(self._queue) >= self._expected, self._until - time.monotonic()
            )

    def _hand_over(self) -> None:
        """Let the first in the queue lead, if there is one; the mutex is held."""
        self._is_led = bool(self._queue)
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].woken.set()


def _carry_out(group: Sequence[_Asked[T]], commit: Callable[[Sequence[T]], None]) -> None:
    """Write all at once, or where that is refused one by one; errors are each one's own."""
    for one in group:
        one.error = None  # of a leader who was interrupted
    if len(group) > 1:
        with contextlib.suppress(Exception):
            commit([one.item for one in group])
            return
    for one in group:
        try:
            commit([one.item])
        except Exception as error:
            one.error = error


_all: weakref.WeakSet[GroupCommit[Any]] = weakref.WeakSet()


def _forget() -> None:
    """In a fork: its parent's threads are not here, and nobody leads."""
    for group in list(_all):
        group._begin_anew()


os.register_at_fork(after_in_child=_forget)
