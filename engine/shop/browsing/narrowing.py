"""How many products are left by what one may choose next. Knows rows and indexes; not requests of pages.

Each attribute is counted under the choices of all others, so that the number beside a value is that of
the products that have it and are left by the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.core.arrays import Mask
from engine.service.indexes.operations import Indexes
from engine.shop.browsing.products import Products
from engine.shop.browsing.row_texts import folded
from engine.shop.browsing.rows import Facets, ProductRows
from engine.shop.indexed.kept import kept
from engine.shop.indexed.products import IndexedProducts
from engine.shop.search.keyword import find_keywords
from engine.store.tables.table_store import TableStore

BINS = 24  # of the histogram of prices
_ALL = 1 << 29  # values of an attribute
_COMMON = 0.99  # share of prices that have a bar of their own; dearer ones count in the last
_MOST_KNOWN = 64  # requests whose numbers are kept
_WORDS = 8  # that are left out in turn, to say how many products the others find


@dataclass(frozen=True)
class NarrowingRequest:
    """What is counted, and under which choices.

    Attributes:
        filters: column -> the filter of its choices, in the API's form.
        columns: attributes to count, each with the columns whose choices don't count for it, beside
            its own: those of finer categories.
        price: a column of numbers to draw; None for none.
        words: count only products that hold all of them; None for all.
        index: count only products that it holds; None for all. without: keys of products left out.
    """

    filters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    price: str | None = None
    words: str | None = None
    index: str | None = None
    without: Sequence[Any] = ()


@dataclass(frozen=True)
class Prices:
    """How prices are spread.

    Attributes:
        low, high: between which the bars lie, all of one width; dearer products count in the last.
        counts: products of each bar.
    """

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Narrowed:
    """What is left, and what would be.

    Attributes:
        total: products left by all choices.
        counts: by column, (value, products left when it is chosen alone), most first.
        prices: None where there is no price to draw.
        freed: column -> products left without its choices.
        words: word -> products that hold all others, under the choices.
    """

    total: int
    counts: Facets
    prices: Prices | None
    freed: Mapping[str, int]
    words: Mapping[str, int]


class Narrowing:
    """Counts over the products of a workspace. Safe to use from many threads."""

    def __init__(self, products: Products, indexes: Indexes, tables: TableStore) -> None:
        self._products, self._indexes, self._tables = products, indexes, tables
        self._known: dict[str, tuple[ProductRows, Mask | None, Narrowed]] = {}

    def of(self, request: NarrowingRequest) -> Narrowed:
        """See `Narrowed`. What was counted is known for as long as products and index stay the same:
        while somebody types, a search by meaning asks for the same numbers at every key.

        Raises:
            NotFound: no table of products, or no such index.
            BadRequest, InvalidParameterValue: a filter that can't be. InvalidInputException: too many
                words.
        """
        rows = self._products.now()
        indexed = None if request.index is None else self._indexed(rows, request.index)
        asked = repr(request)
        known = self._known.get(asked)
        if known is not None and known[0] is rows and known[1] is indexed:
            return known[2]
        found = self._found(rows, indexed, request)
        if len(self._known) >= _MOST_KNOWN:
            self._known = {}
        self._known[asked] = rows, indexed, found
        return found

    def _found(
        self, rows: ProductRows, indexed: Mask | None, request: NarrowingRequest
    ) -> Narrowed:
        base = self._counted(rows, indexed, request)
        chosen = {name: _mask(rows, filters) for name, filters in request.filters.items()}

        def left(*without: str) -> Mask:
            return _all([base, *(mask for name, mask in chosen.items() if name not in without)])

        counts: Facets = {}
        for column, finer in request.columns.items():
            found = np.flatnonzero(left(column, *finer))
            counts.update(rows.facets([f"{column} TOP {_ALL}"], found))
        price = request.price
        return Narrowed(
            total=int(left().sum()),
            counts=counts,
            prices=_prices(rows, price, left(price)) if price else None,
            freed={name: int(left(name).sum()) for name in chosen},
            words=_without_a_word(rows, request.words, _all([*chosen.values()], len(rows))),
        )

    def _counted(self, rows: ProductRows, indexed: Mask | None, request: NarrowingRequest) -> Mask:
        """(n,) the products that are searched at all."""
        mask = np.ones(len(rows), dtype=np.bool_) if indexed is None else indexed.copy()
        if request.words is not None:
            held = np.zeros(len(rows), dtype=np.bool_)
            held[find_keywords(rows, request.words, None).rows] = True
            mask &= held
        out = rows.rows_of(request.without)
        mask[out[out >= 0]] = False
        return mask

    def _indexed(self, rows: ProductRows, index: str) -> Mask:
        products = IndexedProducts.open(self._indexes, self._tables, index)

        def made() -> dict[ProductRows, Mask]:
            return {}

        masks = kept(products.version, "products of the table", made)
        mask = masks.get(rows)
        if mask is None:
            places = rows.rows_of(products.product_keys())
            mask = np.zeros(len(rows), dtype=np.bool_)
            mask[places[places >= 0]] = True
            masks.clear()  # of another state of the table
            masks[rows] = mask
        return mask


def _mask(rows: ProductRows, filters: Mapping[str, Any]) -> Mask:
    mask = np.zeros(len(rows), dtype=np.bool_)
    mask[rows.matching(dict(filters))] = True
    return mask


def _all(masks: Sequence[Mask], length: int = 0) -> Mask:
    """Where all are true; of no masks, (length,) true."""
    return np.logical_and.reduce(masks) if masks else np.ones(length, dtype=np.bool_)


def _prices(rows: ProductRows, column: str, left: Mask) -> Prices | None:
    values = rows.numbers(column)
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = float(known.min()), float(np.quantile(known, _COMMON))
    if not low < high:
        low, high = float(known.min()), float(known.max()) or 1.0
    if not low < high:
        return None
    own = values[left]
    own = np.clip(own[np.isfinite(own)], low, high)
    counts, _ = np.histogram(own, BINS, (low, high))
    return Prices(low, high, tuple(counts.tolist()))


def _without_a_word(rows: ProductRows, text: str | None, chosen: Mask) -> dict[str, int]:
    words = list(dict.fromkeys(folded(text or "").split()))
    if not 1 < len(words) <= _WORDS:
        return {}
    out = {}
    for word in words:
        rest = " ".join(each for each in words if each != word)
        out[word] = int(chosen[find_keywords(rows, rest, None).rows].sum())
    return out
