"""Attributes of products as training sees them: classes, and every product's codes. Knows no photo.

A field has its name in the public fashion layout, whatever a table's column is called: `KIND` is what a
product is, `COLOUR` its colour. A catalogue may lack both, and may have fields of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Row = dict[str, str | None]
Codes = npt.NDArray[np.int64]

KIND, COLOUR = "articleType", "baseColour"
FIELDS = (KIND, COLOUR, "gender", "usage", "season", "subCategory", "masterCategory")


@dataclass(frozen=True)
class Labels:
    """Classes of every attribute field in sorted order, and the code of every product's value.

    Attributes:
        classes: field -> its values; of `KIND` and `COLOUR` none where the catalogue lacks them.
        codes: field -> (n,) codes; -1 where the product has no value.
    """

    classes: dict[str, list[str]]
    codes: dict[str, Codes]

    @classmethod
    def of(cls, rows: Sequence[Row], fields: Sequence[str] = FIELDS) -> Labels:
        """Labels of `rows`; a field's classes are the values that occur."""
        wanted = dict.fromkeys((KIND, COLOUR, *fields))
        classes = {f: sorted({v for row in rows if (v := row.get(f))}) for f in wanted}
        codes = {}
        for field, values in classes.items():
            code = {v: i for i, v in enumerate(values)}
            codes[field] = np.array(
                [code.get(row.get(field) or "", -1) for row in rows], dtype=np.int64
            )
        return cls(classes, codes)

    @property
    def alike(self) -> tuple[str, ...]:
        """Fields in which two products of one kind must agree to look alike: colour and gender where
        there are such, else the two fields with the fewest values."""
        known = [f for f, values in self.classes.items() if f != KIND and len(values) > 1]
        usual = [f for f in (COLOUR, "gender") if f in known]
        return tuple(usual or sorted(known, key=lambda f: len(self.classes[f]))[:2])


def brands(rows: Sequence[Row], least: int = 15) -> Codes:
    """Code of the first word of a product's name, (n,); -1 where fewer than `least` names share it."""
    words = [(row.get("name") or "").split(" ")[0].lower() for row in rows]
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    kept = sorted(w for w, n in counts.items() if w and n >= least)
    code = {w: i for i, w in enumerate(kept)}
    return np.array([code.get(w, -1) for w in words], dtype=np.int64)
