"""How fast is USearch, whose graph is read from a mapped file?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from schema import DIMENSION, Row
from usearch.index import Index

from adapters.rows import Kept, Nearest, OwnRows

WIDE = 200  # results asked for before a filter is applied: the Python API has none


class Contestant(OwnRows):
    about = (
        f"usearch, HNSW f32, its own defaults; it has no filters: {WIDE} results are asked for "
        "and those that pass are kept"
    )
    packages = ("usearch", "duckdb")
    batches = True

    def build_index(self, folder: Path, vectors: np.ndarray) -> None:
        index = Index(ndim=DIMENSION, metric="ip", dtype="f32")
        index.add(np.arange(len(vectors)), np.ascontiguousarray(vectors))
        index.save(str(folder / "index.usearch"))
        np.save(folder / "vectors.npy", vectors)

    def open_index(self, folder: Path) -> None:
        self._index = Index.restore(str(folder / "index.usearch"), view=True)
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r").view(np.ndarray)

    def vectors_at(self, places: np.ndarray) -> np.ndarray:
        return self._vectors[places]

    def selector(self, places: np.ndarray) -> object:
        return self.mask(places)

    def nearest(self, query: np.ndarray, k: int) -> Nearest:
        found = self._index.search(query, k, threads=1)
        return found.keys.astype(np.int64), 1 - found.distances

    def nearest_kept(self, query: np.ndarray, k: int, kept: Kept) -> Nearest:
        places, scores = self.nearest(query, WIDE)
        allowed = kept.selector[places]
        return places[allowed][:k], scores[allowed][:k]

    def search_batch(self, queries: np.ndarray, k: int) -> list[list[Row]]:
        found = self._index.search(queries, k)
        places = found.keys.astype(np.int64)
        return [self.rows(*one) for one in zip(places, 1 - found.distances)]
