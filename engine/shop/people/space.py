"""Products as arrays: their vectors in the hybrid index, category, colour and price. Knows no users."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Floats32, Matrix, Rows, Vector
from engine.service.indexes.operations import Indexes
from engine.shop.browsing.products import Products
from engine.shop.browsing.rows import ProductRows
from engine.shop.names import HYBRID_INDEX
from engine.store.indexes.versions import Part, Version

_RECENT = 64  # vectors whose cosines are kept, 170 KB each for 42,000 products
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Attribute:
    """One column of all products, as codes.

    Attributes:
        values: the distinct values. codes: (products,) place of each one's value, -1 for none.
    """

    values: tuple[str, ...]
    codes: Rows


class ProductSpace:
    """The products of one version of the hybrid index that the products table has too.

    Attributes:
        products: all rows of the products table.
        rows: (n,) row in the products table of each product of the space.
    """

    def __init__(self, version: Version, products: ProductRows, dimension: int) -> None:
        self.version, self.products, self.dimension = version, products, dimension
        live = [part.live_row_numbers() for part in version.parts]
        found = [_rows_of(part, rows, products) for part, rows in zip(version.parts, live)]
        self._kept = [rows[there >= 0] for rows, there in zip(live, found)]
        there = [rows[rows >= 0] for rows in found]
        self.rows: Rows = np.concatenate(there) if there else np.empty(0, dtype=np.int64)
        self._place = np.full(len(products), -1, dtype=np.int64)
        self._place[self.rows] = np.arange(len(self.rows))
        self._coded: dict[str, Attribute] = {}
        self._recent = lru_cache(_RECENT)(self._cosines)

    def __len__(self) -> int:
        return len(self.rows)

    def cosines(self, vector: Vector) -> Floats32:
        """Cosine of a unit vector with each product, (n,), higher is closer; 0 for a zero vector.

        Not to be changed: those of the vectors asked last are kept, for the next pages.
        """
        return self._recent(vector.tobytes())

    def _cosines(self, vector: bytes) -> Floats32:
        values = np.frombuffer(vector, dtype=np.float32)
        for part in self.version.parts:
            part.segment.vectors.check_size()
        out = [
            (part.segment.vectors.matrix @ values)[rows]
            for part, rows in zip(self.version.parts, self._kept)
        ]
        whole: Floats32 = np.concatenate(out) if out else np.empty(0, dtype=np.float32)
        if self._lengths is not None:
            whole /= self._lengths
        whole.flags.writeable = False
        return whole

    def vectors(self, places: Rows) -> Matrix:
        """Unit vectors of some products, (m, d); zeros where one has length 0."""
        out = np.zeros((len(places), self.dimension), dtype=np.float32)
        start = 0
        for part, rows in zip(self.version.parts, self._kept):
            inside = (places >= start) & (places < start + len(rows))
            out[inside] = part.segment.vectors.take(rows[places[inside] - start])
            start += len(rows)
        return out if self._lengths is None else out / self._lengths[places][:, None]

    def places_of(self, product_rows: Rows) -> Rows:
        """Place of rows of the products table in the space; -1 for a row below 0 or without a vector."""
        there = product_rows >= 0
        return np.where(there, self._place[np.where(there, product_rows, 0)], -1)

    def attribute(self, column: str | None) -> Attribute | None:
        """A column of texts of all products; None for no column, or one that the table lacks."""
        if column is None or column not in self.products.columns:
            return None
        return self._attributes(column)

    @cached_property
    def prices(self) -> Floats | None:
        """(products,) prices of all products, NaN where unknown; None without such a column."""
        column = self.products.catalogue.price
        if column is None or column not in self.products.columns:
            return None
        values = self.products.values(column, np.arange(len(self.products)))
        try:
            return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        except (TypeError, ValueError):
            return None  # a column of texts is no price

    @cached_property
    def key_ranks(self) -> Rows:
        """(n,) place of each product's key among all keys in order, for ties."""
        every = np.arange(len(self.products), dtype=np.int64)
        ranks = np.empty(len(every), dtype=np.int64)
        ranks[self.products.ordered(every, [])] = every
        return ranks[self.rows]

    @cached_property
    def _lengths(self) -> Floats32 | None:
        """(n,) lengths of the vectors; None where all are 1."""
        if all(part.segment.vectors.lengths is None for part in self.version.parts):
            return None
        parts = []
        for part, rows in zip(self.version.parts, self._kept):
            halves = part.segment.vectors.lengths
            parts.append(np.ones(len(rows)) if halves is None else np.sqrt(-2.0 * halves[rows]))
        lengths = np.concatenate(parts)
        return np.where(lengths > 0, lengths, 1.0).astype(np.float32)

    def _attributes(self, column: str) -> Attribute:
        if column not in self._coded:
            every = np.arange(len(self.products), dtype=np.int64)
            values = [None if v is None else str(v) for v in self.products.values(column, every)]
            places = {value: n for n, value in enumerate(sorted({v for v in values if v}))}
            codes = np.array([places.get(v or "", -1) for v in values], dtype=np.int64)
            self._coded[column] = Attribute(tuple(places), codes)
        return self._coded[column]


class ProductSpaces:
    """The space as it is now. Safe to use from many threads."""

    def __init__(self, indexes: Indexes, products: Products) -> None:
        self._indexes, self._products = indexes, products
        self._space: ProductSpace | None = None
        self._lock = threading.Lock()

    def now(self) -> ProductSpace:
        """The products of the hybrid index and of the products table as both are now.

        Raises:
            NotFound: no such index or table. BadRequest: the index was never synced.
        """
        spec, _, version = self._indexes.version_of(HYBRID_INDEX)
        products = self._products.now()
        with self._lock:
            known = self._space
            if known is None or known.version is not version or known.products is not products:
                known = self._space = ProductSpace(version, products, spec.dimension)
            return known

    def products(self) -> ProductRows:
        """All rows of the products table."""
        return self._products.now()


def _rows_of(part: Part, rows: Rows, products: ProductRows) -> Rows:
    keys: Sequence[Any] = part.segment.keys_of(rows)
    return products.rows_of(keys)
