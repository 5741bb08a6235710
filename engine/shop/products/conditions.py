"""What a `where` says of products: which of them it describes, for all of them at once.

    {"gender": ["Men"], "name": ["polo"], "not_name": ["kids"]}

Every field must have one of its values; a list of such objects describes what any of them does. `name`
holds where the product's name has one of the words, `not_name` where it has none of them: whole words,
several of them side by side, whatever their case and the marks between. Word lists and query sets are
written so (`datasets/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask
from engine.shop.products.json_lines import JsonLine

Condition = Mapping[str, tuple[str, ...]]  # field -> the values of which it must have one
Where = tuple[Condition, ...]  # of which any one suffices
_NAME = ("name", "not_name")


def where_of(line: JsonLine) -> Where:
    """The `where` of a line, an object or a list of objects; an empty object is no condition.

    Raises:
        BadSourceFile: it is neither.
    """
    given = line.entry["where"]
    some = given if isinstance(given, list) else [given]
    if not some:
        raise line.bad("where is empty; expected fields, each with a list of its values")
    return tuple(_condition(line, one) for one in some)


def _condition(line: JsonLine, given: Any) -> Condition:
    if not isinstance(given, dict):
        raise line.bad(f"where holds {given!r:.80}; expected fields and their values")
    return {
        field: line.texts(field, [values] if isinstance(values, str) else values)
        for field, values in given.items()
    }


def fields_of(where: Where) -> set[str]:
    """The fields of products that it asks about."""
    return {"name" if field in _NAME else field for one in where for field in one}


class Conditions:
    """Conditions over products, each answered for all of them.

    A value is looked up in a table of its field, a word in an inverted index of the names: a list of
    some thousand phrases is answered in seconds, however large the catalogue is.
    """

    def __init__(self, products: Sequence[Mapping[str, Any]]) -> None:
        """`products`: by field; None for a value that is not known."""
        self.size = len(products)
        self._products = products
        self._values: dict[str, dict[str, npt.NDArray[np.int64]]] = {}
        self._names = [f" {' '.join(words_of(str(p.get('name') or '')))} " for p in products]
        self._with_word = _grouped(
            (w, i) for i, name in enumerate(self._names) for w in set(name.split())
        )
        self.unknown_fields: set[str] = set()  # that conditions asked for and no product has

    def of(self, where: Where) -> Mask:
        """(n,): the products that it describes."""
        any_of = np.zeros(self.size, dtype=np.bool_)
        for one in where:
            any_of |= self._all_of(one)
        return any_of

    def _all_of(self, condition: Condition) -> Mask:
        rows = np.ones(self.size, dtype=np.bool_)
        for field, values in condition.items():
            found = np.zeros(self.size, dtype=np.bool_)
            for value in values:
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
            column = ((product.get(field), i) for i, product in enumerate(self._products))
            known = _grouped((str(v), i) for v, i in column if v is not None and v != "")
            self._values[field] = known
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
