"""FAISS's product quantization, scanned fast, with exact scores for a shortlist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from engine.bench.contestants.faiss_flat import FaissRows
from engine.bench.contestants.rows import Kept, Nearest, best

if TYPE_CHECKING:
    from engine.core.arrays import Matrix, Vector


class Contestant(FaissRows):
    about = (
        "IndexPQFastScan, four bits for two numbers; a shortlist of factor x k is scored exactly"
    )
    settings = tuple({"factor": factor} for factor in (1, 2, 4, 8, 16, 32, 64, 128))
    batches = False

    def made(self, vectors: Matrix) -> Any:
        index = faiss.index_factory(
            self.schema.dimension, f"PQ{self.schema.dimension // 2}x4fs", faiss.METRIC_INNER_PRODUCT
        )
        index.train(vectors)
        index.add(vectors)
        return index

    def parameters(self, selector: Any) -> Any:
        return None if selector is None else faiss.SearchParameters(sel=selector)

    def nearest_places(self, query: Vector, k: int) -> Nearest:
        return self._scored(query, k, None)

    def nearest_kept(self, query: Vector, k: int, kept: Kept) -> Nearest:
        return self._scored(query, k, kept.selector)

    def _scored(self, query: Vector, k: int, asked: Any) -> Nearest:
        count = min(k * int(self._setting["factor"]), len(self._keys))
        _, places = self._index.search(query[None], count, params=asked)
        listed = np.sort(places[0][places[0] >= 0])
        return best(self._vectors[listed] @ query, listed, k)
