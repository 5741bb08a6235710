"""How fast is USearch, whose graph is read from a mapped file?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from usearch.index import Index

from engine.bench.contestants.rows import Kept, Nearest, OwnRows

if TYPE_CHECKING:
    from engine.bench.contest.contestant import Setting
    from engine.bench.contest.schema import Row
    from engine.core.arrays import Matrix, Vector

_FIRST = 1000  # rows


class Contestant(OwnRows):
    about = (
        "usearch, HNSW f32, its own defaults; its Python API has no filters (2.26): as many results "
        "as `overfetch` says are asked for, and those that pass are kept"
    )
    packages = ("usearch", "duckdb")
    settings = tuple(
        {"expansion": breadth, "overfetch": 2 * breadth}
        for breadth in (32, 64, 128, 256, 512, 1024, 2048, 4096)
    )
    batches = True

    def build_index(self, folder: Path, vectors: Matrix) -> None:
        index = Index(ndim=self.schema.dimension, metric="ip", dtype="f32")
        # Threads that begin a graph together leave rows in it that no walk finds.
        keys, vectors = np.arange(len(vectors)), np.ascontiguousarray(vectors)
        index.add(keys[:_FIRST], vectors[:_FIRST], threads=1)
        if len(keys) > _FIRST:
            index.add(keys[_FIRST:], vectors[_FIRST:])
        index.save(str(folder / "index.usearch"))
        np.save(folder / "vectors.npy", vectors)

    def open_index(self, folder: Path) -> None:
        self._index = Index.restore(str(folder / "index.usearch"), view=True)
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r").view(np.ndarray)
        self.tune(self.settings[0])

    def tune(self, setting: Setting) -> None:
        self._index.expansion_search = int(setting["expansion"])
        self._overfetch = int(setting["overfetch"])

    def vectors_at(self, places: np.ndarray) -> Matrix:
        found: Matrix = self._vectors[places]
        return found

    def selector(self, places: np.ndarray) -> Any:
        return self.mask(places)

    def nearest_places(self, query: Vector, k: int) -> Nearest:
        found = self._index.search(query, k, threads=1)
        return found.keys.astype(np.int64), 1 - found.distances

    def nearest_kept(self, query: Vector, k: int, kept: Kept) -> Nearest:
        places, scores = self.nearest_places(query, max(k, self._overfetch))
        allowed = kept.selector[places]
        return places[allowed][:k], scores[allowed][:k]

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        found = self._index.search(queries, k)
        places = found.keys.astype(np.int64)
        return [self.rows(*one) for one in zip(places, 1 - found.distances)]
