"""How fast is FAISS without an index structure?"""

from __future__ import annotations

import os
from pathlib import Path

import faiss
import numpy as np
from schema import DIMENSION, Row

from adapters.rows import Kept, Nearest, OwnRows


class FaissRows(OwnRows):
    """A FAISS index in memory; filters that keep many rows are bitmaps."""

    packages = ("faiss-cpu", "duckdb")
    batches = True

    def build_index(self, folder: Path, vectors: np.ndarray) -> None:
        index = self.empty()
        index.add(np.ascontiguousarray(vectors))
        faiss.write_index(index, str(folder / "index.faiss"))

    def open_index(self, folder: Path) -> None:
        faiss.omp_set_num_threads(1)  # one query is slower on more, measured
        self._index = faiss.read_index(str(folder / "index.faiss"))
        flat = self.flat(self._index)
        stored = faiss.rev_swig_ptr(flat.get_xb(), flat.ntotal * DIMENSION)
        self._vectors = stored.reshape(-1, DIMENSION)

    def empty(self) -> faiss.Index:
        raise NotImplementedError

    def flat(self, index: faiss.Index) -> faiss.IndexFlat:
        """The part of the index that holds the vectors."""
        raise NotImplementedError

    def parameters(self, selector: faiss.IDSelector | None) -> faiss.SearchParameters:
        raise NotImplementedError

    def vectors_at(self, places: np.ndarray) -> np.ndarray:
        return self._vectors[places]

    def selector(self, places: np.ndarray) -> object:
        bits = np.packbits(self.mask(places), bitorder="little")
        return self.parameters(faiss.IDSelectorBitmap(bits))

    def nearest(self, query: np.ndarray, k: int) -> Nearest:
        scores, places = self._index.search(query[None], k)
        return places[0], scores[0]

    def nearest_kept(self, query: np.ndarray, k: int, kept: Kept) -> Nearest:
        scores, places = self._index.search(query[None], k, params=kept.selector)
        return places[0], scores[0]

    def search_batch(self, queries: np.ndarray, k: int) -> list[list[Row]]:
        faiss.omp_set_num_threads(os.cpu_count())
        scores, places = self._index.search(queries, k)
        faiss.omp_set_num_threads(1)
        return [self.rows(*one) for one in zip(places, scores)]


class Contestant(FaissRows):
    about = "IndexFlatIP, one thread a query; DuckDB's filters as IDSelectorBitmap"

    def empty(self) -> faiss.Index:
        return faiss.IndexFlatIP(DIMENSION)

    def flat(self, index: faiss.Index) -> faiss.IndexFlat:
        return index

    def parameters(self, selector: faiss.IDSelector | None) -> faiss.SearchParameters:
        return faiss.SearchParameters(sel=selector)
