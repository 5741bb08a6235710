"""FAISS's inverted lists: cells of vectors, of which the nearest few are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss

from engine.bench.contestants.faiss_flat import FaissRows

if TYPE_CHECKING:
    from engine.core.arrays import Matrix

SAMPLE = 64  # vectors of a cell that it is trained on: FAISS's 256 take four times as long


class Contestant(FaissRows):
    """Cells, of which the nearest few are read."""

    about = (
        f"IndexIVFFlat, 4 sqrt(n) cells, trained on {SAMPLE} vectors a cell; "
        "filters as IDSelectorBitmap"
    )
    settings = tuple({"nprobe": cells} for cells in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024))

    def made(self, vectors: Matrix) -> Any:
        cells = max(1, min(int(4 * len(vectors) ** 0.5), len(vectors) // 39))
        index = faiss.index_factory(
            self.schema.dimension, f"IVF{cells},Flat", faiss.METRIC_INNER_PRODUCT
        )
        index.cp.min_points_per_centroid = 1  # no warning where rows are few
        index.cp.max_points_per_centroid = SAMPLE
        index.train(vectors)
        index.add(vectors)
        return index

    def open_index(self, folder: Path) -> None:
        super().open_index(folder)
        self._index.make_direct_map()  # from places to vectors, for filters that keep few

    def parameters(self, selector: Any) -> Any:
        return faiss.SearchParametersIVF(sel=selector, nprobe=int(self._setting["nprobe"]))
