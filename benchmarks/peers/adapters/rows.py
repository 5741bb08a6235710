"""What does a library need beside it that knows only vectors? Rows, and filters.

Rows are Python tuples in memory, the fastest there is. DuckDB finds the rows that pass a filter;
what a filter was found to keep is remembered. Filters that keep few rows are answered from these
rows' own vectors, as a careful user of such a library would do it.
"""

from __future__ import annotations

import gc
import pickle
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filters import Filters, sql
from schema import COLUMNS, SCORE, Row

from adapters.base import Adapter

if TYPE_CHECKING:
    from catalogue import Catalogue

Nearest = tuple[np.ndarray, np.ndarray]  # places and scores, best first


@dataclass(frozen=True)
class Kept:
    """What a filter keeps: places in order, and the library's own form where they are not few."""

    places: np.ndarray
    few: bool
    selector: object


class OwnRows(Adapter):
    """Rows and filters; a library adds `nearest`, `nearest_kept`, `selector` and `vectors_at`."""

    libraries = ("duckdb",)
    few_share, few_rows = 0.1, 20_000  # a filter that keeps less than both keeps few

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        import duckdb

        table = catalogue.table.append_column("place", [np.arange(len(catalogue.table))])
        with duckdb.connect(folder / "rows.duckdb") as connection:
            connection.register("products", table)
            connection.execute("CREATE TABLE rows AS FROM products")
        with (folder / "rows.pickle").open("wb") as file:
            pickle.dump(list(zip(*map(shared_values, catalogue.table.columns))), file, protocol=5)
        self.build_index(folder, catalogue.vectors)

    def open(self, folder: Path) -> None:
        self._folder = folder
        gc.disable()  # else collected over and over while millions of tuples are made
        with (folder / "rows.pickle").open("rb") as file:
            self._rows = pickle.load(file)
        gc.enable()
        self.open_index(folder)

    def build_index(self, folder: Path, vectors: np.ndarray) -> None:
        raise NotImplementedError

    def open_index(self, folder: Path) -> None:
        raise NotImplementedError

    def nearest(self, query: np.ndarray, k: int) -> Nearest:
        raise NotImplementedError

    def nearest_kept(self, query: np.ndarray, k: int, kept: Kept) -> Nearest:
        raise NotImplementedError

    def vectors_at(self, places: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def selector(self, places: np.ndarray) -> object:
        """The library's own form of a filter."""
        return None

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        if filters is None:
            return self.rows(*self.nearest(query, k))
        kept = self.translated(filters)
        if kept.few:
            scores = self.vectors_at(kept.places) @ query
            return self.rows(*best(scores, kept.places, k))
        return self.rows(*self.nearest_kept(query, k, kept))

    def translate(self, filters: Filters) -> Kept:
        found = self._filters.execute(f"SELECT place FROM rows WHERE {sql(filters)}").fetchnumpy()
        places = np.sort(np.asarray(found["place"]))
        few = len(places) < min(self.few_rows, self.few_share * len(self._rows))
        return Kept(places, few, None if few else self.selector(places))

    @cached_property
    def _filters(self):
        import duckdb

        return duckdb.connect(self._folder / "rows.duckdb", read_only=True)

    def mask(self, places: np.ndarray) -> np.ndarray:
        kept = np.zeros(len(self._rows), bool)
        kept[places] = True
        return kept

    def rows(self, places: np.ndarray, scores: np.ndarray) -> list[Row]:
        """Answers as dicts; places below 0 stand for nothing found."""
        names = (*COLUMNS, SCORE)
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


def shared_values(column: object) -> list:
    """A column as a Python list in which equal values are one object: smaller, faster to load."""
    coded = column.combine_chunks().dictionary_encode()
    values = [*coded.dictionary.to_pylist(), None]
    return [values[code] for code in coded.indices.fill_null(-1).to_numpy()]
