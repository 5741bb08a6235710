"""Memory that processes share, in blocks that are used again and again. Knows memory; not photos.

It is a file without a name (`memfd_create`), since /dev/shm is small in many containers. A block's
memory is there before it is used (`posix_fallocate`): where there is none left, that is an error in
time, and not the end of whoever writes.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import queue
import re
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

SIZE = 16 << 20  # bytes of a block
MOST = 160  # blocks: 2.7 GB, seven batches of 256 photos of 640 x 480 pixels
_PART = 4  # of the memory that is free, so many times less is taken
_WAIT = 0.1  # seconds until it is looked whether waiting still helps


@dataclass(frozen=True)
class Pinning:
    """How a device is told of memory that it will copy from.

    Attributes:
        pin: is given an address and a length in bytes; whether it worked.
        unpin: is given the address.
    """

    pin: Callable[[int, int], bool]
    unpin: Callable[[int], None]


@dataclass(frozen=True)
class Block:
    """A block in use; it is free again when nothing refers to its bytes."""

    number: int
    bytes: npt.NDArray[np.uint8]
    is_pinned: bool


@dataclass(frozen=True)
class Place:
    """Where in shared memory something begins."""

    block: Block
    at: int


class Use(weakref.ref):  # type: ignore[type-arg]
    """That a block is in use: refers to its memory, and is put among the free ones when that is gone.

    It is done by C alone: a `__del__` could be interrupted by Ctrl-C, and the block would be lost.
    """

    __slots__ = ("number",)
    number: int


class Blocks:
    """Safe to use from many threads.

    Raises:
        OSError: this system has no such memory, or none is left.
    """

    def __init__(self, most: int = MOST, pinning: Pinning | None = None) -> None:
        if not hasattr(os, "memfd_create"):
            raise OSError("this system has no memory without a name (memfd_create)")
        self._most, self._pinning = min(most, _room() // SIZE), pinning
        if self._most < 1:
            raise OSError("too little memory is free")
        self.size = self._most * SIZE
        self.file = os.memfd_create("vitrine-photos", os.MFD_CLOEXEC)
        self._close = weakref.finalize(self, os.close, self.file)
        os.ftruncate(self.file, self.size)
        self._memory = mmap.mmap(self.file, self.size)
        self._lock = threading.Lock()
        self._made = 0
        self._pinned: dict[int, int] = {}  # addresses by number
        self._free: queue.SimpleQueue[int | Use] = queue.SimpleQueue()
        self._uses: dict[int, Use] = {}
        if pinning is not None:
            given = (pinning, self._pinned, os.getpid(), self._memory)
            weakref.finalize(self, _unpin, *given).atexit = False
        if not self.make(1):
            raise OSError("no memory is left to share")

    @property
    def in_use(self) -> int:
        """Blocks that something refers to."""
        return self._made - self._free.qsize()

    def make(self, count: int) -> int:
        """Have so many more blocks ready before they are needed; how many there was room for."""
        for made in range(count):
            number = self._grown()
            if number is None:
                return made
            self._free.put(number)
        return count

    def take(
        self, count: int, held: dict[int, Use], can_wait: Callable[[], bool]
    ) -> list[Block] | None:
        """Blocks that nobody uses; None where there are too few.

        Args:
            held: is given their uses, by number.
            can_wait: whether others will be given back though the caller does nothing more.
        """
        numbers: list[int] = []
        while len(numbers) < count:
            number = self._next(can_wait)
            if number is None:
                for each in numbers:
                    self._free.put(each)
                return None
            numbers.append(number)
        return [self._leased(number, held) for number in numbers]

    def _next(self, can_wait: Callable[[], bool]) -> int | None:
        while True:
            with contextlib.suppress(queue.Empty):
                return _number(self._free.get_nowait())
            number = self._grown()
            if number is not None or not can_wait():
                return number
            with contextlib.suppress(queue.Empty):
                return _number(self._free.get(timeout=_WAIT))

    def _leased(self, number: int, held: dict[int, Use]) -> Block:
        area = (ctypes.c_uint8 * SIZE).from_buffer(self._memory, number * SIZE)
        area.owner = self  # type: ignore[attr-defined]
        use = self._uses[number] = Use(area, self._free.put)
        use.number = number
        held[number] = use
        return Block(number, np.frombuffer(memoryview(area), np.uint8), number in self._pinned)

    def _grown(self) -> int | None:
        """A new block; None where there is no room for one."""
        with self._lock:
            number = self._made
            if number >= self._most:
                return None
            try:
                os.posix_fallocate(self.file, number * SIZE, SIZE)
            except OSError:
                self._most = number
                return None
            self._made += 1
            if self._pinning is not None:
                area = ctypes.c_uint8.from_buffer(self._memory, number * SIZE)
                address = ctypes.addressof(area)
                if self._pinning.pin(address, SIZE):
                    self._pinned[number] = address
            return number


def _number(free: int | Use) -> int:
    return free.number if isinstance(free, Use) else free


def _unpin(pinning: Pinning, pinned: dict[int, int], owner: int, memory: mmap.mmap) -> None:
    """Before the memory is gone, which is held until here; a fork has no part in it."""
    if os.getpid() != owner:
        return
    for address in pinned.values():
        with contextlib.suppress(Exception):  # the device may be gone already
            pinning.unpin(address)


def _room() -> int:
    """Bytes that may be taken: a part of what is free for this process."""
    found = [1 << 62]
    with contextlib.suppress(OSError):
        text = Path("/proc/meminfo").read_text()
        found += [1024 * int(each) for each in re.findall(r"MemAvailable:\s+(\d+) kB", text)]
    with contextlib.suppress(OSError, ValueError):  # a container's own bound; "max" is none
        most = int(Path("/sys/fs/cgroup/memory.max").read_text())
        found.append(most - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    return max(0, min(found)) // _PART
