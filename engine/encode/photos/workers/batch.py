"""Photos of a batch on their way through workers: what is asked of these, what is made of replies.

Knows shared memory and a model's rule; not processes.
"""

from __future__ import annotations

import itertools
import pickle
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Union

from engine.encode.photos.preprocessing import Bytes, Decoded, Preprocess
from engine.encode.photos.workers.blocks import SIZE, Block, Place, Use
from engine.encode.photos.workers.worker import Made, Reply, Request, Told

Outcome = Union[Decoded, Bytes, str]
MOST_FILES = SIZE // 2  # bytes of all files in a block
_LEAST, _FIRST, _MOST = 4, 8, 16  # photos of a block
_MOST_FITTED = SIZE // 4  # bytes
_OPEN = object()  # in the place of an outcome
_numbers = itertools.count()


class Learned:
    """What workers are told of a model, and what was learned of its photos. Safe to use from threads.

    Args:
        takes: whether photos of a height and width are only to be decoded; is asked once for each.
    """

    def __init__(self, rule: Preprocess, takes: Callable[[int, int], bool]) -> None:
        self._rule, self._takes = rule, takes
        self.step = _FIRST  # photos that a block will hold, as far as it's known
        self.version = 0
        self._wanted: set[tuple[int, int]] = set()
        self._number = next(_numbers)
        self._lock = threading.Lock()
        self._told = b""
        self._tell()

    @property
    def can_be_shared(self) -> bool:
        """Whether a block holds some photos that are fitted."""
        return self._bytes <= _MOST_FITTED

    @property
    def _bytes(self) -> int:
        height, width = self._rule.size
        return 3 * height * width

    def request(self, block: int, spans: list[tuple[int, int]]) -> tuple[Request, int]:
        """A request, and the version of what is told with it."""
        with self._lock:
            return Request(self._number, self._told, block, spans), self.version

    def outcome(self, made: Made, block: Block) -> Decoded | Bytes:
        """The photo that a worker has written into a block."""
        if made.size is not None:
            self._count(made.size)
        pixels: Bytes
        if made.size is not None and made.is_decoded:
            height, width = made.size
            pixels = block.bytes[made.at : made.at + 4 * height * width]
            pixels = pixels.reshape(height, width, 4)
            pixels.flags.writeable = False
            return Decoded(pixels, Place(block, made.at))
        pixels = block.bytes[made.at : made.at + self._bytes]
        return pixels.reshape(3, *self._rule.size)

    def fit(self, largest: int) -> None:
        """Learn that a photo took so many bytes: as many will be asked for as a block holds of such."""
        self.step = min(_MOST, max(_LEAST, SIZE // largest))

    def _count(self, size: tuple[int, int]) -> None:
        is_wanted = self._takes(*size)
        if is_wanted != (size in self._wanted):
            with self._lock:
                (self._wanted.add if is_wanted else self._wanted.discard)(size)
                self._tell()

    def _tell(self) -> None:
        self._told = pickle.dumps(Told(self._rule, frozenset(self._wanted)))
        self.version += 1


class Batch:
    """Photos of which each gets an outcome; filled by the threads that speak with workers.

    Args:
        held: is given the uses of blocks, for whoever wants the batch.
        aside: begins to prepare a photo without a worker.
    """

    def __init__(
        self,
        images: Sequence[bytes | None],
        learned: Learned,
        held: dict[int, Use],
        aside: Callable[[bytes | None], Future[Any]],
    ) -> None:
        self.images, self.learned, self.held = images, learned, held
        self._aside = aside
        self._outcomes: list[Any] = [_OPEN] * len(images)
        self._left = len(images)
        self._lock = threading.Lock()
        # Ctrl-C may come to who waits, in the middle of anything: this one is done in an instruction.
        self._done: queue.SimpleQueue[None] = queue.SimpleQueue()

    def settle(self, found: Sequence[tuple[int, Any]]) -> None:
        """Outcomes by row; the first of a row counts, a future stands for its result."""
        with self._lock:
            for row, outcome in found:
                if self._outcomes[row] is _OPEN:
                    self._outcomes[row] = outcome
                    self._left -= 1
            if not self._left:
                self._done.put(None)

    def leave(self, rows: Sequence[int]) -> None:
        """Have these prepared without a worker."""
        for row in rows:
            try:
                self.settle([(row, self._aside(self.images[row]))])
            except RuntimeError as error:  # the interpreter ends: nothing is begun any more
                self.settle([(row, f"RuntimeError: {error}")])

    def outcomes(self) -> list[Outcome]:
        """Of all photos, in their order; waits for them. To be called once."""
        self._done.get()
        found, self._outcomes = self._outcomes, []  # and with them what they hold
        return [one.result() if isinstance(one, Future) else one for one in found]


@dataclass(frozen=True)
class Chunk:
    """Some photos of a batch whose files lie in a block."""

    batch: Batch
    rows: Sequence[int]
    block: Block
    spans: list[tuple[int, int]]

    @staticmethod
    def written(batch: Batch, rows: Sequence[int], block: Block) -> Chunk:
        """Write the files at the block's end, in order: what is made of them begins at its start."""
        files = [batch.images[row] or b"" for row in rows]
        at = SIZE - sum(map(len, files))
        spans = []
        for data in files:
            memoryview(block.bytes)[at : at + len(data)] = data  # type: ignore[arg-type]
            spans.append((at, at + len(data)))
            at += len(data)
        return Chunk(batch, rows, block, spans)

    def request(self) -> tuple[Request, int]:
        """What a worker is asked for, and the version of what it's told with it."""
        return self.batch.learned.request(self.block.number, self.spans)

    def take(self, reply: Reply) -> Sequence[int]:
        """Settle what a worker made; the rows that the block had no room for."""
        learned = self.batch.learned
        found: list[tuple[int, Outcome]] = []
        too_large = []
        largest = 0
        for row, one in zip(self.rows, reply):
            if one is None:
                too_large.append(row)
            elif isinstance(one, str):
                found.append((row, one))
            else:
                outcome = learned.outcome(one, self.block)
                pixels = outcome.pixels if isinstance(outcome, Decoded) else outcome
                largest = max(largest, pixels.nbytes)
                found.append((row, outcome))
        if largest:
            learned.fit(largest)
        rest = self.rows[len(reply) :]
        self.batch.settle(found)
        if too_large:
            self.batch.leave(too_large)
        return rest
