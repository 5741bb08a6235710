"""FAISS's inverted lists: cells of vectors, of which the nearest few are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faiss

from engine.bench.contestants.faiss_flat import FaissRows

if TYPE_CHECKING:
    from engine.core.arrays import Matrix


class Contestant(FaissRows):
    about = "IndexIVFFlat, 4 sqrt(n) cells; filters as IDSelectorBitmap"
    settings = tuple({"nprobe": cells} for cells in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024))

    def made(self, vectors: Matrix) -> Any:
        cells = max(1, min(int(4 * len(vectors) ** 0.5), len(vectors) // 39))
        index = faiss.index_factory(
            self.schema.dimension, f"IVF{cells},Flat", faiss.METRIC_INNER_PRODUCT
        )
        index.train(vectors)
        index.add(vectors)
        return index

    def parameters(self, selector: Any) -> Any:
        return faiss.SearchParametersIVF(sel=selector, nprobe=int(self._setting["nprobe"]))
