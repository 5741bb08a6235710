"""How fast, and how right, is the graph that most people build with FAISS?"""

from __future__ import annotations

from pathlib import Path

import faiss
from schema import DIMENSION

from adapters.faiss_flat import FaissRows

LINKS, BREADTH = 32, 64  # M and efSearch; efConstruction is the library's own 40


class Contestant(FaissRows):
    about = f"IndexHNSWFlat, M = {LINKS}, efSearch = {BREADTH}; filters as IDSelectorBitmap"

    def open_index(self, folder: Path) -> None:
        super().open_index(folder)
        self._index.hnsw.efSearch = BREADTH

    def empty(self) -> faiss.Index:
        return faiss.IndexHNSWFlat(DIMENSION, LINKS, faiss.METRIC_INNER_PRODUCT)

    def flat(self, index: faiss.Index) -> faiss.IndexFlat:
        return faiss.downcast_index(index.storage)

    def parameters(self, selector: faiss.IDSelector | None) -> faiss.SearchParameters:
        return faiss.SearchParametersHNSW(sel=selector, efSearch=BREADTH)
