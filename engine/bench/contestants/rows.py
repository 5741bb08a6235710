"""What a library needs beside it that knows only vectors: rows, and filters.

Rows are Python tuples in memory, the fastest there is. DuckDB finds the rows that pass a filter; what a
filter was found to keep is remembered. Filters that keep few rows are answered from these rows' own
vectors, as a careful user of such a library would do it.
"""

from __future__ import annotations

import gc
import pickle
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.bench.contest.contestant import Contestant
from engine.bench.contest.filters import Filters, sql
from engine.bench.contest.schema import SCORE, Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Mask, Matrix, Vector

Nearest = tuple[np.ndarray, np.ndarray]  # places and scores, best first; places below 0: no more


@dataclass(frozen=True)
class Kept:
    """What a filter keeps: places in order, and the library's own form where they are not few."""

    places: np.ndarray
    few: bool
    selector: Any


class OwnRows(Contestant):
    """Rows and filters; a library adds `nearest_places`, `nearest_kept`, `selector`, `vectors_at`.

    Attributes:
        few_share, few_rows: a filter that keeps less than both keeps few.
    """

    libraries: tuple[str, ...] = ("duckdb",)
    few_share, few_rows = 0.1, 20_000

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        import duckdb

        table = catalogue.table.append_column("place", [np.arange(len(catalogue.table))])
        with duckdb.connect(folder / "rows.duckdb") as connection:
            connection.register("products", table)
            connection.execute("CREATE TABLE rows AS FROM products")
        with (folder / "rows.pickle").open("wb") as file:
            pickle.dump(list(zip(*map(shared_values, catalogue.table.columns))), file, protocol=5)
        np.save(folder / "keys.npy", catalogue.keys)
        self.build_index(folder, catalogue.vectors)

    def open(self, folder: Path) -> None:
        self._folder = folder
        self._keys = np.load(folder / "keys.npy")
        self.open_index(folder)

    def build_index(self, folder: Path, vectors: Matrix) -> None:
        """Fill the folder with the library's index of vectors, by their places."""
        raise NotImplementedError

    def open_index(self, folder: Path) -> None:
        """Open it."""
        raise NotImplementedError

    def nearest_places(self, query: Vector, k: int) -> Nearest:
        """The nearest of all."""
        raise NotImplementedError

    def nearest_kept(self, query: Vector, k: int, kept: Kept) -> Nearest:
        """The nearest of those that a filter keeps."""
        raise NotImplementedError

    def vectors_at(self, places: np.ndarray) -> Matrix:
        """Vectors at places."""
        raise NotImplementedError

    def selector(self, places: np.ndarray) -> Any:
        """The library's own form of a filter."""
        return None

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return self.rows(*self._answer(query, k, filters))

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        places, _ = self._answer(query, k, filters)
        return self._keys[places[places >= 0]].tolist()  # type: ignore[no-any-return]

    def _answer(self, query: Vector, k: int, filters: Filters | None) -> Nearest:
        if filters is None:
            return self.nearest_places(query, k)
        kept: Kept = self.translated(filters)
        if kept.few:
            return best(self.vectors_at(kept.places) @ query, kept.places, k)
        return self.nearest_kept(query, k, kept)

    def translate(self, filters: Filters) -> Kept:
        found = self._filters.execute(f"SELECT place FROM rows WHERE {sql(filters)}").fetchnumpy()
        places = np.sort(np.asarray(found["place"]))
        few = len(places) < min(self.few_rows, self.few_share * len(self._keys))
        return Kept(places, few, None if few else self.selector(places))

    @cached_property
    def _rows(self) -> list[tuple[Any, ...]]:
        gc.disable()  # else collected over and over while millions of tuples are made
        with (self._folder / "rows.pickle").open("rb") as file:
            rows: list[tuple[Any, ...]] = pickle.load(file)
        gc.enable()
        return rows

    @cached_property
    def _filters(self) -> Any:
        import duckdb

        return duckdb.connect(self._folder / "rows.duckdb", read_only=True)

    def mask(self, places: np.ndarray) -> Mask:
        """(n,) bool of places."""
        kept = np.zeros(len(self._keys), bool)
        kept[places] = True
        return kept

    def rows(self, places: np.ndarray, scores: np.ndarray) -> list[Row]:
        """Answers as dicts; places below 0 stand for nothing found."""
        names = (*self.schema.names, SCORE)
        return [
            dict(zip(names, (*self._rows[place], score)))
            for place, score in zip(places.tolist(), scores.tolist())
            if place >= 0
        ]


def best(scores: np.ndarray, places: np.ndarray, k: int) -> Nearest:
    """The k highest of some scores, best first."""
    if len(scores) > k:
        chosen = np.argpartition(scores, len(scores) - k)[-k:]
        scores, places = scores[chosen], places[chosen]
    order = np.argsort(-scores)
    return places[order], scores[order]


def shared_values(column: Any) -> list[Any]:
    """A column as a Python list in which equal values are one object: smaller, faster to load."""
    coded = column.combine_chunks().dictionary_encode()
    values = [*coded.dictionary.to_pylist(), None]
    return [values[code] for code in coded.indices.fill_null(-1).to_numpy()]
