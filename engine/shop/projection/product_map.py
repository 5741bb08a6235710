"""The map of an index's version: where each product lies. Knows places and attributes; not files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Rows
from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.indexed.kept import kept
from engine.shop.indexed.products import IndexedProducts
from engine.shop.projection.attributes import Attribute, attributes_of
from engine.shop.projection.placing import Places, middle
from engine.shop.projection.polygons import inside

_BEST = 10  # results whose middle is the place of a query
STALE = 0.2  # share of products that came later from which a map says that it is old
Point = tuple[int, int]


@dataclass(frozen=True)
class Located:
    """Where the products of a version lie.

    Attributes:
        places: (n, 2), in the version's order. later: (n,) those that the map was not made of.
    """

    places: Places
    later: Mask


@dataclass(frozen=True)
class ProductMap:
    """A catalogue in two dimensions. Rows are the products of an index's version, in its order.

    Attributes:
        products: of the version. located: where they lie, from -32,000 to 32,000 along each axis.
        facts: `method`, `version` that it was made of, `kept` (share of each product's ten nearest
            that are so on the map too), `seconds`.
        others: products of the table that have no place: no photo, for one.
        better: how to have a better one; None for the best.
    """

    products: IndexedProducts
    located: Located
    facts: Mapping[str, Any]
    others: int
    better: str | None = None

    def __len__(self) -> int:
        return len(self.located.places)

    @property
    def index(self) -> str:
        return self.products.spec.name

    @property
    def version(self) -> int:
        return self.products.version.number

    @property
    def places(self) -> Places:
        return self.located.places

    @property
    def method(self) -> str:
        return str(self.facts["method"])

    @property
    def tag(self) -> str:
        """Changes with what is on the map: its version, its places, and what the columns mean."""
        products = self.products
        facts = sorted(self.facts.items())
        said = (products.spec.id, self.version, repr(products.catalogue), facts, self.others)
        digest = hashlib.blake2b(repr(said).encode(), digest_size=12)
        digest.update(self.places.tobytes())
        return digest.hexdigest()

    @property
    def attributes(self) -> dict[str, Attribute]:
        """What it can be coloured by: column -> values, and which product has which."""
        return kept(self.products.version, "map attributes", lambda: attributes_of(self.products))

    @property
    def later(self) -> int:
        """Products that came, or changed, after it was made: they lie among their nearest."""
        return int(self.located.later.sum())

    @property
    def notes(self) -> list[str]:
        """What must be known of it, in sentences."""
        out = []
        if self.later:
            out.append(
                f"{self.later:,} of {len(self):,} products came or changed after the map was made; "
                "they lie among their nearest."
            )
        if self.is_old:
            out.append(f"Make it anew: vitrine map build --index {self.index}")
        if self.others > 0:
            out.append(
                f"{self.others:,} products are not on it: index {self.index} has none of them."
            )
        if len(self) > 1 and not np.ptp(self.places, axis=0).any():
            out.append("All vectors are equal: the products lie in one point.")
        return [*out, self.better] if self.better else out

    @property
    def is_old(self) -> bool:
        """Whether so many products came later that it should be made anew."""
        return self.later > STALE * len(self)

    def keys(self, rows: Rows) -> list[Any]:
        """Primary keys of some rows, in this order."""
        every = self._every_key()
        return [every[row] for row in rows.tolist()]

    def rows_of(self, keys: Sequence[Any]) -> Rows:
        """The row of each key, as the index stores it; -1 of those that are not on the map."""
        place_of = kept(
            self.products.version,
            "map rows",
            lambda: {key: row for row, key in enumerate(self._every_key())},
        )
        return np.array([place_of.get(key, -1) for key in keys], dtype=np.int64)

    def _every_key(self) -> list[Any]:
        return kept(self.products.version, "map keys", self.products.product_keys)

    def inside(self, corners: Sequence[Point]) -> Rows:
        """The products within a polygon, (x, y) at least three times, from their middle outwards."""
        rows = np.flatnonzero(inside(self.places, list(corners)))
        away = (
            self.places[rows] - self.places[rows].mean(axis=0) if len(rows) else self.places[rows]
        )
        return rows[np.argsort((away.astype(np.float64) ** 2).sum(axis=1), kind="stable")]

    def of_value(self, column: str, value: str) -> Mask:
        """(n,) which products have a value of an attribute, as its legend names it.

        Raises:
            InvalidParameterValue: no such attribute or value; names those that there are.
        """
        attribute = self.attribute(column)
        if value not in attribute.values:
            raise InvalidParameterValue(
                f"{column} has no value {shown(value)}; expected one of "
                f"{', '.join(attribute.values[:20])}."
            )
        return cast(Mask, attribute.codes == attribute.values.index(value) + 1)

    def attribute(self, column: str) -> Attribute:
        """An attribute by its column. Raises InvalidParameterValue: there is none of that name."""
        found = self.attributes.get(column)
        if found is None:
            raise InvalidParameterValue(
                f"The map has no attribute {shown(column)}; expected one of "
                f"{', '.join(self.attributes) or 'none: the catalogue names none'}."
            )
        return found

    def place_of(self, keys: Sequence[Any]) -> Point | None:
        """Where what found these products lies: in the middle of the best of them. None for nowhere."""
        rows = self.rows_of(keys[:_BEST])
        rows = rows[rows >= 0]
        if not len(rows):
            return None
        x, y = middle(self.places[rows]).tolist()
        return x, y

    def to_arrow(self) -> pa.Table:
        """A row for each product: its key, `x`, `y`, and its attributes as the legends name them."""
        columns: dict[str, Any] = {
            self.products.spec.primary_key: pa.array(self._every_key()),
            "x": np.ascontiguousarray(self.places[:, 0]),
            "y": np.ascontiguousarray(self.places[:, 1]),
        }
        for name, each in self.attributes.items():
            shown_as = pa.array([None, *each.values], pa.string())
            columns[f"map_{name}" if name in columns else name] = shown_as.take(
                pa.array(each.codes)
            )
        return pa.table(columns)

    def to_dict(self) -> dict[str, Any]:
        """Its facts, as JSON values."""
        return {
            "index": self.index,
            "version": self.version,
            "products": len(self),
            "others": self.others,
            "method": self.method,
            "made_of_version": self.facts["version"],
            "later": self.later,
            "is_old": self.is_old,
            "kept_neighbours": self.facts["kept"],
            "notes": self.notes,
            "tag": self.tag,
            "attributes": [each.to_dict() for each in self.attributes.values()],
        }
