"""Results of a query: where their rows lie, what finding them cost, and the one fetch of their values.

Knows parts and rows of a version; not how rows are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from engine.core.arrays import Rows
from engine.store.indexes.versions import Version
from engine.store.segments.finished_rows import Form, Row


class Hit(NamedTuple):  # made in a fifth of a dataclass's time
    """One result: where the row lies, its primary key, the API's score and the cosine.

    Both scores are higher for better rows; `score` of a nearest row is `1 / (1 + d²)`. The cosine is
    None where the row was found by words, or the cosine was not asked for.
    """

    part: int
    row: int
    key: Any
    score: float
    cosine: float | None


@dataclass
class Timings:
    """Milliseconds of one query's steps, the plan of each segment, and what its user must know."""

    encode_ms: float = 0.0
    filter_ms: float = 0.0
    search_ms: float = 0.0
    words_ms: float = 0.0
    rerank_ms: float = 0.0
    fetch_ms: float = 0.0
    plans: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)

    def parts(self) -> dict[str, float]:
        """Milliseconds by step, in their order."""
        return {
            "encode": self.encode_ms,
            "filter": self.filter_ms,
            "search": self.search_ms,
            "words": self.words_ms,
            "rerank": self.rerank_ms,
            "fetch": self.fetch_ms,
        }


def places(hits: Sequence[Hit]) -> tuple[Rows, Rows]:
    """Part and row of each hit, (n,) each, in their order: what `fetch` takes."""
    parts = np.array([hit.part for hit in hits], dtype=np.int64)
    return parts, np.array([hit.row for hit in hits], dtype=np.int64)


def fetch(version: Version, parts: Rows, rows: Rows, columns: Sequence[str]) -> list[list[Any]]:
    """Values of rows of a version, in the order given: a list of n for each column.

    Args:
        parts: (n,) places in `version.parts`. rows: (n,) rows of those parts' segments.
    """
    if not len(rows):
        return [[] for _ in columns]
    numbers = parts.tolist()
    if numbers.count(numbers[0]) == len(numbers):
        fetched: list[list[Any]] = version.parts[numbers[0]].segment.fetch(columns, rows)
        return fetched
    out: list[list[Any]] = [[None] * len(numbers) for _ in columns]
    for number, here in _by_part(numbers).items():
        fetched = version.parts[number].segment.fetch(columns, rows[here])
        for column, values in zip(out, fetched):
            for place, value in zip(here, values):
                column[place] = value
    return out


def fetch_rows(
    version: Version,
    parts: Sequence[int],
    rows: Sequence[int],
    columns: Sequence[str],
    form: Form | None = None,
) -> list[Row]:
    """As `fetch`, by row, of at least one column; `form` makes something of a column's values."""
    if not rows:
        return []
    if len(version.parts) == 1:
        return version.parts[0].segment.fetch_rows(columns, rows, form)
    out: list[Row] = [()] * len(rows)
    for number, here in _by_part(parts).items():
        of_part = [rows[place] for place in here]
        fetched = version.parts[number].segment.fetch_rows(columns, of_part, form)
        for place, row in zip(here, fetched):
            out[place] = row
    return out


def _by_part(parts: Sequence[int]) -> dict[int, list[int]]:
    """Where in a sequence of parts each part stands."""
    found: dict[int, list[int]] = {}
    for place, number in enumerate(parts):
        found.setdefault(number, []).append(place)
    return found
