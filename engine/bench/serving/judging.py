"""Whether a server's answers are right: recall of kept replies against exact numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from engine.bench.serving.served import JUDGED_QUERIES, Kind, Served, matching
from engine.bench.statistics.recall import recall_at
from engine.core.arrays import Matrix


class Judge:
    """Knows the right answers to the first 64 queries of each kind; computes them once."""

    def __init__(self, served: Served) -> None:
        assert served.rows is not None
        self._served, self._vectors = served, served.rows.vectors
        self._table = served.rows.table
        self._right: dict[Kind, Matrix] = {}

    @cached_property
    def _place(self) -> dict[str, int]:
        keys = self._table[self._served.key].to_pylist()
        return {str(key): place for place, key in enumerate(keys)}

    @cached_property
    def _mask(self) -> np.ndarray:
        return matching(self._table, self._served.asked.filters)

    def knows(self, kind: Kind) -> bool:
        """Whether the vectors that are asked for are known here."""
        return self._queries(kind) is not None

    def recall(self, kind: Kind, found: Mapping[int, Sequence[str]]) -> np.ndarray:
        """The recall at k of each reply, in [0, 1].

        Args:
            found: keys as text, best first, by the number of the query.
        """
        k, queries = self._served.k, self._queries(kind)
        assert queries is not None
        given = np.full((len(found), k), -np.inf)
        for row, (number, keys) in enumerate(found.items()):
            places = [self._place.get(key) for key in dict.fromkeys(keys[:k])]
            for at, place in enumerate(places):
                if place is not None and (kind != "filtered" or self._mask[place]):
                    given[row, at] = self._scores(queries[number], np.array([place]))[0]
        return recall_at(k, given, self._right_of(kind, queries)[list(found)])

    def _queries(self, kind: Kind) -> Matrix | None:
        asked = self._served.asked
        if kind == "text":
            return asked.text_vectors
        return asked.vectors[:JUDGED_QUERIES] if kind in ("vector", "filtered") else None

    def _right_of(self, kind: Kind, queries: Matrix) -> Matrix:
        """(q, k) scores of the nearest rows, best first; -inf where fewer pass the filter."""
        if kind not in self._right:
            rows = (
                np.flatnonzero(self._mask) if kind == "filtered" else np.arange(len(self._vectors))
            )
            right = np.full((len(queries), self._served.k), -np.inf)
            for number, query in enumerate(queries):
                best = np.sort(self._scores(query, rows))[::-1][: self._served.k]
                right[number, : len(best)] = best
            self._right[kind] = right
        return self._right[kind]

    def _scores(self, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Negative squared distances: higher is nearer."""
        vectors = self._vectors if len(rows) == len(self._vectors) else self._vectors[rows]
        squares = np.einsum("ij,ij->i", vectors, vectors) + query @ query
        scores: np.ndarray = (2 * (vectors @ query) - squares).astype(np.float64)
        return scores
