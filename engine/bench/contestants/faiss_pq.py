"""FAISS's product quantization, scanned fast, with exact scores for a shortlist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from engine.bench.contest.schema import Row
from engine.bench.contestants.faiss_flat import FaissRows
from engine.bench.contestants.rows import Kept, Nearest, best
from engine.bench.records.machine import cores

if TYPE_CHECKING:
    from engine.core.arrays import Matrix, Vector


class Contestant(FaissRows):
    """Codes scanned, a shortlist scored exactly."""

    about = (
        "IndexPQFastScan, four bits for two numbers; a shortlist of factor x k is scored exactly; "
        "it has no filters: the list grows by what a filter drops"
    )
    settings = tuple({"factor": factor} for factor in (1, 2, 4, 8, 16, 32, 64, 128))

    def build_index(self, folder: Path, vectors: Matrix) -> None:
        super().build_index(folder, vectors)
        np.save(folder / "vectors.npy", vectors)

    def open_index(self, folder: Path) -> None:
        super().open_index(folder)
        self._vectors = np.load(folder / "vectors.npy", mmap_mode="r").view(np.ndarray)

    def vectors_at(self, places: np.ndarray) -> Matrix:
        found: Matrix = self._vectors[places]
        return found

    def made(self, vectors: Matrix) -> Any:
        vectors = even(vectors)
        index = faiss.index_factory(
            vectors.shape[1], f"PQ{vectors.shape[1] // 2}x4fs", faiss.METRIC_INNER_PRODUCT
        )
        index.pq.cp.min_points_per_centroid = 1  # no warning where rows are few
        faiss.omp_set_num_threads(1)  # its many little clusterings take 25 times as long on two
        index.train(vectors)
        faiss.omp_set_num_threads(cores())
        index.add(vectors)
        return index

    def parameters(self, selector: Any) -> Any:
        return None

    def selector(self, places: np.ndarray) -> Any:
        return self.mask(places)

    def nearest_places(self, query: Vector, k: int) -> Nearest:
        return self._refined(query, self._rough(query, self._listed(k)), k)

    def nearest_kept(self, query: Vector, k: int, kept: Kept) -> Nearest:
        """A fast scan takes no selector: as many more are listed as the filter drops."""
        share = len(kept.places) / len(self._keys)
        places = self._rough(query, min(int(self._listed(k) / share), len(self._keys)))
        return self._refined(query, places[(places >= 0) & kept.selector[places]], k)

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        listed, _ = self.all_cores(even(queries), self._listed(k))
        return [self.rows(*self._refined(query, one, k)) for query, one in zip(queries, listed)]

    def _listed(self, k: int) -> int:
        return min(k * int(self._setting["factor"]), len(self._keys))

    def _rough(self, query: Vector, count: int) -> np.ndarray:
        places: np.ndarray = self._index.search(even(query[None]), count)[1][0]
        return places

    def _refined(self, query: Vector, places: np.ndarray, k: int) -> Nearest:
        listed = np.sort(places[places >= 0])
        return best(self._vectors[listed] @ query, listed, k)


def even(vectors: Matrix) -> Matrix:
    """Vectors with a zero after them where their numbers don't make pairs."""
    return np.pad(vectors, ((0, 0), (0, 1))) if vectors.shape[1] % 2 else vectors
