"""An encoder's photos decoded in processes, where that pays. Knows when these start and end; not models.

All encoders of a process share one crew. It starts when enough photos have come, beside the threads
that decode meanwhile, and ends when nobody has wanted anything for a while.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from engine.encode.photos.preprocessing import Preprocess
from engine.encode.photos.workers.batch import MOST_FILES, Batch, Chunk, Learned
from engine.encode.photos.workers.blocks import Blocks, Pinning, Use
from engine.encode.photos.workers.crew import Crew

PAYS_FROM = 512  # photos that an encoder has seen: fewer are done before processes are up
_IDLE = 30  # seconds until nobody is expected to come again
_AT_START = 2  # blocks made at the start, for each process
_FEW = 4  # cores, with fewer of which the threads do as well
_LOG = logging.getLogger("engine.photos")


def usual_processes() -> int:
    """One for each core but one, which the caller's thread needs; none where cores are few."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return cores - 1 if cores >= _FEW else 0


class Decoding:
    """How one encoder's photos are decoded in processes.

    Args:
        rule: the encoder's; takes: as of `Preprocess.decoded`.
        pinning: how its device is told of memory; None where that needs nothing.
        processes: how many; None for the usual number, 0 for none.
        pays_from: photos that are prepared without processes before these start.
    """

    def __init__(
        self,
        rule: Preprocess,
        takes: Callable[[int, int], bool],
        pinning: Pinning | None = None,
        processes: int | None = None,
        pays_from: int = PAYS_FROM,
    ) -> None:
        self.learned = Learned(rule, takes)
        self._pinning, self._pays_from = pinning, pays_from
        self._processes = usual_processes() if processes is None else processes
        self._seen = 0

    def crew(self, photos: int) -> Crew | None:
        """The crew, for so many more photos; None as long as threads have to do."""
        self._seen += photos
        if not self._processes or not self.learned.can_be_shared or self._seen < self._pays_from:
            return None
        return _crews.get(self._processes, self._pinning)

    def line(
        self, aside: Callable[[bytes | None], Future[Any]], is_over: Callable[[], bool]
    ) -> Line:
        """A line of batches that are wanted one after another; to be closed.

        Args:
            aside: begins to prepare a photo without a process.
            is_over: whether nobody wants the batches any more.
        """
        return Line(self, aside, is_over)


class Line:
    """Batches that are taken in the order in which they are begun. Used by one thread at a time."""

    def __init__(
        self,
        decoding: Decoding,
        aside: Callable[[bytes | None], Future[Any]],
        is_over: Callable[[], bool],
    ) -> None:
        self._decoding, self._aside, self._is_over = decoding, aside, is_over
        self._held: dict[int, Use] = {}
        _crews.enter()

    def begin(self, images: Sequence[bytes | None]) -> Batch | None:
        """Begin to prepare photos; None where the caller must: it is too early, or no room is left.

        Waits for room only while batches that were begun before have some: these will be taken, and give
        it back, without this one.
        """
        crew = self._decoding.crew(len(images))
        if crew is None:
            return None
        learned = self._decoding.learned
        groups, others = _grouped(images, learned.step)
        if not groups:
            return None
        self._can_wait()  # forgets what is not in use any more
        blocks = crew.blocks.take(len(groups), self._held, self._can_wait)
        if blocks is None:
            return None
        batch = Batch(images, learned, self._held, self._aside)
        for group, block in zip(groups, blocks):
            crew.put(Chunk.written(batch, group, block))
        if others:
            batch.leave(others)
        return batch

    def _can_wait(self) -> bool:
        for number, use in list(self._held.items()):
            if use() is None:
                self._held.pop(number)
        return bool(self._held) and not self._is_over()

    def close(self) -> None:
        """Nothing more is begun."""
        _crews.leave()


def _grouped(images: Sequence[bytes | None], step: int) -> tuple[list[list[int]], list[int]]:
    """Rows in groups whose files fit in a block, at most `step` in each; rows that go in none."""
    groups: list[list[int]] = []
    others = []
    room = left = 0
    for row, data in enumerate(images):
        size = len(data or b"")
        if not 0 < size <= MOST_FILES:
            others.append(row)
            continue
        if not left or size > room:
            groups.append([])
            room, left = MOST_FILES, step
        groups[-1].append(row)
        room, left = room - size, left - 1
    return groups, others


class _Crews:
    """The process's one crew: started on demand, ended when it is idle. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock, self._closing = threading.Lock(), threading.Lock()
        self._crew: Crew | None = None
        self._is_begun = False  # and stays so where no crew could be made
        self._starter: threading.Thread | None = None
        self._lines = 0
        self._timer: threading.Timer | None = None

    def get(self, processes: int, pinning: Pinning | None) -> Crew | None:
        with self._lock:
            if not self._is_begun:
                self._is_begun = True
                given = (processes, pinning)
                self._starter = threading.Thread(target=self._start, args=given, daemon=True)
                self._starter.start()
            crew = self._crew
        return crew if crew is not None and crew.is_ready else None

    def _start(self, processes: int, pinning: Pinning | None) -> None:
        try:
            blocks = Blocks(pinning=pinning)
        except OSError as error:
            _LOG.warning("photos are decoded by threads, not by processes: %s", error)
            return
        crew = Crew(processes, blocks)
        blocks.make(_AT_START * processes)
        with self._lock:
            self._crew = crew
            self._expect_nobody()

    def enter(self) -> None:
        with self._lock:
            self._lines += 1
            self._stop_timer()

    def leave(self) -> None:
        with self._lock:
            self._lines -= 1
            self._expect_nobody()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expect_nobody(self) -> None:
        self._stop_timer()
        if not self._lines and self._crew is not None:
            self._timer = threading.Timer(_IDLE, self.close)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        """End the crew if nobody has a line; the next one that pays starts another."""
        if self._starter is not None:
            self._starter.join()
        with self._closing:  # who comes second returns when the first is done
            with self._lock:
                crew = self._crew
                if crew is None or self._lines:
                    return
                self._stop_timer()
                self._crew = None
                self._is_begun = crew.is_broken
            crew.close()

    def end(self) -> None:
        """At the end of the process."""
        with self._lock:
            crew, self._crew, self._is_begun = self._crew, None, True
        if crew is not None:
            crew.end()

    def forget(self) -> None:
        """In a fork: the crew, its processes and the state of its locks are another's."""
        crew = self._crew
        self.__init__()  # type: ignore[misc]
        if crew is not None:
            crew.forget()


_crews = _Crews()
atexit.register(_crews.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_crews.forget)
close_idle = _crews.close
