"""Products by attribute value and by word of the name, for conditions over all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask
from engine.shop.training.products.labels import Row

_NAME = ("name", "not_name")


class Columns:
    """Conditions over products, each answered for all of them.

    A value is looked up in a table of its field, a word in an inverted index of the names: a list of
    some thousand phrases is read in seconds, however large the catalogue is.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.size = len(rows)
        self._rows = rows
        self._values: dict[str, dict[str, npt.NDArray[np.int64]]] = {}
        self._names = [f" {' '.join(words_of(row.get('name') or ''))} " for row in rows]
        self._with_word = _grouped(
            (w, i) for i, name in enumerate(self._names) for w in set(name.split())
        )
        self.unknown_fields: set[str] = set()  # that conditions asked for and no product has

    def where(self, condition: Any) -> Mask | None:
        """(n,): the products of a `where`; None where it is empty, without a condition."""
        some = [condition] if isinstance(condition, Mapping) else condition
        any_of = [self._all_of(one) for one in some if one]
        return np.logical_or.reduce(any_of) if len(any_of) == len(some) else None

    def _all_of(self, condition: Mapping[str, Any]) -> Mask:
        rows = np.ones(self.size, dtype=np.bool_)
        for field, values in condition.items():
            some = [values] if isinstance(values, str) else values
            found = np.zeros(self.size, dtype=np.bool_)
            for value in some:
                found[self._named(value) if field in _NAME else self._equal(field, value)] = True
            rows &= ~found if field == "not_name" else found
        return rows

    def _named(self, text: str) -> npt.NDArray[np.int64]:
        """Rows whose name holds the words, side by side; none for a text without a word."""
        words = words_of(text)
        found = [self._with_word.get(word, _NONE) for word in words]
        if len(words) < 2:
            return found[0] if found else _NONE
        rows = min(found, key=len)
        wanted = f" {' '.join(words)} "
        return np.array(
            [row for row in rows.tolist() if wanted in self._names[row]], dtype=np.int64
        )

    def _equal(self, field: str, value: str) -> npt.NDArray[np.int64]:
        known = self._values.get(field)
        if known is None:
            column = ((row.get(field), i) for i, row in enumerate(self._rows))
            known = self._values[field] = _grouped((v, i) for v, i in column if v)
            if not known:
                self.unknown_fields.add(field)
        return known.get(value, _NONE)


_NONE: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, npt.NDArray[np.int64]]:
    """Rows by value."""
    found: dict[str, list[int]] = {}
    for value, row in pairs:
        found.setdefault(value, []).append(row)
    return {value: np.array(rows, dtype=np.int64) for value, rows in found.items()}


def words_of(text: str) -> list[str]:
    """The words of a text: lower case, of letters and digits."""
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()
