"""Embedding as one pure function: Arrow batch in, Arrow batch out. Knows encoders; not tables.

In one process `embed_batches` maps it over batches while a thread prepares the next ones; a
distributed engine maps `embed_batch` over its partitions.

A batch in: `key` (anything) and either `image` (binary: the bytes of an image file) or `text`
(string). A batch out, row for row: `key`, `embedding` (fixed-size list<float>[d], unit length, null
where the row failed) and `reason` (null where it did not).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Matrix
from engine.encode.encoder import Encoder, Tokens, stacked
from engine.encode.photos.preprocessing import Bytes, Decoded, Pixels
from engine.encode.photos.workers.attempt import attempt
from engine.encode.photos.workers.decoding import Line
from engine.encode.watch import Watch
from engine.errors import InvalidParameterValue

AHEAD = 2  # batches prepared before they are needed; bounds memory
_BESIDE_A_DEVICE = 8  # threads, as measured with 16 cores: see benchmarks/results/gpu.md
_AT_ONCE = 4  # photos that a thread decodes one after another


@dataclass
class Prepared:
    """A batch ready for the model: pixels or tokens of the good rows, reasons for the others."""

    keys: pa.Array
    good: list[int]
    reasons: dict[int, str] = field(default_factory=dict)
    pixels: Any = None  # what `stacked` made of prepared images
    tokens: list[Tokens] | None = None


def embed_batch(batch: pa.RecordBatch, encoder: Encoder) -> pa.RecordBatch:
    """Embed one batch; see the module's first lines for its columns. Nothing else is read or changed.

    Raises:
        KeyError: the batch has neither `image` nor `text`.
    """
    return _encode(_prepare(batch, encoder), encoder)


def embed_batches(
    batches: Iterable[pa.RecordBatch], encoder: Encoder, watch: Watch | None = None
) -> Iterator[pa.RecordBatch]:
    """Embed batches in order, reading, decoding and preprocessing ahead of the model in threads.

    Args:
        watch: learns how long the model worked and waited.
    """
    watch = watch or Watch()

    def encode(prepared: Prepared) -> pa.RecordBatch:
        with watch.working():
            try:
                return _encode(prepared, encoder)
            finally:
                prepared.pixels = None  # their memory is for the next photos

    with watch.run(), contextlib.closing(_ahead(batches, encoder)) as ready:
        for prepared in ready:  # an encoder knows how many it takes when it has prepared the first
            if encoder.in_flight == 1:
                yield encode(prepared)
            else:
                yield from _several(itertools.chain([prepared], ready), encode, encoder.in_flight)


def _several(
    ready: Iterable[Prepared], encode: Callable[[Prepared], pa.RecordBatch], in_flight: int
) -> Iterator[pa.RecordBatch]:
    """Encode several at once and give them in order; others wait while their taker works."""
    with ThreadPoolExecutor(max_workers=in_flight, thread_name_prefix="encode") as pool:
        under_way: deque[Future[pa.RecordBatch]] = deque()
        try:
            for prepared in ready:
                under_way.append(pool.submit(encode, prepared))
                if len(under_way) > in_flight:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for left in under_way:
                left.cancel()


def _prepare(batch: pa.RecordBatch, encoder: Encoder) -> Prepared:
    keys = batch.column("key")
    if "image" in batch.schema.names:
        return _prepare_images(keys, batch.column("image").to_pylist(), encoder)
    texts = batch.column("text").to_pylist()
    good = [row for row, text in enumerate(texts) if text]
    reasons = {row: "the text is empty" for row, text in enumerate(texts) if not text}
    return Prepared(keys, good, reasons, tokens=encoder.tokenize([texts[row] for row in good]))


def _prepare_images(keys: pa.Array, images: list[bytes | None], encoder: Encoder) -> Prepared:
    # Some at a time: handing one over costs about as much of the interpreter's lock as opening it.
    threads = _threads(encoder)
    step = max(1, min(_AT_ONCE, len(images) // (4 * threads)))
    parts = [images[at : at + step] for at in range(0, len(images), step)]
    prepare = encoder.prepare_image
    outcomes = _decoders(threads).map(lambda part: [attempt(prepare, data) for data in part], parts)
    return _sorted(keys, itertools.chain.from_iterable(outcomes))


def _sorted(keys: pa.Array, outcomes: Iterable[Pixels | Bytes | Decoded | str]) -> Prepared:
    """Prepared photos, and reasons of those that are not, row for row."""
    prepared = Prepared(keys, [])
    pixels: list[Any] = []
    for row, outcome in enumerate(outcomes):
        if isinstance(outcome, str):
            prepared.reasons[row] = outcome
        else:
            prepared.good.append(row)
            pixels.append(outcome)
    prepared.pixels = stacked(pixels) if pixels else None
    return prepared


def _encode(prepared: Prepared, encoder: Encoder) -> pa.RecordBatch:
    try:
        vectors = _vectors(prepared, encoder)
    except InvalidParameterValue:  # a vector without a length: that row's trouble
        vectors = _one_by_one(prepared, encoder)
    rows, dimension = len(prepared.keys), encoder.dimension
    spread = np.zeros((rows, dimension), dtype=np.float32)
    spread[prepared.good] = vectors
    failed = np.ones(rows, dtype=np.bool_)
    failed[prepared.good] = False
    embedding = pa.FixedSizeListArray.from_arrays(
        pa.array(spread.reshape(-1)), dimension, mask=pa.array(failed)
    )
    reasons = pa.array([prepared.reasons.get(row) for row in range(rows)], pa.string())
    return pa.record_batch(
        [prepared.keys, embedding, reasons], names=["key", "embedding", "reason"]
    )


def _vectors(prepared: Prepared, encoder: Encoder) -> Matrix:
    """(n, dimension) of the n good rows."""
    if not prepared.good:
        return np.empty((0, encoder.dimension), dtype=np.float32)
    if prepared.pixels is not None:
        return encoder.encode_pixels(prepared.pixels)
    return encoder.encode_tokens(prepared.tokens or [])


def _one_by_one(prepared: Prepared, encoder: Encoder) -> Matrix:
    """The same where some rows fail: these are good no longer, and have a reason."""
    vectors = [np.empty((0, encoder.dimension), dtype=np.float32)]
    good = []
    for place, row in enumerate(prepared.good):
        part = slice(place, place + 1)
        pixels = None if prepared.pixels is None else prepared.pixels[part]
        tokens = None if prepared.tokens is None else prepared.tokens[part]
        try:
            vectors.append(_vectors(Prepared(prepared.keys, [row], {}, pixels, tokens), encoder))
            good.append(row)
        except InvalidParameterValue as error:
            prepared.reasons[row] = error.message
    prepared.good = good
    return np.concatenate(vectors)


@lru_cache(maxsize=2)
def _decoders(threads: int) -> ThreadPoolExecutor:
    """Threads that decode: Pillow frees the interpreter lock while it does."""
    return ThreadPoolExecutor(max_workers=threads, thread_name_prefix="decode")


def _threads(encoder: Encoder) -> int:
    """With more than some, whoever feeds a device waits for the interpreter's lock."""
    cores = os.cpu_count() or 1
    return cores if encoder.in_flight == 1 else min(cores, _BESIDE_A_DEVICE)


class _Beginning:
    """Begins to prepare batches, photos in processes where the encoder has some. For one thread."""

    def __init__(self, encoder: Encoder, is_over: Callable[[], bool]) -> None:
        self._encoder, self._is_over = encoder, is_over
        self._line: Line | None = None

    def __call__(self, batch: pa.RecordBatch) -> Callable[[], Prepared]:
        """What waits for the batch."""
        if "image" not in batch.schema.names or self._encoder.decoding is None:
            prepared = _prepare(batch, self._encoder)
            return lambda: prepared
        keys, images = batch.column("key"), batch.column("image").to_pylist()
        if self._line is None:
            self._line = self._encoder.decoding.line(self._aside, self._is_over)
        begun = self._line.begin(images)
        if begun is None:
            prepared = _prepare_images(keys, images, self._encoder)
            return lambda: prepared
        return lambda: _sorted(keys, begun.outcomes())

    def _aside(self, data: bytes | None) -> Future[Any]:
        decoders = _decoders(_threads(self._encoder))
        return decoders.submit(attempt, self._encoder.prepare_image, data)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()


def _ahead(batches: Iterable[pa.RecordBatch], encoder: Encoder) -> Generator[Prepared, None, None]:
    """Prepare batches in a thread, at most AHEAD before they are taken; errors come out here.

    Ctrl-C may interrupt the taker between any two instructions. One that came inside a `queue.Queue`,
    whose lock is Python code, would leave that locked, and the thread waiting for ever: a `SimpleQueue`
    is done in one instruction.
    """
    ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
    room: queue.SimpleQueue[None] = queue.SimpleQueue()  # an entry for each batch that may wait
    is_over = False

    def feed() -> None:
        try:
            with contextlib.closing(_Beginning(encoder, lambda: is_over)) as begin:
                for batch in batches:
                    begun = begin(batch)
                    room.get()
                    if is_over:
                        return
                    ready.put(begun)
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    for _ in range(AHEAD):
        room.put(None)
    feeder = threading.Thread(target=feed, name="prepare", daemon=True)
    try:
        feeder.start()
        while (item := ready.get()) is not None:
            room.put(None)
            if isinstance(item, BaseException):
                raise item
            yield item()
    finally:
        is_over = True
        room.put(None)
        if feeder.is_alive():
            feeder.join()
