"""Directions in the space of vectors that mean a value of an attribute: "more formal", "less red".

A direction is the mean difference between products that have a value and those that don't, within
their kind (what a fixed effect of the kind leaves): "formal" does not turn shoes into shirts. Where
a kind decides the value, or for kinds themselves, it is the plain difference.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from engine.core.arrays import Mask, Matrix, Vector, unit
from engine.core.schema import suggestion
from engine.errors import BadRequest, InvalidState, NotFound
from engine.service.indexes.operations import Indexes
from engine.shop.indexed.products import Codes, IndexedProducts
from engine.shop.latent.separation import Floats, ranks_of, sums_by
from engine.store.tables.table_store import TableStore

LEAST_PRODUCTS = 10  # that have a value, and that don't, for its direction to be told
_BLOCK = 8192  # products at a time
_KEPT = 4  # versions of indexes whose directions are kept in memory
# By the opened index too: a copy of a workspace has the same ids and numbers of versions.
_kept: OrderedDict[tuple[int, str, int, str], Directions] = OrderedDict()
_one_at_a_time = threading.Lock()


class Directions:
    """The directions of one version of an index. Safe to use from many threads."""

    def __init__(self, products: IndexedProducts) -> None:
        self._products = products
        catalogue = products.catalogue
        self._columns = catalogue.attributes
        self._price = catalogue.price
        self._groups = {name: products.groups(name) for name in self._columns}
        self._made: dict[str, Matrix | Vector] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Every direction that can be told, as `attribute=value`, and the price's column."""
        found = [] if self._price is None else [self._price]
        for column, groups in self._groups.items():
            counts = groups.counts()
            known = int(counts.sum())
            for name, count in zip(groups.names, counts.tolist()):
                if count >= LEAST_PRODUCTS and known - count >= LEAST_PRODUCTS:
                    found.append(f"{column}={name}")
        return found

    def vector(self, name: str) -> Vector:
        """The unit vector that points to a value: added to a query, it asks for more of it.

        Args:
            name: `attribute=value`, the attribute by column or role; or a value that only one attribute
                has, such as `formal`; or the price's column or `price`. Letter case doesn't count.

        Raises:
            NotFound: no product has that value. BadRequest: several attributes have it.
            InvalidState: too few products have it, or lack it, to tell.
        """
        if self._price is not None and name.casefold() in ("price", self._price.casefold()):
            return self._price_vector()
        column, place = self._found(name)
        counts = self._groups[column].counts()
        have, lack = int(counts[place]), int(counts.sum() - counts[place])
        if min(have, lack) < LEAST_PRODUCTS:
            value = self._groups[column].names[place]
            raise InvalidState(
                f"{have:,} products of index {self._products.spec.name} have {column}={value} and "
                f"{lack:,} another value; a direction needs {LEAST_PRODUCTS} of both to be told."
            )
        with self._lock:
            if column not in self._made:
                self._made[column] = self._of_column(column)
            vector: Vector = self._made[column][place]
        return vector

    def _found(self, name: str) -> tuple[str, int]:
        """Column and place of a value."""
        attribute, equals, value = (part.strip() for part in name.partition("="))
        wanted = value if equals else attribute
        columns = [self._products.attribute(attribute)] if equals else list(self._columns)
        found = [
            (column, place)
            for column in columns
            if column in self._groups
            for place, known in enumerate(self._groups[column].names)
            if known.casefold() == wanted.casefold()
        ]
        exact = [(c, p) for c, p in found if self._groups[c].names[p] == wanted]
        if len(exact) == 1 and len({column for column, _ in found}) == 1:
            found = exact  # of values that only letter case tells apart
        if len(found) == 1:
            return found[0]
        several = [f"{c}={self._groups[c].names[p]}" for c, p in found]
        if several:
            raise BadRequest(f"{name!r:.80} may be {' or '.join(several)}; name one of them.")
        known_names = [n for c in columns if c in self._groups for n in self._groups[c].names]
        raise NotFound(
            f"No product of index {self._products.spec.name} has the value {wanted!r:.80}."
            f"{suggestion(wanted, known_names)} A direction is attribute=value, of the attributes "
            f"{', '.join(self._columns) or '(none)'}."
        )

    def _of_column(self, column: str) -> Matrix:
        kinds = None if column in self._products.catalogue.categories else self._kinds()
        return value_directions(self._products.vectors(), self._groups[column].codes, kinds)[0]

    def _price_vector(self) -> Vector:
        with self._lock:
            if "" not in self._made:
                prices = self._products.prices()
                assert prices is not None
                if len(np.unique(prices[~np.isnan(prices)])) < 2:
                    raise InvalidState(
                        f"The products of index {self._products.spec.name} have fewer than two prices; "
                        "there is no direction to tell."
                    )
                vectors = self._products.vectors()
                self._made[""] = price_direction(vectors, prices, self._kinds())
            return self._made[""]

    def _kinds(self) -> Codes | None:
        kind = self._products.catalogue.kind
        return None if kind is None else self._groups[kind].codes


def directions_of(indexes: Indexes, tables: TableStore, index: str | None = None) -> Directions:
    """The directions of an index's version as it is now, kept in memory for the next one who asks.

    Raises:
        NotFound: no such index. BadRequest: it has no version yet.
    """
    products = IndexedProducts.open(indexes, tables, index)
    version = products.version
    key = (id(version.masks), products.spec.id, version.number, repr(products.catalogue))
    with _one_at_a_time:
        if key not in _kept:
            _kept[key] = Directions(products)
            while len(_kept) > _KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]


def moved(query: Vector, terms: Sequence[tuple[Vector, float]]) -> Vector:
    """A query moved along directions, each by its weight (negative: away), unit length again."""
    total = query.astype(np.float64)
    for vector, weight in terms:
        total = total + weight * vector
    return unit(total)


def value_directions(vectors: Matrix, codes: Codes, kinds: Codes | None) -> tuple[Matrix, Mask]:
    """(values, d) unit rows, zeros where nothing is told apart; (values,) which are within kinds.

    Args:
        vectors: (n, d). codes: (n,) values; -1 for none. kinds: (n,) within which values are compared;
            None to compare all products.
    """
    known = codes >= 0
    some, own = vectors[known], codes[known]
    sums, counts = sums_by(own, some)
    plain = sums - counts[:, None] * some.mean(axis=0, dtype=np.float64)
    if kinds is None:
        return _unit_or_zero(plain), np.zeros(len(plain), dtype=np.bool_)
    place = _places(kinds[known])
    kind_sums, kind_counts = sums_by(place, some)
    means = kind_sums / np.maximum(kind_counts, 1)[:, None]
    width = len(kind_counts)
    both = np.bincount(own * width + place, minlength=len(counts) * width).reshape(-1, width)
    within = sums - both @ means  # the sum over a value's products of what they are less their kind
    compared = np.minimum(both, kind_counts - both).sum(axis=1)  # that stand beside one without it
    is_told = compared >= LEAST_PRODUCTS
    return _unit_or_zero(np.where(is_told[:, None], within, plain)), is_told


def price_direction(vectors: Matrix, prices: Floats, kinds: Codes | None) -> Vector:
    """(d,) unit vector along which prices rise, by their ranks, within kinds where there are some."""
    known: Mask = ~np.isnan(prices)
    some, ranks = vectors[known], ranks_of(prices[known])
    of_kind = np.zeros(len(some), dtype=np.int64) if kinds is None else kinds[known]
    rest = without_means(ranks[:, None], of_kind)[:, 0]
    if float(np.abs(rest).max()) < 1e-9:  # a price for each kind
        rest = ranks - ranks.mean()
    # The rest sums to 0 within each kind, so that the means of kinds drop out of the vectors' sum.
    return unit(
        sum(rest[i : i + _BLOCK] @ some[i : i + _BLOCK] for i in range(0, len(some), _BLOCK))
    )


def without_means(vectors: Floats, kinds: Codes) -> Floats:
    """The vectors less the mean of their kind; those of no kind are one of their own."""
    place = _places(kinds)
    sums, counts = sums_by(place, vectors)
    out: Floats = vectors - (sums / np.maximum(counts, 1)[:, None])[place]
    return out


def _places(kinds: Codes) -> Codes:
    """The kinds, where no kind is one of its own."""
    return np.where(kinds < 0, kinds.max(initial=-1) + 1, kinds)


def _unit_or_zero(vectors: Floats) -> Matrix:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-9)
    out: Matrix = scaled.astype(np.float32)
    return out
