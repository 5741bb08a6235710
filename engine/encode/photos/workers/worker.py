"""What a process that decodes photos does, from its start to its end. Knows photos; not models.

It is told where files' bytes are in shared memory, and writes there what it makes of them. It imports
nothing of whoever started it, and ends when that is gone.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import signal
import warnings
from collections.abc import Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, Union

import numpy as np
import numpy.typing as npt

from engine.encode.photos import bounds
from engine.encode.photos.preprocessing import Decoded, Preprocess
from engine.encode.photos.workers.attempt import attempt
from engine.encode.photos.workers.blocks import SIZE

_POPULATE_WRITE = 23  # MADV_POPULATE_WRITE: all pages at once
_FIRST_TO_GO = "500"  # of 1000
_LOOK = 20  # seconds until it is looked whether anybody is there
Sizes = frozenset[tuple[int, int]]


class Told(NamedTuple):
    """What a worker has to know of a model: its rule, and which (height, width) only to decode."""

    rule: Preprocess
    wanted: Sizes


class Request(NamedTuple):
    """Photos to decode.

    Attributes:
        rule: a number that stands for what was `told`, now or before.
        told: a pickled `Told`.
        spans: where in the block each file's bytes begin and end, at rising places.
    """

    rule: int
    told: bytes | None
    block: int
    spans: list[tuple[int, int]]


class Made(NamedTuple):
    """A photo that is in the block now: decoded from `at` on, or fitted.

    Attributes:
        size: (height, width) of the decoded one; None of a fitted one that wasn't asked about.
    """

    is_decoded: bool
    at: int
    size: tuple[int, int] | None


Reply = list[Union[Made, str, None]]  # str: why there is nothing; None: too large for a worker


class _TooLarge(BaseException):
    """Not an `Exception`, which would be a decoder's failure."""


class _Share(bounds.MemoryBudget):
    """A worker's part of the memory that photos in work may take; nobody gives any back to wait for."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._size = size

    @contextlib.contextmanager
    def of(self, size: int) -> Iterator[None]:
        if size > self._size:
            raise _TooLarge
        yield


class _Asked:
    """Whether a size is wanted as it is; remembers the one that it was asked about."""

    def __init__(self, wanted: Sizes) -> None:
        self._wanted = wanted
        self.size: tuple[int, int] | None = None

    def __call__(self, height: int, width: int) -> bool:
        self.size = (height, width)
        return self.size in self._wanted


def main(channel: int, file: int, size: int, share: int) -> None:
    """Answer requests until the other end is closed.

    Args:
        channel: of a connection. file, size: of the shared memory.
        share: bytes that one photo may take.
    """
    warnings.simplefilter("ignore")  # of odd headers; in this process alone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is meant ends this process too
    with contextlib.suppress(OSError):  # where memory is short, this process goes, not its starter
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    bounds.memory = _Share(share)
    memory = mmap.mmap(file, size)
    pixels = np.frombuffer(memory, np.uint8)
    mapped: set[int] = set()
    known: dict[int, Told] = {}
    starter = os.getppid()
    with Connection(channel) as connection, contextlib.suppress(EOFError, OSError):
        connection.send(None)
        while True:
            while not connection.poll(_LOOK):  # a fork of the starter may hold the other end open
                if os.getppid() != starter:
                    return
            request: Request = connection.recv()
            if request.told is not None:
                known[request.rule] = pickle.loads(request.told)
            start = request.block * SIZE
            if request.block not in mapped:
                mapped.add(request.block)
                with contextlib.suppress(OSError):  # an older kernel maps each page when it is used
                    memory.madvise(_POPULATE_WRITE, start, SIZE)
            connection.send(decoded(request, known[request.rule], pixels[start : start + SIZE]))


def decoded(request: Request, told: Told, block: npt.NDArray[np.uint8]) -> Reply:
    """The photos of a request, written into its block from the start on: as many as it holds.

    What is made of a photo may take the place of its own file and of those before it.
    """
    reply: Reply = []
    head = 0
    ends = [start for start, _ in request.spans[1:]] + [SIZE]
    for (start, end), most in zip(request.spans, ends):
        data = block[start:end].tobytes()
        asked = _Asked(told.wanted)
        try:
            outcome = attempt(partial(told.rule.decoded, takes=asked), data)
        except _TooLarge:
            reply.append(None)
            continue
        if isinstance(outcome, str):
            reply.append(outcome)
            continue
        is_decoded = isinstance(outcome, Decoded)
        pixels = outcome.pixels if isinstance(outcome, Decoded) else outcome
        if head + pixels.nbytes > most:
            break
        block[head : head + pixels.nbytes].reshape(pixels.shape)[...] = pixels
        reply.append(Made(is_decoded, head, asked.size))
        head += pixels.nbytes
    return reply
