"""What this machine does at most, measured then and there: figures become ratios to it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.bench.records.line import Floor

READ_BYTES = 256 * 2**20  # more than a processor's cache holds
SIDE = 1024  # of the matrices that are multiplied
LOOP = 200_000  # additions of a Python loop
ROUNDS = 7


@dataclass(frozen=True)
class Floors:
    """Medians of 7 rounds, with all cores that numpy's BLAS uses.

    Attributes:
        read_gb_per_s: float32 values read once from memory by a product of matrix and vector.
        copy_gb_per_s: bytes read and written by a copy.
        gflop_per_s: float32 operations of a product of two matrices.
        python_ms: a fixed loop of Python, 200,000 additions: the speed of the interpreter here.
    """

    read_gb_per_s: float
    copy_gb_per_s: float
    gflop_per_s: float
    python_ms: float

    def reading(self, rows: int, dimension: int) -> Floor:
        """Milliseconds to read so many float32 vectors once."""
        name = f"reading {rows:,} x {dimension} float32 once"
        return Floor(name, rows * dimension * 4 / self.read_gb_per_s / 1e6)

    def python(self) -> Floor:
        """Milliseconds of the fixed loop: for what is Python's work and no vector's."""
        return Floor(f"a loop of {LOOP:,} additions in Python", self.python_ms)


NOT_TAKEN = Floors(*[float("nan")] * 4)  # of a run on a machine that nobody asked then


def measured(rounds: int = ROUNDS, read_bytes: int = READ_BYTES) -> Floors:
    """Take the floors; about two seconds."""
    rng = np.random.default_rng(0)
    matrix = rng.random((read_bytes // 2048, 512), dtype=np.float32)
    vector = rng.random(512, dtype=np.float32)
    target = np.empty_like(matrix)
    square = rng.random((SIDE, SIDE), dtype=np.float32)
    read, copied, product, loop = (
        _seconds(action, rounds)
        for action in (
            lambda: matrix @ vector,
            lambda: np.copyto(target, matrix),
            lambda: square @ square,
            _loop,
        )
    )
    return Floors(
        read_gb_per_s=matrix.nbytes / read / 1e9,
        copy_gb_per_s=2 * matrix.nbytes / copied / 1e9,
        gflop_per_s=2 * SIDE**3 / product / 1e9,
        python_ms=1000 * loop,
    )


def _loop() -> int:
    total = 0
    for number in range(LOOP):
        total += number
    return total


def _seconds(action: Callable[[], object], rounds: int) -> float:
    action()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        action()
        taken.append((time.perf_counter_ns() - started) / 1e9)
    return statistics.median(taken)
