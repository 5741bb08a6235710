"""Recall of approximate answers against exact ones, with ties counted fairly."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import Matrix

TIE = 1e-5


def recall_at(k: int, given: Matrix, right: Matrix, tie: float = TIE) -> np.ndarray:
    """The share of a query's k right answers that were found, each query's own, in [0, 1].

    What was given counts where its own true score reaches that of the last right answer, but for a
    tolerance: rows that share a score stand for each other.

    Args:
        given: (q, m) true scores of the rows that were given back, higher is nearer; -inf where none was
            or where a row was given twice or doesn't pass the filter.
        right: (q, n) true scores of the right answers, best first; -inf where there are no more.
        tie: an error of rounding, of a score of 1.
    Source: ann-benchmarks' recall with an epsilon (Aumüller, Bernhardsson, Faithfull, 2018).
    """
    wanted = np.isfinite(right[:, :k])
    count = wanted.sum(axis=1)
    last = np.where(wanted, right[:, :k], np.inf).min(axis=1, initial=np.inf)
    reached = (given[:, :k] >= last[:, None] - tie).sum(axis=1)
    share = np.minimum(reached, count) / np.maximum(count, 1)
    return np.where(count > 0, share, (~np.isfinite(given).any(axis=1)).astype(float))
