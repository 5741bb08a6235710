"""Products as training sees them: attribute codes, and the share that is held out. Knows no photo and no model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Row = dict[str, str | None]

FIELDS = ("articleType", "baseColour", "gender", "usage", "season", "subCategory", "masterCategory")


def is_held_out(product_id: str, share: int = 10) -> bool:
    """True for one product in `share`: BLAKE2b of the id (as text) modulo `share` is zero."""
    return int(hashlib.blake2b(str(product_id).encode()).hexdigest(), 16) % share == 0


@dataclass(frozen=True)
class Labels:
    """Classes of every attribute field in sorted order, and the code of every product's value.

    Attributes:
        classes: field -> its values.
        codes: field -> int64 `(n,)`; -1 where the product has no value.
    """

    classes: dict[str, list[str]]
    codes: dict[str, np.ndarray]

    @classmethod
    def of(cls, rows: Sequence[Row], fields: Sequence[str] = FIELDS) -> Labels:
        """Labels of `rows`; a field's classes are the values that occur."""
        classes = {f: sorted({v for row in rows if (v := row.get(f))}) for f in fields}
        codes = {}
        for field, values in classes.items():
            code = {v: i for i, v in enumerate(values)}
            codes[field] = np.array([code.get(row.get(field) or "", -1) for row in rows], dtype=np.int64)
        return cls(classes, codes)


def brands(rows: Sequence[Row], least: int = 15) -> np.ndarray:
    """Code of the first word of a product's name, int64 `(n,)`; -1 where fewer than `least` names share it."""
    words = [(row.get("name") or "").split(" ")[0].lower() for row in rows]
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    kept = sorted(w for w, n in counts.items() if w and n >= least)
    code = {w: i for i, w in enumerate(kept)}
    return np.array([code.get(w, -1) for w in words], dtype=np.int64)
