"""Rankings of queries with several pages, kept for their next pages. Knows places of rows; not queries.

A page token holds all that its page needs: where its ranking is not here any more (another process, a
restart, too many others since), the query is ranked again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.arrays import Rows
from engine.service.search.nearest import Hit
from engine.store.indexes.versions import Version

MAX_BYTES = 64 << 20  # of all rankings together


@dataclass(frozen=True)
class Ranking:
    """The rows of a query in order, and what its reply says beside them.

    Attributes:
        parts, rows, scores: of each result the part of the version, its row there, and its score.
        facets: counted over all results, or None.
        plans, warnings: as in `Timings`.
    """

    parts: Rows
    rows: Rows
    scores: np.ndarray[Any, np.dtype[np.float64]]
    facets: list[list[Any]] | None
    plans: tuple[str, ...]
    warnings: tuple[str, ...]

    @staticmethod
    def of(
        hits: Sequence[Hit],
        facets: list[list[Any]] | None,
        plans: Sequence[str],
        warnings: Sequence[str],
    ) -> Ranking:
        count = len(hits)
        return Ranking(
            np.fromiter((hit.part for hit in hits), np.int64, count),
            np.fromiter((hit.row for hit in hits), np.int64, count),
            np.fromiter((hit.score for hit in hits), np.float64, count),
            facets,
            tuple(plans),
            tuple(warnings),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def page(
        self, version: Version, start: int, rows: int, columns: Sequence[str]
    ) -> list[list[Any]]:
        """Column values and score of the results from `start` on."""
        parts, places = self.parts[start : start + rows], self.rows[start : start + rows]
        scores = self.scores[start : start + rows].tolist()
        out: list[list[Any]] = [[]] * len(scores)
        for part in np.unique(parts).tolist():
            here = np.flatnonzero(parts == part)
            values = version.parts[part].segment.fetch(columns, places[here])
            for place, *row in zip(here.tolist(), *values):
                out[place] = [*row, scores[place]]
        return out

    @property
    def nbytes(self) -> int:
        """About what it takes in memory."""
        small = 1024 + 512 * len(self.facets or ())
        return self.parts.nbytes + self.rows.nbytes + self.scores.nbytes + small


class Rankings:
    """The rankings used last, as many as fit. Safe to use from many threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Ranking] = OrderedDict()
        self.nbytes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> Ranking | None:
        """The ranking of a query, if it is still here."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, ranking: Ranking) -> None:
        """Keep a ranking, in place of those not used for longest."""
        with self._lock:
            before = self._kept.pop(key, None)
            self.nbytes += ranking.nbytes - (before.nbytes if before is not None else 0)
            self._kept[key] = ranking
            while self.nbytes > self._max_bytes:
                _, oldest = self._kept.popitem(last=False)
                self.nbytes -= oldest.nbytes
