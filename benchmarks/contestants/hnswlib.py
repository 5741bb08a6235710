"""How fast is hnswlib, the graph library that others build on?"""

from __future__ import annotations

from pathlib import Path

import hnswlib
import numpy as np
from schema import DIMENSION, Row

from adapters.rows import Kept, Nearest, OwnRows

LINKS, BUILD_BREADTH, BREADTH = 16, 200, 64  # M, ef_construction, ef


class Contestant(OwnRows):
    about = (
        f"hnswlib, inner product, M = {LINKS}, ef_construction = {BUILD_BREADTH}, "
        f"ef = {BREADTH}; a filter is a Python callback"
    )
    packages = ("hnswlib", "duckdb")
    batches = True

    def build_index(self, folder: Path, vectors: np.ndarray) -> None:
        index = hnswlib.Index("ip", DIMENSION)
        index.init_index(len(vectors), M=LINKS, ef_construction=BUILD_BREADTH)
        index.add_items(vectors, np.arange(len(vectors)))
        index.save_index(str(folder / "index.bin"))
        np.save(folder / "vectors.npy", vectors)

    def open_index(self, folder: Path) -> None:
        self._index = hnswlib.Index("ip", DIMENSION)
        self._index.load_index(str(folder / "index.bin"))
        self._index.set_ef(BREADTH)
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r").view(np.ndarray)

    def vectors_at(self, places: np.ndarray) -> np.ndarray:
        return self._vectors[places]

    def selector(self, places: np.ndarray) -> object:
        return self.mask(places).tolist().__getitem__

    def nearest(self, query: np.ndarray, k: int) -> Nearest:
        places, distances = self._index.knn_query(query, k, num_threads=1)
        return places[0], 1 - distances[0]

    def nearest_kept(self, query: np.ndarray, k: int, kept: Kept) -> Nearest:
        places, distances = self._index.knn_query(query, k, num_threads=1, filter=kept.selector)
        return places[0], 1 - distances[0]

    def search_batch(self, queries: np.ndarray, k: int) -> list[list[Row]]:
        places, distances = self._index.knn_query(queries, k)
        return [self.rows(*one) for one in zip(places, 1 - distances)]
