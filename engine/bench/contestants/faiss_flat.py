"""FAISS without an index structure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from engine.bench.contest.contestant import Setting
from engine.bench.contest.schema import Row
from engine.bench.contestants.rows import Kept, Nearest, OwnRows
from engine.bench.records.machine import cores

if TYPE_CHECKING:
    from engine.core.arrays import Matrix, Vector


class FaissRows(OwnRows):
    """A FAISS index in memory; filters that keep many rows are bitmaps, kept for one setting."""

    packages = ("faiss-cpu", "duckdb")
    batches = True

    def build_index(self, folder: Path, vectors: Matrix) -> None:
        faiss.omp_set_num_threads(cores())
        index = self.made(np.ascontiguousarray(vectors))
        faiss.write_index(index, str(folder / "index.faiss"))

    def open_index(self, folder: Path) -> None:
        faiss.omp_set_num_threads(1)  # one query is slower on more, measured
        self._index = faiss.read_index(str(folder / "index.faiss"))
        self._setting: Setting = self.settings[0]
        self._asked = self.parameters(None)

    def tune(self, setting: Setting) -> None:
        self._setting = setting
        self._translated.clear()
        self._asked = self.parameters(None)

    def made(self, vectors: Matrix) -> Any:
        """The library's index of vectors."""
        raise NotImplementedError

    def parameters(self, selector: Any) -> Any:
        """How a search is made, as the setting says, of what a selector keeps."""
        raise NotImplementedError

    def vectors_at(self, places: np.ndarray) -> Matrix:
        found: Matrix = self._index.reconstruct_batch(places)
        return found

    def selector(self, places: np.ndarray) -> Any:
        bits = np.packbits(self.mask(places), bitorder="little")
        return self.parameters(faiss.IDSelectorBitmap(bits))

    def nearest_places(self, query: Vector, k: int) -> Nearest:
        scores, places = self._index.search(query[None], k, params=self._asked)
        return places[0], scores[0]

    def nearest_kept(self, query: Vector, k: int, kept: Kept) -> Nearest:
        scores, places = self._index.search(query[None], k, params=kept.selector)
        return places[0], scores[0]

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        return [self.rows(*one) for one in zip(*self.all_cores(queries, k))]

    def all_cores(self, queries: Matrix, k: int) -> Nearest:
        """(q, k) places and scores of many queries at once."""
        faiss.omp_set_num_threads(cores())
        scores, places = self._index.search(queries, k, params=self._asked)
        faiss.omp_set_num_threads(1)
        return places, scores


class Contestant(FaissRows):
    """Every vector compared."""

    about = "IndexFlatIP, one thread a query; DuckDB's filters as IDSelectorBitmap"

    def made(self, vectors: Matrix) -> Any:
        index = faiss.IndexFlatIP(self.schema.dimension)
        index.add(vectors)
        return index

    def parameters(self, selector: Any) -> Any:
        return None if selector is None else faiss.SearchParameters(sel=selector)
