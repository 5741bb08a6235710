"""How many connections each worker process holds, where all of them see it. Knows files and time; not
sockets.

They meet in a mapped file with a line for each: how many it holds, and when it last said that it can
take one. Only its own worker writes a line, so that nobody waits for a lock.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path

from engine.errors import InvalidState
from engine.locks import WaitedTooLong, held

PATIENCE_SECONDS = 0.2  # without a sign from a worker; then none leaves a connection to it
SIGN_SECONDS = PATIENCE_SECONDS / 4
_FILE, _LOCK = "connections", "connections-{}.lock"
_LINES = 128  # twice as many as there may be workers: a restart has old and new ones at once
_LINE = struct.Struct("=qd")  # connections, then seconds of the monotonic clock
_NEVER = -math.inf
_WAITS = -1  # in place of the connections of a worker that has not begun


def open_board(folder: Path) -> None:
    """Make the file in which workers meet; nobody is in it yet."""
    (folder / _FILE).write_bytes(_LINE.pack(0, _NEVER) * _LINES)


class Shares:
    """One worker's connections beside those of the others. Used in one thread.

    Attributes:
        held: connections that this worker holds; -1 before it begins.
    """

    def __init__(
        self,
        folder: Path,
        workers: int = 1,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a line, until the process ends; others see it with the first `sign`.

        Args:
            folder: of `open_board`. workers: how many were started together.
            patience: seconds. clock: the same for all workers.

        Raises:
            InvalidState: all lines are taken.
        """
        self._workers, self._patience, self._clock = workers, patience, clock
        self._open = contextlib.ExitStack()
        self._line = self._free_line(folder)
        with (folder / _FILE).open("r+b") as file:
            view = memoryview(mmap.mmap(file.fileno(), _LINES * _LINE.size))
        self._held, self._signs = view.cast("q")[::2], view.cast("d")[1::2]
        self.leave()  # whoever had the line was killed
        self.held = 0

    def _free_line(self, folder: Path) -> int:
        for line in range(_LINES):
            with contextlib.suppress(WaitedTooLong):
                self._open.enter_context(held(folder / _LOCK.format(line), 0))
                return line
        raise InvalidState(f"at most {_LINES} worker processes serve together; start fewer.")

    @property
    def held(self) -> int:
        return int(self._held[self._line])

    @held.setter
    def held(self, number: int) -> None:
        self._held[self._line] = number

    def arrive(self) -> None:
        """Say that this worker is about to take connections."""
        if self._signs[self._line] == _NEVER:
            self.held = _WAITS
        self.sign()

    def may_begin(self) -> bool:
        """Whether as many workers are there as were started together, or one has begun already."""
        since = self._clock() - self._patience
        here = sum(sign != _NEVER for sign in self._signs)
        return here >= self._workers or any(
            number != _WAITS and sign > since
            for number, sign in zip(self._held, self._signs, strict=True)
        )

    def begin(self) -> None:
        """Say that it takes connections."""
        self.held = max(self.held, 0)

    def sign(self) -> None:
        """Say that this worker can take connections now."""
        self._signs[self._line] = self._clock()

    def leave(self) -> None:
        """Say that it takes none, until it gives a sign again."""
        self._signs[self._line] = _NEVER

    def is_turn(self) -> bool:
        """Whether the next connection is this worker's: no other that can take it holds fewer.

        Whoever takes one only then never holds more than one more than another, in whatever order
        they ask: between question and taking the others' numbers only grow, unless a client leaves.
        """
        own = self._held[self._line]
        if own <= 0:
            return True
        since = self._clock() - self._patience
        return not any(
            number < own and sign > since
            for number, sign in zip(self._held, self._signs, strict=True)
        )

    def close(self) -> None:
        """Give the line back."""
        self.leave()
        self._open.close()
