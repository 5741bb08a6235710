"""The live products of one version of an index: vectors, keys, columns. Knows segments; not models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix, Rows
from engine.core.schema import Columns, IndexSpec, suggestion
from engine.errors import InvalidInputException, InvalidState, NotFound
from engine.service.indexes.operations import Indexes
from engine.service.search.hits import fetch
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.catalogue.stored import catalogue_of
from engine.shop.indexed.kept import kept
from engine.shop.names import IMAGE_INDEX
from engine.store.indexes.versions import Version
from engine.store.tables.table_store import TableStore

_ROLES = ("color", "price", "gender", "season", "usage", "year")
_NO_VALUE = ("", "NA")

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """The values of an attribute, and which product has which.

    Attributes:
        names: the distinct values as texts, sorted.
        codes: (n,) place in `names` of each product's value; -1 for none.
    """

    names: tuple[str, ...]
    codes: Codes

    def counts(self) -> Codes:
        """(len(names),) how many products have each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))


@dataclass(frozen=True)
class IndexedProducts:
    """The products of one version of an index, in the order of its segments.

    Attributes:
        catalogue: what their columns mean; of roles, only those that the index carries.
    """

    spec: IndexSpec
    version: Version
    catalogue: Catalogue

    @staticmethod
    def open(indexes: Indexes, tables: TableStore, index: str | None) -> IndexedProducts:
        """Those of an index that has vectors.

        Args:
            index: full name, or a last part that no other index has; None for the shop's photos.

        Raises:
            NotFound: no such index. BadRequest: it has no version yet.
            InvalidInputException: it is a full-text index. InvalidState: it has no rows.
        """
        name = IMAGE_INDEX if index is None else indexes.full_name(index)
        spec, _, version = indexes.version_of(name)
        if not spec.has_vectors:
            raise InvalidInputException(
                f"Index {spec.name} holds words and no vectors; name one of photos or texts."
            )
        if not version.rows:
            raise InvalidState(
                f"Index {spec.name} holds no products. Write some, and sync it; or name another index: "
                "where no product has a photo, vs_text_search holds their texts (--text-index all)."
            )
        return IndexedProducts(spec, version, catalogue_there(tables, spec, version.columns))

    @property
    def count(self) -> int:
        return self.version.rows

    def blocks(self, rows: int) -> Iterator[tuple[list[Any], Matrix]]:
        """Keys and vectors of at most so many products at a time."""
        for part in self.version.parts:
            live = part.live_row_numbers()
            for start in range(0, len(live), rows):
                some = live[start : start + rows]
                yield part.segment.keys_of(some), part.segment.vectors.take(some)

    def vectors(self) -> Matrix:
        """(n, d) of all of them."""
        empty = np.empty((0, self.spec.dimension), dtype=np.float32)
        return np.concatenate([empty, *(vectors for _, vectors in self.blocks(1 << 16))])

    def values(self, column: str) -> list[Any]:
        """A column's values, one for each product."""
        return [
            value
            for part in self.version.parts
            for value in part.segment.metadata.take(column, part.live_row_numbers())
        ]

    def rows(self, places: Rows) -> list[dict[str, Any]]:
        """The catalogue's columns of some products, in the order given; all where it names none."""
        known = self.version.columns
        usual = [name for name in self.catalogue.columns if name in known]
        columns = usual or [name for name in known if not name.startswith("__")]
        numbers = np.concatenate([part.live_row_numbers() for part in self.version.parts])
        sizes = [part.live_rows for part in self.version.parts]
        parts = np.repeat(np.arange(len(sizes)), sizes)
        values = fetch(self.version, parts[places], numbers[places], columns)
        return [dict(zip(columns, row)) for row in zip(*values)]

    def product_keys(self) -> list[Any]:
        return self.values(self.spec.primary_key)

    def groups(self, column: str) -> Groups:
        """The values of an attribute as texts; null, empty and `NA` are none. Not to be changed."""
        return kept(self.version, ("groups", column), lambda: groups_of(self.values(column)))

    def prices(self) -> npt.NDArray[np.float64] | None:
        """(n,) prices, NaN for none; None where the catalogue has no column of them."""
        column = self.catalogue.price
        if column is None:
            return None
        return kept(self.version, ("numbers", column), lambda: numbers_of(self.values(column)))

    def attribute(self, name: str) -> str:
        """The column of an attribute that is named by column or by role (`color`, `kind`, ...).

        `category` is the coarsest one, `kind` the finest.

        Raises:
            NotFound: no attribute of the catalogue is called so.
        """
        if name in self.version.columns:
            return name
        role = getattr(self.catalogue, name, None) if name in (*_ROLES, "kind") else None
        if name == "category" and self.catalogue.categories:
            role = self.catalogue.categories[0]
        if isinstance(role, str):
            return role
        known = (*self.catalogue.attributes, *(self.role_of(c) for c in self.catalogue.attributes))
        raise NotFound(
            f"Index {self.spec.name} has no attribute {name!r:.80}."
            f"{suggestion(name, set(filter(None, known)))} Its attributes: "
            f"{', '.join(self.catalogue.attributes) or 'none'}."
        )

    def role_of(self, column: str) -> str | None:
        """`color`, `kind`, `gender`, ... of a column; None for one of no role.

        The finest category is the `kind`, the others are `category`.
        """
        if column in self.catalogue.categories:
            return "kind" if column == self.catalogue.kind else "category"
        return next((r for r in _ROLES if getattr(self.catalogue, r) == column), None)


def catalogue_there(tables: TableStore, spec: IndexSpec, columns: Columns) -> Catalogue:
    """What an index's columns mean: as its table says, without the roles whose columns it lacks."""
    try:
        whole = FASHION if spec.source_table is None else catalogue_of(tables, spec.source_table)
    except NotFound:  # the table is gone; the index goes on
        whole = FASHION
    said: dict[str, str | None] = {role: getattr(whole, role) for role in _ROLES}
    there = {role: name if name in columns else None for role, name in said.items()}
    return replace(
        whole,
        key=spec.primary_key,
        title=whole.title if whole.title in columns else spec.primary_key,
        color=there["color"],
        price=there["price"],
        gender=there["gender"],
        season=there["season"],
        usage=there["usage"],
        year=there["year"],
        categories=tuple(name for name in whole.categories if name in columns),
        columns=tuple(name for name in whole.columns if name in columns),
    )


def groups_of(values: Sequence[Any]) -> Groups:
    """See `IndexedProducts.groups`."""
    texts = [None if v is None or v != v else str(v).strip() for v in values]
    names = sorted({text for text in texts if text is not None and text not in _NO_VALUE})
    place = {name: i for i, name in enumerate(names)}
    codes = np.array([-1 if t is None else place.get(t, -1) for t in texts], dtype=np.int64)
    return Groups(tuple(names), codes)


def numbers_of(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    """(n,) numbers; NaN for what is none."""
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None or isinstance(value, bool):
            continue
        try:
            number = float(value)
        except (TypeError, ValueError):  # a table of one's own may hold texts in it
            continue
        if np.isfinite(number):
            found[row] = number
    return found
