"""Texts of rows, in which words and parts of words are looked up. Knows characters; not columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from engine.core.arrays import Mask, Rows

_END = "\0"  # between rows; no word holds one


class RowTexts:
    """A text for each of n rows. Letter case, and ways to write a character, don't count.

    They are kept as one: looking through it takes as long as reading it, not as n calls.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        rows = [folded(text).replace(_END, " ") for text in texts]
        self._all = _END + _END.join(rows) + _END
        lengths = np.array([len(row) + 1 for row in rows], dtype=np.int64)
        self._starts = 1 + np.concatenate([[0], np.cumsum(lengths)[:-1]]) if rows else lengths
        self._goes_on = _in_words(self._all)

    def holding(self, word: str) -> tuple[Rows, Rows]:
        """The rows that hold a folded word, and those where it stands alone; each ascending."""
        if not word or _END in word:
            return _NONE, _NONE
        found = re.finditer(re.escape(word), self._all)
        places = np.array([match.start() for match in found], dtype=np.int64)
        longer = self._goes_on[places - 1] | self._goes_on[places + len(word)]
        return self._rows_at(places), self._rows_at(places[~longer])

    def _rows_at(self, places: Rows) -> Rows:
        found: Rows = np.searchsorted(self._starts, places, side="right") - 1
        return found[np.diff(found, prepend=-1) > 0]


_NONE: Rows = np.empty(0, dtype=np.int64)


def folded(text: str) -> str:
    """A text in which letter case and ways to write a character don't count."""
    return unicodedata.normalize("NFKC", text).casefold()


def _in_words(text: str) -> Mask:
    """(len(text),) bool of the characters with which a word goes on."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    known = np.flatnonzero(np.bincount(codes))
    goes_on = np.zeros(int(codes.max()) + 1, dtype=np.bool_)
    goes_on[known] = [chr(code).isalnum() or chr(code) == "_" for code in known.tolist()]
    in_words: Mask = goes_on[codes]
    return in_words
