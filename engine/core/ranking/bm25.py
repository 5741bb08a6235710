"""BM25: how much a token in a column adds to a row's score. Knows arithmetic; not tokens or files.

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with the
idf that is never negative. The cloud's parameters are not published; see `assumptions`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.core.assumptions import BM25_B, BM25_K1

Scores = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# No token adds more than this times its idf to a row's score, however often the row holds it.
MOST_GAIN = BM25_K1 + 1.0


@dataclass(frozen=True)
class Term:
    """A token of a query in one column, with what a whole version says of it.

    Attributes:
        idf: of the token in this column.
        average: tokens of this column in a row, on average over all rows; more than 0.
    """

    column: str
    token: str
    idf: float
    average: float


def idf(rows: int, holding: int) -> float:
    """What a token is worth: more, the fewer of the `rows` hold it; always more than 0.

    Args:
        holding: rows whose column holds the token, 0 to `rows`.
    """
    return math.log1p((rows - holding + 0.5) / (holding + 0.5))


def gains(term: Term, counts: Counts, lengths: Counts) -> Scores:
    """What a term adds to the scores of rows: (n,) float64, 0 where the row lacks the token.

    Args:
        counts: (n,) how often each row's column holds the token.
        lengths: (n,) tokens of each row's column.
    """
    norms = BM25_K1 * (1.0 - BM25_B + BM25_B * (lengths / term.average))
    out: Scores = term.idf * (counts * MOST_GAIN / (counts + norms))
    return out
