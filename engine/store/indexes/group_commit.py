"""Group commit: what several threads want to write at one time is written once. Knows threads; not rows.

Who comes while nobody writes, leads: it takes its turn among processes, then carries out what has been
asked for until then, in the order of arrival, and tells each what became of its own. Others wait.

Threads that write again and again come back a moment after they were told. The next leader gives them
that moment, a share of what the last group took: else half of them would always be too late, and the
disk be asked twice for what it does once. A thread that writes alone never waits.

A signal may end a thread's call between any two steps, those of tidying up included. So nothing hangs
on being told: that somebody leads, and that somebody still wants its item written, is said by locks of
the interpreter's own, which a `with` gives back however it ends; items stay in the queue until all of
their group are done by one assignment; and who was not told looks after a while.
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
_UNTOLD_SECONDS = 0.2  # after which who was not told looks whether anybody leads

T = TypeVar("T")


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


def _give_back(lock: threading.Lock) -> None:
    """Let whoever waits for a lock go on; also where it was given back before."""
    with contextlib.suppress(RuntimeError):
        lock.release()


@dataclass(eq=False)
class _Outcome:
    """What became of a group: the errors of the writes that were refused, once it is done."""

    done: bool = False
    errors: dict[Any, Exception] = field(default_factory=dict)


@dataclass(eq=False)
class _Asked(Generic[T]):
    """One thread's write.

    Attributes:
        wanted: locked while the thread wants it. told: locked until the thread is told to look.
        leads: whether it has to lead, or led. outcome: of the last group that it was in.
    """

    item: T
    since: float = field(default_factory=time.monotonic)
    wanted: threading.Lock = field(default_factory=threading.Lock)
    told: threading.Lock = field(default_factory=_locked)
    leads: bool = False
    outcome: _Outcome = field(default_factory=_Outcome)

    @property
    def is_open(self) -> bool:
        """Whether it is still to be written."""
        return self.wanted.locked() and not self.outcome.done


class GroupCommit(Generic[T]):
    """The writes of this process to one thing. Safe to use from many threads."""

    def __init__(self) -> None:
        self._begin_anew()
        _all.add(self)

    def _begin_anew(self) -> None:
        self._mutex = threading.Lock()
        self._leading = threading.Lock()  # held by the leader
        self._queue: deque[_Asked[T]] = deque()  # in the order of arrival, until they are done
        self._is_led = False  # or will be, by somebody who was told; see above
        self._carried: _Outcome | None = None  # of the group that is carried out
        self._complete: threading.Lock | None = None  # given back when whoever is expected came
        self._expected, self._until = 1, 0.0  # writers, and until when they are waited for

    @property
    def waiting(self) -> int:
        """Writes that nobody carries out yet."""
        return sum(one.is_open and one.outcome is not self._carried for one in tuple(self._queue))

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
            with mine.wanted:
                self._join(mine)
                while not mine.outcome.done:
                    if not mine.leads:
                        self._wait(mine)
                    if not mine.outcome.done:
                        with self._leading:
                            mine.leads = True
                            if not mine.outcome.done:
                                self._lead(mine, turn, commit)
        finally:
            if mine.leads:
                self._hand_over()
        error = mine.outcome.errors.get(mine)
        if error is not None:
            raise error

    def _join(self, mine: _Asked[T]) -> None:
        with self._mutex:
            self._queue.append(mine)
            mine.leads, self._is_led = not self._is_led, True
            if self._complete is not None and len(self._queue) >= self._expected:
                _give_back(self._complete)

    def _wait(self, mine: _Asked[T]) -> None:
        """Until this thread was told to look; or is done, or nobody leads, and it was not."""
        while not mine.told.acquire(timeout=_UNTOLD_SECONDS):
            if mine.outcome.done or not self._leading.locked():
                return

    def _lead(
        self,
        mine: _Asked[T],
        turn: Callable[[float], AbstractContextManager[None]],
        commit: Callable[[Sequence[T]], None],
    ) -> None:
        """Write what has been asked for, this thread's own too, and tell the others."""
        outcome = _Outcome()
        self._wait_for_others()
        with turn(time.monotonic() - mine.since):
            with self._mutex:
                group = [one for one in self._queue if one.is_open]
                for one in group:
                    one.outcome = outcome  # and no other's, where a leader before was interrupted
                self._carried = outcome
            started = time.monotonic()
            _carry_out(group, commit, outcome)
        outcome.done = True
        with self._mutex:
            now = time.monotonic()
            self._expected = len(group) + sum(one.is_open for one in self._queue)
            self._until = now + min(PATIENCE * (now - started), MOST_SECONDS)
        for one in group:
            _give_back(one.told)

    def _wait_for_others(self) -> None:
        """Until those who wrote with the last group have come again, for a moment at most."""
        with self._mutex:
            seconds = self._until - time.monotonic()
            if seconds <= 0 or sum(one.is_open for one in self._queue) >= self._expected:
                return
            self._complete = complete = _locked()
        complete.acquire(timeout=seconds)
        self._complete = None

    def _hand_over(self) -> None:
        """Let the first in the queue that is to be written lead, if there is one."""
        with self._mutex:
            while self._queue and not self._queue[0].is_open:
                self._queue.popleft()
            self._is_led = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                _give_back(self._queue[0].told)


def _carry_out(
    group: Sequence[_Asked[T]], commit: Callable[[Sequence[T]], None], outcome: _Outcome
) -> None:
    """Write all at once, or where that is refused one by one; errors are each one's own."""
    if len(group) > 1:
        with contextlib.suppress(Exception):
            commit([one.item for one in group])
            return
    for one in group:
        try:
            commit([one.item])
        except Exception as error:
            outcome.errors[one] = error


_all: weakref.WeakSet[GroupCommit[Any]] = weakref.WeakSet()


def _forget() -> None:
    """In a fork: its parent's threads are not here, and nobody leads."""
    for group in list(_all):
        group._begin_anew()


os.register_at_fork(after_in_child=_forget)
