"""What time it is in a workspace with a pace: the system's, and what was let pass. Knows one file.

clock.json    `passed`: [when (ms), how many ms], for each time that somebody let time pass

The file makes all processes of a workspace agree. With an instant pace nothing looks at a clock.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import CorruptFile, InvalidParameterValue
from engine.service.authorship import now_ms
from engine.service.pacing.pace import LONGEST_SECONDS, Pace
from engine.store.layout import Layout, read_json, write_json

_ADVICE = "Delete it: no time was let pass then."
_STAMP_SECONDS = (
    0.02  # files' times lag by up to half of it: what changed before is told from after
)
_LOOK_SECONDS = 0.5  # between two looks at whether another process let time pass


class Clock:
    """The clock of a workspace, by which what takes its time is over or not.

    Safe to use from many threads and processes.

    Attributes:
        pace: how long each step takes.
    """

    def __init__(self, layout: Layout, pace: Pace) -> None:
        self.pace = pace
        self._layout, self._file = layout, layout.root / "clock.json"
        self._known: tuple[tuple[int, int] | None, list[list[int]]] = (None, [])
        self._moved = threading.Condition()
        self._works: list[tuple[threading.Thread, int | None]] = []

    @property
    def reader(self) -> Callable[[], int] | None:
        """What tells the time to whoever must not read what is not over; None for an instant pace."""
        return None if self.pace.is_instant else self.now

    def now(self) -> int:
        """Milliseconds since the epoch, with what was let pass."""
        return self.at(now_ms())

    def at(self, moment: int) -> int:
        """What this clock showed at a moment of the system's; both in milliseconds."""
        return moment + sum(passed for when, passed in self._passed() if when <= moment)

    def in_seconds(self, seconds: float, since: int | None = None) -> int:
        """The time so many seconds from now, or from another time of this clock."""
        return (self.now() if since is None else since) + round(1000 * seconds)

    def is_over(self, until: int) -> bool:
        """Whether a time has come; with an instant pace every time has."""
        return self.pace.is_instant or self.now() >= until

    def wait(self, until: int) -> None:
        """Return when a time has come, by itself or because somebody lets time pass."""
        while not self.is_over(until):
            left = (until - self.now()) / 1000
            with self._moved:
                self._moved.wait(min(max(left, 0.001), _LOOK_SECONDS))

    def begun(self, work: threading.Thread, until: int | None) -> None:
        """Note the thread that carries out what is over at a time, at once for None."""
        with self._moved:
            self._works = [known for known in self._works if known[0].is_alive()]
            self._works.append((work, until))

    def advance(self, seconds: float) -> None:
        """Let time pass at once: what would be over in so many seconds is over now.

        All processes with this workspace see it; the work that is over by then, such as the rows of a
        sync, is done on return where it is this process's. With an instant pace there is only that.

        Raises:
            InvalidParameterValue: not a number of seconds from 0 to a day.
        """
        if not (isinstance(seconds, (int, float)) and 0 <= seconds <= LONGEST_SECONDS):
            raise InvalidParameterValue(
                f"seconds is {seconds!r:.80}; expected a number from 0 to {LONGEST_SECONDS:.0f}."
            )
        if not self.pace.is_instant:
            with self._layout.writing("clock"):
                when = now_ms() + 1
                time.sleep(_STAMP_SECONDS)
                passed = [*self._passed(), [when, math.ceil(1000 * seconds)]]
                write_json(self._file, {"passed": passed})
        with self._moved:
            self._moved.notify_all()
            works = list(self._works)
        for work, until in works:
            if work is not threading.current_thread() and (until is None or self.is_over(until)):
                work.join()

    def finish(self) -> None:
        """Let so much time pass that all is over that has begun: endpoints, syncs, writes, indexes."""
        self.advance(min(self.pace.longest, LONGEST_SECONDS))

    def _passed(self) -> list[list[int]]:
        """What was let pass; read again where the file has changed."""
        stamp = _stamp(self._file)
        if stamp is None:
            return []
        known, passed = self._known
        if known != stamp:
            passed = []
            with contextlib.suppress(FileNotFoundError):
                passed = _checked(self._file, read_json(self._file, _ADVICE).get("passed"))
            self._known = (stamp, passed)
        return passed


def _checked(file: Path, passed: object) -> list[list[int]]:
    """What the file says was let pass. Raises CorruptFile."""
    pairs: list[Any] = passed if isinstance(passed, list) else [None]
    for pair in pairs:
        if not (isinstance(pair, list) and [type(number) for number in pair] == [int, int]):
            raise CorruptFile(f"{file} is damaged: its passed is {passed!r:.80}. {_ADVICE}")
    return pairs


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino
