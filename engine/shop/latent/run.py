"""Latent features of an index, found once for each version and kept. Knows the order of the steps."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import CorruptFile, StorageFailed
from engine.progress import tracked
from engine.service.indexes.operations import Indexes
from engine.shop.evaluation.products import is_held_out
from engine.shop.indexed.products import IndexedProducts
from engine.shop.latent.dimension import Dimension, dimension_of
from engine.shop.latent.findings import Split
from engine.shop.latent.request import DimensionRequest, LatentRequest
from engine.shop.latent.result import AttributeFinding, LatentReport
from engine.store.layout import Layout, read_json, write_json
from engine.store.tables.table_store import TableStore

_MANY = 2000  # products from which a tenth is enough to judge by; else a third is
_FORM = 1  # of what is kept
_one_at_a_time = (
    threading.Lock()
)  # it takes all cores for a minute: who asks meanwhile waits for it


@dataclass(frozen=True)
class LatentFeatures:
    """What looks into the vectors of a workspace's indexes."""

    layout: Layout
    tables: TableStore
    indexes: Indexes

    def dimension(self, request: DimensionRequest) -> Dimension:
        """See `Understanding.latent_dimension`."""
        products = IndexedProducts.open(self.indexes, self.tables, request.index)
        return dimension_of(products, request)

    def known(self, index: str | None) -> LatentReport | None:
        """What is known of an index's version as it is, at once; None for nothing."""
        return self._kept(IndexedProducts.open(self.indexes, self.tables, index))

    def attributes(self, index: str | None) -> list[str]:
        """The columns that features are found of, in the catalogue's order."""
        return _attributes(IndexedProducts.open(self.indexes, self.tables, index))

    def features(self, request: LatentRequest) -> LatentReport:
        """See `Understanding.latent_features`."""
        request.check()
        products = IndexedProducts.open(self.indexes, self.tables, request.index)
        every = _attributes(products)
        asked = request.attributes
        names = every if asked is None else [products.attribute(name) for name in asked]
        known = None if request.anew else self._kept(products)
        if known is None or _missing(known, names):
            with _one_at_a_time:
                known = self._completed(products, names, request.anew)
        return known.only(list(dict.fromkeys(names)))

    def _completed(self, products: IndexedProducts, names: list[str], anew: bool) -> LatentReport:
        """What is known by now, and what is missing of it, kept."""
        known = None if anew else self._kept(products)
        missing = _missing(known, names)
        if known is not None and not missing:
            return known
        found = self._found(products, missing)
        known = found if known is None else _joined(known, found)
        self._keep(products, known)
        return known

    def _found(self, products: IndexedProducts, names: list[str]) -> LatentReport:
        hold_out = 10 if products.count >= _MANY else 3
        held = np.array(
            [is_held_out(key, hold_out) for key in products.product_keys()], dtype=np.bool_
        )
        kind = products.catalogue.kind
        kinds = None if kind is None else products.groups(kind).codes
        split = Split(products.vectors(), held, kinds)
        every = list(dict.fromkeys(names))
        # At once: the first attribute of a large catalogue takes a while.
        each = tracked(every, total=len(every), unit="attribute", desc="latent", delay=0)
        return LatentReport(
            index=products.spec.name,
            version=products.version.number,
            products=products.count,
            dimensions=products.spec.dimension,
            hold_out=hold_out,
            attributes={name: _finding(products, split, name) for name in each},
        )

    def _kept(self, products: IndexedProducts) -> LatentReport | None:
        """What is known of this very version; None for nothing, or where it can't be read."""
        with contextlib.suppress(FileNotFoundError, CorruptFile, StorageFailed):
            kept = read_json(self.layout.latent_file(products.spec.name))
            if kept.get("of") == _stamp(products):
                with contextlib.suppress(KeyError, TypeError, AttributeError):
                    return LatentReport.from_dict(kept["report"])
        return None

    def _keep(self, products: IndexedProducts, report: LatentReport) -> None:
        """Keep it, where the workspace can be written to; else it is found again by the next one."""
        name = products.spec.name
        with contextlib.suppress(StorageFailed), self.layout.writing(f"latent-{name}"):
            document = {"of": _stamp(products), "report": report.to_dict()}
            write_json(self.layout.latent_file(name), document)


def _attributes(products: IndexedProducts) -> list[str]:
    catalogue = products.catalogue
    return [*catalogue.attributes, *([catalogue.price] if catalogue.price else [])]


def _missing(known: LatentReport | None, names: list[str]) -> list[str]:
    return [name for name in names if known is None or name not in known.attributes]


def _stamp(products: IndexedProducts) -> dict[str, Any]:
    """Which vectors and columns it is about."""
    return {
        "form": _FORM,
        "index": products.spec.id,
        "version": products.version.number,
        "catalogue": repr(products.catalogue),
    }


def _finding(products: IndexedProducts, split: Split, name: str) -> AttributeFinding:
    role = products.role_of(name)
    if name == products.catalogue.price:
        prices = products.prices()
        assert prices is not None
        return split.of_numbers(name, role, prices)
    return split.of_values(name, role, products.groups(name))


def _joined(known: LatentReport, found: LatentReport) -> LatentReport:
    both = {**known.attributes, **found.attributes}
    return LatentReport(
        known.index, known.version, known.products, known.dimensions, known.hold_out, both
    )
