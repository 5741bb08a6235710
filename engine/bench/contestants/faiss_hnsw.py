"""The graph that most people build with FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faiss

from engine.bench.contestants.faiss_flat import FaissRows

if TYPE_CHECKING:
    from engine.core.arrays import Matrix

LINKS, BUILD_BREADTH = 32, 100  # M and efConstruction


class Contestant(FaissRows):
    """A graph of neighbours, searched by breadth."""

    about = (
        f"IndexHNSWFlat, M = {LINKS}, efConstruction = {BUILD_BREADTH}; filters as IDSelectorBitmap"
    )
    settings = tuple(
        {"efSearch": breadth} for breadth in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
    )

    def made(self, vectors: Matrix) -> Any:
        index = faiss.IndexHNSWFlat(self.schema.dimension, LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = BUILD_BREADTH
        index.add(vectors)
        return index

    def parameters(self, selector: Any) -> Any:
        return faiss.SearchParametersHNSW(sel=selector, efSearch=int(self._setting["efSearch"]))
