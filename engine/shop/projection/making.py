"""Making a map, and finding where the products of a version lie. Knows the order of the steps."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.errors import CorruptFile, InvalidState, MapMissing, NotFound, VitrineError
from engine.optional import install_line
from engine.progress import bar
from engine.service.indexes.operations import Indexes
from engine.shop.browsing.products import Products
from engine.shop.indexed.kept import kept
from engine.shop.indexed.products import IndexedProducts
from engine.shop.names import IMAGE_INDEX, TEXT_INDEX
from engine.shop.projection.placing import places_among
from engine.shop.projection.product_map import Located, ProductMap
from engine.shop.projection.projecting import directions_of, projected, usual_method
from engine.shop.projection.stored import MapStore, StoredMap, digests_of
from engine.store.tables.table_store import TableStore

_CHANGED = 0.1  # share of products that came later from which a build makes a map anew
_UNKNOWN = 0.5  # share of products without a place from which a map is of something else
_one_at_a_time = threading.Lock()  # it takes all cores for a minute


@dataclass(frozen=True)
class MapReport:
    """What making a map did.

    Attributes:
        products: on it. made: whether it was made now; else it was there.
        method: "t-SNE" or "PCA". kept: see `ProductMap.facts`. notes: what must be known of it.
    """

    index: str
    version: int
    products: int
    made: bool
    method: str
    kept: float | None
    seconds: float
    notes: list[str]

    def __str__(self) -> str:
        what = "made" if self.made else "kept"
        share = "" if self.kept is None else f"; it keeps {self.kept:.0%} of ten nearest"
        return (
            f"{what} the map of {self.products:,} products of {self.index} in {self.seconds:.1f} s by "
            f"{self.method}{share}"
        )


@dataclass(frozen=True)
class MapMaking:
    """What makes and reads the maps of a workspace."""

    tables: TableStore
    indexes: Indexes
    table_rows: Products
    store: MapStore

    def build_map(self, index: str | None, anew: bool) -> MapReport:
        """See `Maps.build_map`."""
        products = self._open(index)
        with _one_at_a_time:
            if not anew and self._is_of_now(products):
                return self._report(self.product_map(products.spec.name), made=False)
            self._make(products)
        return self._report(self.product_map(products.spec.name), made=True)

    def keep_up(self) -> MapReport | str:
        """See `Maps.keep_up`."""
        try:
            products = self._open(None)
            if not self._is_good_enough(products):
                return self.build_map(products.spec.name, True)
            return self._report(self.product_map(products.spec.name), made=False)
        except Exception as error:  # a map fails no build
            said = error.in_words if isinstance(error, VitrineError) else f"{error!r:.300}"
            return f"No map was made: {said}"

    def product_map(self, index: str | None) -> ProductMap:
        """See `Maps.product_map`."""
        products = self._open(index)
        name = products.spec.name
        stamp = self.store.stamp(name)
        if stamp is None:
            raise MapMissing(
                f"Index {name} has no map yet. Make it: vitrine map build --index {name}"
            )
        located, facts = kept(products.version, ("map", stamp), lambda: self._located(products))
        return ProductMap(products, located, facts, self._others(products), _better(facts))

    def _open(self, index: str | None) -> IndexedProducts:
        if index is not None:
            return IndexedProducts.open(self.indexes, self.tables, index)
        try:
            return IndexedProducts.open(self.indexes, self.tables, IMAGE_INDEX)
        except InvalidState:  # no product has a photo
            if not self.indexes.exists(TEXT_INDEX):
                raise
            return IndexedProducts.open(self.indexes, self.tables, TEXT_INDEX)

    def _make(self, products: IndexedProducts) -> None:
        started = time.perf_counter()
        vectors = products.vectors()
        found = projected(vectors, usual_method(), bar)
        facts = {
            "index": products.spec.name,
            "of": products.spec.id,
            "version": products.version.number,
            "method": found.method,
            "wanted": usual_method(),
            "kept": found.kept,
            "seconds": round(time.perf_counter() - started, 3),
        }
        keys = pa.array(products.product_keys())
        made = StoredMap(keys, digests_of(vectors), found.places, facts)
        self.store.write(products.spec.name, made)

    def _is_of_now(self, products: IndexedProducts) -> bool:
        """Whether there is a map with every product, made by the best method that is here."""
        return self._later(products) == 0

    def _is_good_enough(self, products: IndexedProducts) -> bool:
        later = self._later(products)
        return later is not None and later <= _CHANGED * products.count

    def _later(self, products: IndexedProducts) -> int | None:
        """How many products a map lacks that was made as one would be now; None for no such map."""
        try:
            found = self.product_map(products.spec.name)
        except (MapMissing, CorruptFile):
            return None
        return found.later if found.facts.get("wanted") == usual_method() else None

    def _located(self, products: IndexedProducts) -> tuple[Located, dict[str, Any]]:
        name = products.spec.name
        stored = self.store.read(name)
        if stored is None:
            raise MapMissing(f"Index {name} has no map any more: vitrine map build --index {name}")
        facts = dict(stored.facts)
        made_of = (facts.get("of"), facts.get("version"), len(stored.places))
        if made_of == (products.spec.id, products.version.number, products.count):
            return Located(stored.places, np.zeros(products.count, dtype=np.bool_)), facts
        vectors = products.vectors()
        rows = stored.rows_of(products.product_keys(), digests_of(vectors))
        later = rows < 0
        if later.sum() > _UNKNOWN * len(rows):
            raise MapMissing(
                f"The map of index {name} was made of other vectors: {int(later.sum()):,} of "
                f"{len(rows):,} products are not on it. Make it anew: vitrine map build --index {name}"
            )
        places = stored.places[np.maximum(rows, 0)]
        if later.any():
            directions = directions_of(vectors)
            known = np.ascontiguousarray(directions[~later])
            places[later] = places_among(directions[later], known, places[~later])
        return Located(places, later), facts

    def _others(self, products: IndexedProducts) -> int:
        try:
            rows = self.table_rows.now()
        except (NotFound, InvalidState):  # an index of its own
            return 0
        is_shops = products.spec.primary_key == rows.catalogue.key
        return max(0, len(rows) - products.count) if is_shops else 0

    def _report(self, of: ProductMap, made: bool) -> MapReport:
        return MapReport(
            index=of.index,
            version=of.version,
            products=len(of),
            made=made,
            method=of.method,
            kept=of.facts["kept"],
            seconds=of.facts["seconds"] if made else 0.0,
            notes=of.notes,
        )


def _better(facts: dict[str, Any]) -> str | None:
    """How to get a map that keeps neighbours together, where this one does not."""
    if facts.get("wanted") == "t-SNE":
        return None
    return (
        "It was made by principal components, which keep few neighbours together; for a better one: "
        f"{install_line('map')}, then: vitrine map build --anew --index {facts['index']}"
    )
