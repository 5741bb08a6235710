"""Vectors that are searched, those that ask, and the right answers where a file brings them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.core.arrays import Matrix, Rows

Metric = Literal["angular", "euclidean"]
METRICS: tuple[Metric, ...] = ("angular", "euclidean")


@dataclass(frozen=True)
class VectorSet:
    """What a search is measured on.

    Attributes:
        vectors: (n, d) float32, not to be written to; mapped from the file where its layout allows, and
            then perhaps not contiguous.
        queries: (q, d) float32; None where the source has none.
        neighbors: (q, k) rows of `vectors`, nearest first, as the source says; None where it doesn't.
        metric: `angular` (cosine, vectors of any length) or `euclidean`.
        source: what it was read or drawn from, for the report; no folder of a user's machine.
    """

    name: str
    vectors: Matrix
    queries: Matrix | None = None
    neighbors: Rows | None = None
    metric: Metric = "angular"
    source: str = ""
