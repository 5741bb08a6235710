"""What the right answers are, and how many of them a contestant found.

Exact: float32 products of matrices find candidates, float64 orders them. What was found counts when
its own true score reaches that of the last right one, but for a tolerance, so that ties are no errors.
A row has to pass the filter, which is worked out here, not by a contestant: an answer with one that
doesn't is worth nothing, however few rows there were to find.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow.compute as pc

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.filters import Filters, conditions, text
from engine.bench.contest.schema import SCORE, Row
from engine.bench.statistics.recall import recall_at
from engine.core.arrays import Mask, Matrix, Vector
from engine.errors import InvalidParameterValue

DEPTH = 100  # right answers kept for a query
SPARE = 28  # candidates of float32 more than that, before float64 decides
CHUNK = 65_536
MASKS = 100  # kept; a byte a row each
NO_ANSWER = -1e300  # the score of all rows of an answer that holds one beyond the filter
COMPARE = {
    "=": pc.equal,
    ">=": pc.greater_equal,
    "<": pc.less,
    "in": lambda column, values: pc.is_in(column, value_set=_array(values, column.type)),
}

Best = tuple[np.ndarray, np.ndarray]  # places (-1: no more) and scores, (q, k), best first


def make_truth(catalogue: Catalogue, judged: int) -> None:
    """Write the right answers of the first queries, without a filter and under each named one."""
    masks = {text(one): mask(catalogue, one) for one in catalogue.filters.values()}
    masks[text(None)] = np.ones(len(catalogue.vectors), bool)
    best = exact(catalogue.vectors, catalogue.queries[:judged], masks)
    names = sorted(best)
    arrays: dict[str, Any] = {
        f"{number}.scores": best[name][1] for number, name in enumerate(names)
    }
    np.savez(catalogue.truth_file, names=np.array(names), **arrays)


def mask(catalogue: Catalogue, filters: Filters) -> Mask:
    """Which rows pass a filter, (n,) bool; a null passes none."""
    kept = np.ones(len(catalogue.vectors), bool)
    for column, operator, value in conditions(filters):
        passed = COMPARE[operator](catalogue.table[column], value)
        kept &= pc.fill_null(passed, False).to_numpy()
    return kept


def exact(
    vectors: Matrix, queries: Matrix, masks: Mapping[str, Mask], depth: int = DEPTH
) -> dict[str, Best]:
    """The nearest rows of each query that pass, for each mask, in one pass over the vectors."""
    found: dict[str, list[Best]] = {name: [] for name in masks}
    for start in range(0, len(vectors), CHUNK):
        scores = queries @ vectors[start : start + CHUNK].T
        for name, kept in masks.items():
            places = np.flatnonzero(kept[start : start + CHUNK])
            found[name].append(_top(scores[:, places], places + start, depth + SPARE))
    return {name: _refined(vectors, queries, parts, depth) for name, parts in found.items()}


def true_scores(vectors: Matrix, places: np.ndarray, query: Vector) -> np.ndarray:
    """Inner products in float64."""
    found: np.ndarray = vectors[places].astype(np.float64) @ query.astype(np.float64)
    return found


def _top(scores: np.ndarray, places: np.ndarray, count: int) -> Best:
    """Candidates of one chunk, in no order."""
    if len(places) <= count:
        return np.broadcast_to(places, scores.shape), scores
    chosen = np.argpartition(-scores, count, axis=1)[:, :count]
    return places[chosen], np.take_along_axis(scores, chosen, axis=1)


def _refined(vectors: Matrix, queries: Matrix, parts: list[Best], depth: int) -> Best:
    """The best of all chunks' candidates by their scores in float64; ties go to the first row."""
    places, rough = (np.concatenate(arrays, axis=1) for arrays in zip(*parts))
    best_places = np.full((len(queries), depth), -1)
    best_scores = np.full((len(queries), depth), -np.inf)
    for row, query in enumerate(queries):
        candidates = places[row][np.argsort(-rough[row])[: depth + SPARE]]
        scores = true_scores(vectors, candidates, query)
        order = np.lexsort((candidates, -scores))[:depth]
        best_places[row, : len(order)] = candidates[order]
        best_scores[row, : len(order)] = scores[order]
    return best_places, best_scores


def _array(values: object, kind: object) -> Any:
    import pyarrow as pa

    return pa.array(values, kind)


class Truth:
    """Judges answers to a catalogue's queries; those with right answers on file are `judged`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        with np.load(catalogue.truth_file) as stored:
            names = stored["names"].tolist()
            self._scores = {name: stored[f"{number}.scores"] for number, name in enumerate(names)}
        self._masks: OrderedDict[str, Mask] = OrderedDict()
        self._found: dict[
            tuple[int, str], np.ndarray
        ] = {}  # right scores under filters made for one query
        self.judged = len(self._scores[text(None)])

    @property
    def right_scores(self) -> np.ndarray:
        """(judged, depth) scores of the right answers without a filter, best first; -inf: no more."""
        found: np.ndarray = self._scores[text(None)]
        return found

    @cached_property
    def _sorted_keys(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self._catalogue.keys)
        return self._catalogue.keys[order], order

    def places(self, keys: Sequence[int]) -> np.ndarray:
        """Where rows lie. Raises InvalidParameterValue: a key twice, or one that does not exist."""
        known, order = self._sorted_keys
        at = np.searchsorted(known, keys).clip(max=len(known) - 1)
        if len(set(keys)) < len(keys) or (known[at] != keys).any():
            raise InvalidParameterValue(
                f"not an answer, a key twice or none of the rows': {list(keys)}"
            )
        found: np.ndarray = order[at]
        return found

    def recall(
        self,
        k: int,
        asked: Sequence[int],
        filters: Sequence[Filters | None],
        keys: Sequence[Sequence[int]],
    ) -> np.ndarray:
        """Recall at k of each answer to a query by its number, as keys, best first; judged ones only.

        Raises InvalidParameterValue: a k of which the right answers are not known, 100 at most.
        """
        if k > DEPTH:
            raise InvalidParameterValue(f"k={k}: right answers are known to {DEPTH}")
        kept = [one for one in zip(asked, filters, keys) if one[0] < self.judged]
        given = np.full((len(kept), k), -np.inf)
        right = np.full((len(kept), k), -np.inf)
        for row, (number, one, found) in enumerate(kept):
            wanted = self._right_scores(number, one)[:k]
            right[row, : len(wanted)] = wanted
            places = self.places(found[:k])
            scores = true_scores(self._catalogue.vectors, places, self._catalogue.queries[number])
            given[row, : len(places)] = scores if self._mask(one)[places].all() else NO_ANSWER
        return recall_at(k, given, right)

    def _right_scores(self, number: int, filters: Filters | None) -> np.ndarray:
        if text(filters) in self._scores:
            known: np.ndarray = self._scores[text(filters)][number]
            return known
        key = (number, text(filters))
        if key not in self._found:  # everyone is judged by it
            query = self._catalogue.queries[number : number + 1]
            masks = {"new": self._mask(filters)}
            self._found[key] = exact(self._catalogue.vectors, query, masks)["new"][1][0]
        return self._found[key]

    def _mask(self, filters: Filters | None) -> Mask:
        key = text(filters)
        if key not in self._masks:
            self._masks[key] = mask(self._catalogue, filters or {})
        self._masks.move_to_end(key)
        while len(self._masks) > MASKS:
            self._masks.popitem(last=False)
        return self._masks[key]

    def check_rows(self, rows: Sequence[Row]) -> None:
        """Raise InvalidParameterValue where rows are not the catalogue's, or have no score."""
        if not rows:
            return
        schema = self._catalogue.schema
        places = self.places([int(row[schema.key]) for row in rows])  # type: ignore[call-overload]
        for row, right in zip(rows, self._catalogue.table.take(places).to_pylist()):
            if {name: row.get(name) for name in schema.names} != right:
                raise InvalidParameterValue(f"row {row} was given back; expected {right}")
            score = row.get(SCORE)
            if not isinstance(score, (int, float, np.number)) or not np.isfinite(score):
                raise InvalidParameterValue(f"score {score!r} was given back; expected a number")
