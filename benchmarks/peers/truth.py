"""What are the right answers, and how many of them did a contestant find?

Exact: float32 products of matrices find candidates, float64 orders them. A product that was found
counts when its own true score reaches that of the last right one, but for a tolerance, so that
ties are no errors. It has to pass the filter, which is worked out here, not by a contestant.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from filters import Filters, conditions
from schema import COLUMNS, KEY

if TYPE_CHECKING:
    from catalogue import Catalogue

DEPTH = 20  # right answers kept for a query
RECALL_AT = 10
CANDIDATES = 64  # of float32, before float64 decides
TIE = 1e-5  # of score
CHUNK = 65_536
COMPARE = {"=": pc.equal, ">=": pc.greater_equal, "<": pc.less}

Best = tuple[np.ndarray, np.ndarray]  # places (-1: no more) and scores, (q, k), best first


def make_truth(catalogue: Catalogue, judged: int) -> None:
    """Write the right answers of the first queries, without a filter and under each named one."""
    masks = {name: mask(catalogue, one) for name, one in catalogue.filters.items()}
    masks["none"] = np.ones(len(catalogue.vectors), bool)
    best = exact(catalogue.vectors, catalogue.queries[:judged], masks)
    arrays = {f"{name}.places": places for name, (places, _) in best.items()}
    arrays |= {f"{name}.scores": scores for name, (_, scores) in best.items()}
    np.savez(catalogue.truth_file, **arrays)


def mask(catalogue: Catalogue, filters: Filters) -> np.ndarray:
    """Which products pass a filter, (n,) bool; a null passes none."""
    kept = np.ones(len(catalogue.vectors), bool)
    for column, operator, value in conditions(filters):
        kept &= COMPARE[operator](catalogue.table[column], value).fill_null(False).to_numpy()
    return kept


def exact(
    vectors: np.ndarray, queries: np.ndarray, masks: dict[str, np.ndarray]
) -> dict[str, Best]:
    """The nearest products of each query that pass, for each mask, in one pass over the vectors."""
    found: dict[str, list[Best]] = {name: [] for name in masks}
    for start in range(0, len(vectors), CHUNK):
        scores = queries @ vectors[start : start + CHUNK].T
        for name, kept in masks.items():
            places = np.flatnonzero(kept[start : start + CHUNK])
            found[name].append(top(scores[:, places], places + start))
    return {name: refined(vectors, queries, parts) for name, parts in found.items()}


def top(scores: np.ndarray, places: np.ndarray) -> Best:
    """Candidates of one chunk, in no order."""
    if len(places) <= CANDIDATES:
        return np.broadcast_to(places, scores.shape), scores
    chosen = np.argpartition(-scores, CANDIDATES, axis=1)[:, :CANDIDATES]
    return places[chosen], np.take_along_axis(scores, chosen, axis=1)


def refined(vectors: np.ndarray, queries: np.ndarray, parts: list[Best]) -> Best:
    """The best of all chunks' candidates by their scores in float64; ties go to the first row."""
    places, rough = (np.concatenate(arrays, axis=1) for arrays in zip(*parts))
    best_places = np.full((len(queries), DEPTH), -1)
    best_scores = np.full((len(queries), DEPTH), -np.inf)
    for row, query in enumerate(queries):
        candidates = places[row][np.argsort(-rough[row])[:CANDIDATES]]
        scores = true_scores(vectors, candidates, query)
        order = np.lexsort((candidates, -scores))[:DEPTH]
        best_places[row, : len(order)] = candidates[order]
        best_scores[row, : len(order)] = scores[order]
    return best_places, best_scores


def true_scores(vectors: np.ndarray, places: np.ndarray, query: np.ndarray) -> np.ndarray:
    return vectors[places].astype(np.float64) @ query.astype(np.float64)


class Truth:
    """Judges answers of a catalogue's queries; those with right answers on file are `judged`."""

    def __init__(self, catalogue: Catalogue) -> None:
        stored = np.load(catalogue.truth_file)
        named = {"none": None, **catalogue.filters}
        self._catalogue = catalogue
        self._scores = {text(one): stored[f"{name}.scores"] for name, one in named.items()}
        self._masks: dict[str, np.ndarray] = {}
        self.judged = len(self._scores[text(None)])

    @cached_property
    def _sorted_keys(self) -> tuple[np.ndarray, np.ndarray]:
        keys = self._catalogue.table[KEY].to_numpy()
        order = np.argsort(keys)
        return keys[order], order

    def places(self, keys: Sequence[int]) -> np.ndarray:
        """Where products lie. Raises ValueError: a key twice, or one that does not exist."""
        known, order = self._sorted_keys
        at = np.searchsorted(known, keys).clip(max=len(known) - 1)
        if len(set(keys)) < len(keys) or (known[at] != keys).any():
            raise ValueError(f"not an answer: {list(keys)}")
        return order[at]

    def recall(
        self, asked: Sequence[int], filters: Sequence[Filters | None], keys: Sequence[list[int]]
    ) -> float:
        """Mean recall@10 of answers to queries by their number, as lists of keys, best first."""
        shares = [self._share(*one) for one in zip(asked, filters, keys) if one[0] < self.judged]
        return float(np.mean(shares))

    def _share(self, number: int, filters: Filters | None, keys: list[int]) -> float:
        right = self._right_scores(number, filters)
        if not len(right):
            return 1.0 if not keys else 0.0
        places = self.places(keys[:RECALL_AT])
        query = self._catalogue.queries[number]
        reached = true_scores(self._catalogue.vectors, places, query) >= right[-1] - TIE
        return float((reached & self._mask(filters)[places]).sum() / len(right))

    def _right_scores(self, number: int, filters: Filters | None) -> np.ndarray:
        if text(filters) in self._scores:
            scores = self._scores[text(filters)][number]
        else:  # a filter that was made for one query
            query = self._catalogue.queries[number : number + 1]
            masks = {"new": self._mask(filters)}
            scores = exact(self._catalogue.vectors, query, masks)["new"][1][0]
        return scores[np.isfinite(scores)][:RECALL_AT]

    def _mask(self, filters: Filters | None) -> np.ndarray:
        key = text(filters)
        if key not in self._masks:
            self._masks[key] = mask(self._catalogue, filters or {})
        return self._masks[key]

    def check_rows(self, rows: Sequence[dict]) -> None:
        """Raise ValueError where rows that were given back are not the catalogue's."""
        if not rows:
            return
        places = self.places([row[KEY] for row in rows])
        for row, right in zip(rows, self._catalogue.table.take(places).to_pylist()):
            if {name: row[name] for name in COLUMNS} != right:
                raise ValueError(f"row {row} was given back; expected {right}")


def text(filters: Filters | None) -> str:
    return json.dumps(filters)
