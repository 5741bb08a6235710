"""How fast is hnswlib, the graph library that others build on?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import hnswlib
import numpy as np

from engine.bench.contestants.rows import Kept, Nearest, OwnRows

if TYPE_CHECKING:
    from engine.bench.contest.contestant import Setting
    from engine.bench.contest.schema import Row
    from engine.core.arrays import Matrix, Vector

LINKS, BUILD_BREADTH = 16, 200  # M and ef_construction


class Contestant(OwnRows):
    about = (
        f"hnswlib, inner product, M = {LINKS}, ef_construction = {BUILD_BREADTH}; "
        "a filter is a Python callback"
    )
    packages = ("hnswlib", "duckdb")
    settings = tuple({"ef": breadth} for breadth in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096))
    batches = True

    def build_index(self, folder: Path, vectors: Matrix) -> None:
        index = hnswlib.Index("ip", self.schema.dimension)
        index.init_index(len(vectors), M=LINKS, ef_construction=BUILD_BREADTH)
        index.add_items(vectors, np.arange(len(vectors)))
        index.save_index(str(folder / "index.bin"))
        np.save(folder / "vectors.npy", vectors)

    def open_index(self, folder: Path) -> None:
        self._index = hnswlib.Index("ip", self.schema.dimension)
        self._index.load_index(str(folder / "index.bin"))
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r").view(np.ndarray)
        self.tune(self.settings[0])

    def tune(self, setting: Setting) -> None:
        self._index.set_ef(int(setting["ef"]))

    def vectors_at(self, places: np.ndarray) -> Matrix:
        found: Matrix = self._vectors[places]
        return found

    def selector(self, places: np.ndarray) -> Any:
        return self.mask(places).tolist().__getitem__

    def nearest_places(self, query: Vector, k: int) -> Nearest:
        return self._asked(query, k, None)

    def nearest_kept(self, query: Vector, k: int, kept: Kept) -> Nearest:
        return self._asked(query, min(k, len(kept.places)), kept.selector)

    def _asked(self, query: Vector, k: int, selector: Any) -> Nearest:
        k = min(k, self._index.get_current_count())
        try:
            places, distances = self._index.knn_query(query, k, num_threads=1, filter=selector)
        except RuntimeError:  # it came across fewer than k and gives none of them back
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return places[0].astype(np.int64), 1 - distances[0]

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        places, distances = self._index.knn_query(queries, k)
        return [self.rows(*one) for one in zip(places, 1 - distances)]
