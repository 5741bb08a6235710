"""Products that hold every word of a text. Knows words; not vectors.

Truth: the shop's rule: every word must appear, whatever its letter case, in name, article type,
sub-category or colour (`Catalogue.words`), a part of a longer word too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Rows
from engine.shop.browsing.rows import ProductRows, folded

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
    """
    words = list(dict.fromkeys(folded(text).split()))
    found = rows.ordered(rows.matching(filters), ())
    texts = rows.texts
    hits = found.tolist() if words else []
    for word in words:
        hits = [row for row in hits if word in texts[row]]
    whole = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in words]
    scores = [
        sum(_WHOLE if each.search(texts[row]) else _PART for each in whole) / len(whole)
        for row in hits
    ]
    order = sorted(range(len(hits)), key=lambda place: -scores[place])
    best = np.array([hits[place] for place in order], dtype=np.int64)
    return Found(best, [scores[place] for place in order])
