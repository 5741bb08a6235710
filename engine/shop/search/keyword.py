"""Products that hold every word of a text. Knows words; not vectors.

Truth: the shop's rule: every word must appear, whatever its letter case, in name, article type,
sub-category or colour (`Catalogue.words`), a part of a longer word too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Rows
from engine.errors import InvalidInputException
from engine.shop.browsing.row_texts import folded
from engine.shop.browsing.rows import ProductRows

MOST_WORDS = 64  # different ones; each is looked for in all texts
_WHOLE, _PART = 1.0, 0.5  # what a word counts where it stands alone, or in a longer one


@dataclass(frozen=True)
class Found:
    """Rows that hold all words, best first, and the score of each, (n,): 1 where all stand alone."""

    rows: Rows
    scores: list[float]


def find_keywords(rows: ProductRows, text: str, filters: object) -> Found:
    """The products that match a filter and hold every word of a text; ties by key.

    A text without a word finds nothing.

    Raises:
        BadRequest, InvalidParameterValue: no filter of these columns.
        InvalidInputException: more than 64 different words.
    """
    words = list(dict.fromkeys(folded(text).split()))
    if len(words) > MOST_WORDS:
        raise InvalidInputException(
            f"A search by keywords was given {len(words):,} different words, all of which a product "
            f"must hold; expected at most {MOST_WORDS}. A search by meaning takes longer texts."
        )
    held = np.zeros(len(rows), dtype=np.bool_)
    held[rows.matching(filters)] = bool(words)
    scores = np.zeros(len(rows))
    for word in words:
        if not held.any():
            break
        parts, alone = rows.words.holding(word)
        counts = np.zeros(len(rows))
        counts[parts], counts[alone] = _PART, _WHOLE
        held &= counts > 0
        scores += counts
    scores /= max(len(words), 1)  # at the end: the order of the words makes no difference
    found = rows.ordered(np.flatnonzero(held), ())
    best = found[np.argsort(-scores[found], kind="stable")]
    return Found(best, scores[best].tolist())
