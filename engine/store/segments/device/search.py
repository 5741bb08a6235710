"""Exact search of files of vectors on a device: which rows surely hold the nearest k.

A first pass in 16-bit numbers (or float32) gives each query a list; how far its products can be off is
known (`bounds`), so it is known whether the list holds the nearest k. Where it may not, a longer list
is asked for, then the processor does it. What leaves here is re-scored in float64 as what comes from
every other way, so scores and order are the processor's to the last bit.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from functools import lru_cache
from queue import SimpleQueue

import numpy as np

from engine.core.arrays import Matrix, Rows
from engine.core.rows import RowSet
from engine.store.segments.device.bounds import (
    Floats,
    Precision,
    Scales,
    product_bounds,
    query_scales,
    row_scale,
)
from engine.store.segments.device.tiles import Tile, TileMemory
from engine.store.segments.device.torch_device import Found, TorchDevice
from engine.store.segments.vectors import VectorFile

FIXED_NS = 400_000.0  # of one search on a CUDA device, whatever its rows: launches and transfers
_UPLOAD_NS = 0.5  # for each number of rows that don't stay on the device
_ATTEMPTS = 3
# Length of a first list for each row asked for: what lies within the bounds, as measured on 10 million.
_LISTED = {"float16": 1.25, "bfloat16": 2.25, "float32": 1.05}
_LONGER = 4  # times as long as the list that was not enough
_WORK = 1 << 30  # bytes to work in, of which a small device gives a part
_WORK_PART = 16
_TILE_PART = 2  # of the budget that one tile may take
_TILE_ROWS = 512  # tiles are multiples of it, so that bitmaps can be cut to bytes
_LEAST_LENGTH, _MOST_LENGTH = 1e-12, 1e12  # of the longest row, so that scaled numbers stay floats


@lru_cache(maxsize=8)
def search_device(name: str, precision: Precision) -> SearchDevice:
    """The device of this name, one for all workspaces of a process: they share its memory."""
    return SearchDevice(name, precision)


class SearchDevice:
    """A device that vectors are searched on. Safe to use from many threads, one at a time.

    Nothing is loaded before the first search.
    """

    def __init__(
        self,
        name: str,
        precision: Precision = "float16",
        memory: int | None = None,
        fixed_ns: float = FIXED_NS,
    ) -> None:
        """
        Args:
            name: "cuda", "cuda:N"; "cpu" stands in for them in tests.
            precision: of a first pass; results are the same with each.
            memory: bytes that may be taken of the device's; None for most of what is free.
            fixed_ns: what the planner assumes that one search takes at least.
        """
        self.name, self.precision = name, precision
        self._memory, self._fixed_ns = memory, fixed_ns
        self._lock = threading.RLock()
        self._opened: tuple[TorchDevice, TileMemory, int] | None = None
        self._numbers: weakref.WeakKeyDictionary[VectorFile, int] = weakref.WeakKeyDictionary()
        self._count = 0
        self._gone: SimpleQueue[int] = SimpleQueue()

    def _open(self) -> tuple[TorchDevice, TileMemory, int]:
        """The device, its tiles, and bytes to work in."""
        if self._opened is None:
            device = TorchDevice(self.name, self.precision)
            size = self._memory or device.memory()
            work = min(_WORK, size // _WORK_PART)
            self._opened = (device, TileMemory(size - 3 * work), work)
        return self._opened

    @property
    def tiles(self) -> TileMemory:
        """What the device holds."""
        with self._lock:
            return self._open()[1]

    def cost_ns(self, rows: int, dimension: int) -> float:
        """What the planner assumes that a search takes beside reading the device's memory.

        Raises:
            MissingExtra, DeviceUnavailable: there is no such device, or no torch.
        """
        with self._lock:
            device, tiles, _ = self._open()
        fits = rows * device.row_bytes(dimension) <= tiles.budget
        return self._fixed_ns * (1 if fits else 1 + rows * dimension * _UPLOAD_NS / FIXED_NS)

    def nearest(
        self, file: VectorFile, queries: Matrix, k: int, allowed: RowSet | None
    ) -> list[Rows | None]:
        """For each of (m, d) queries rows that surely hold the nearest k of those that are allowed.

        Returns:
            for each query at least min(k, rows considered) rows, in no useful order; None where this
            device can't tell, and the processor must.
        """
        considered = file.rows if allowed is None else allowed.count
        if considered <= k:
            every = np.arange(file.rows) if allowed is None else allowed.rows()
            return [every] * len(queries)
        found: list[Rows | None] = [None] * len(queries)
        longest = file.shape.longest
        if not (_LEAST_LENGTH < longest < _MOST_LENGTH):
            return found
        scales, usable = query_scales(queries, longest)
        left, wanted = np.flatnonzero(usable), int(k * _LISTED[self.precision]) + 16
        with self._lock:
            for _ in range(_ATTEMPTS):
                if not len(left):
                    break
                search = _Search(file, Scales(row_scale(longest), scales[left]), k, allowed)
                settled = self._attempt(search, queries[left], min(wanted, considered))
                for place, rows in zip(left.tolist(), settled):
                    found[place] = rows
                left = np.array([i for i in left.tolist() if found[i] is None], dtype=np.int64)
                wanted *= _LONGER
        return found

    def _attempt(self, search: _Search, queries: Matrix, wanted: int) -> list[Rows | None]:
        device, tiles, _ = self._open()
        try:
            return self._listed(search, queries, wanted)
        except device.full:
            tiles.clear()  # others have taken memory meanwhile
            device.release()
        try:
            return self._listed(search, queries, wanted)
        except device.full:
            tiles.clear()
            device.release()
            return [None] * len(queries)

    def _listed(self, search: _Search, queries: Matrix, wanted: int) -> list[Rows | None]:
        """Lists of the greatest products, tile by tile, and what is sure of them."""
        device, tiles, work = self._open()
        file, allowed, scales = search.file, search.allowed, search.scales
        if device.precision == "float32" and not device.is_exact_float32:
            return [None] * len(queries)
        scaled = queries * scales.queries[:, None].astype(np.float32)  # by powers of two: exact
        held, moved = device.queries(scaled)
        dimension = file.shape.dimension
        size = device.row_bytes(dimension)
        step = max(1, tiles.budget // _TILE_PART // size // _TILE_ROWS) * _TILE_ROWS
        number, few = self._number(file), _is_few(allowed, dimension, len(queries))
        found, residual = [], 0.0
        for start in range(0, file.rows, step):
            rows = min(step, file.rows - start)

            def upload(start: int = start, rows: int = rows) -> Tile:
                return device.upload(file, start, rows, scales.rows)

            tile = tiles.get(number, start, rows * size, upload)
            residual = max(residual, tile.residual)
            picked, added = device.allowed(tile, allowed, few)
            if picked is None or len(picked):
                given = (tile, held, scales.queries, picked, added, wanted, work)
                found.append(device.greatest(*given))
        lengths = np.sqrt(np.einsum("ij,ij->i", scaled, scaled, dtype=np.float64))
        bounds = product_bounds(file.shape, device.precision, scales, lengths, moved, residual)
        return _settled(found, search.k, bounds)

    def _number(self, file: VectorFile) -> int:
        """A file's number. Its tiles go with the first search after the file."""
        while not self._gone.empty():
            self._open()[1].forget(self._gone.get())
        number = self._numbers.get(file)
        if number is None:
            self._count += 1
            number = self._numbers[file] = self._count
            # Files end in any thread and between any two steps: their end is only noted.
            weakref.finalize(file, self._gone.put, number)
        return number


@dataclass(frozen=True)
class _Search:
    """What is asked of one file."""

    file: VectorFile
    scales: Scales
    k: int
    allowed: RowSet | None


def _is_few(allowed: RowSet | None, dimension: int, queries: int) -> bool:
    """Whether gathering the allowed rows first costs less than looking at all: bytes moved, a row."""
    if allowed is None:
        return False
    share = allowed.count / allowed.total
    return share * (6 * dimension + 8 * queries) < 2 * dimension + 16 * queries


def _settled(found: list[Found], k: int, bounds: Floats) -> list[Rows | None]:
    """What is sure: a product that is off by at most its bound can hide a row only within two."""
    if len(found) == 1:
        products, rows, outside = found[0].products, found[0].rows, found[0].outside
        kth = products[:, k - 1]  # greatest first
    else:
        products = np.concatenate([one.products for one in found], axis=1)
        rows = np.concatenate([one.rows for one in found], axis=1)
        outside = np.max([one.outside for one in found], axis=0)
        kth = np.partition(products, products.shape[1] - k, axis=1)[:, products.shape[1] - k]
    least = kth - 2 * bounds
    sure = np.isfinite(kth) & (outside < least)
    near = products >= least[:, None]
    ends = np.cumsum(np.count_nonzero(near, axis=1)).tolist()
    flat = rows[near]
    return [flat[start:end] if one else None for one, start, end in zip(sure, [0, *ends], ends)]
