"""numpy alone: all products of a mapped matrix, and a partition of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.bench.contest.schema import Row
from engine.bench.contestants.rows import Kept, Nearest, OwnRows, best

if TYPE_CHECKING:
    from engine.core.arrays import Matrix, Vector

SCORES = 2**26  # of one product of matrices, at most: a quarter of a GB


class Contestant(OwnRows):
    """All products, and a partition of them."""

    about = (
        "numpy: a mapped matrix, X @ q and argpartition; a filter's products are picked out, "
        "or its rows gathered where it keeps under a quarter"
    )
    packages = ("numpy", "duckdb")
    batches = True
    few_share, few_rows = 0.25, 1_000_000

    def build_index(self, folder: Path, vectors: Matrix) -> None:
        np.save(folder / "vectors.npy", vectors)

    def open_index(self, folder: Path) -> None:
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r").view(np.ndarray)
        self._all = np.arange(len(self._vectors))

    def vectors_at(self, places: np.ndarray) -> Matrix:
        found: Matrix = self._vectors[places]
        return found

    def nearest_places(self, query: Vector, k: int) -> Nearest:
        return best(self._vectors @ query, self._all, k)

    def nearest_kept(self, query: Vector, k: int, kept: Kept) -> Nearest:
        return best((self._vectors @ query)[kept.places], kept.places, k)

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        out, step = [], max(1, min(64, SCORES // len(self._vectors)))
        for start in range(0, len(queries), step):
            scores = queries[start : start + step] @ self._vectors.T
            out += [self.rows(*best(one, self._all, k)) for one in scores]
        return out
