"""What a map can be coloured by: few values, and which product has which. Knows indexed products."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.shop.indexed.products import Groups, IndexedProducts

Codes = npt.NDArray[np.uint8]
_MOST = 250  # values that are told apart; codes take one byte
OTHERS = "other values"
_BANDS = 5


@dataclass(frozen=True)
class Attribute:
    """An attribute of the products on a map.

    Attributes:
        column: of the catalogue. role: `color`, `kind`, ...; None for one of no role.
        values: in the order of a legend. counts: products with each.
        codes: (n,) the place of each product's value from 1; 0 for none.
        is_ordered: whether the order of its values means something, as that of years or prices does.
    """

    column: str
    role: str | None
    values: tuple[str, ...]
    counts: tuple[int, ...]
    codes: Codes
    is_ordered: bool

    def to_dict(self) -> dict[str, Any]:
        """As a legend: everything but the codes."""
        return {
            "column": self.column,
            "role": self.role,
            "values": list(self.values),
            "counts": list(self.counts),
            "without": len(self.codes) - sum(self.counts),
            "is_ordered": self.is_ordered,
        }


def attributes_of(products: IndexedProducts) -> dict[str, Attribute]:
    """Every attribute of the catalogue that the index carries, and prices in bands."""
    catalogue = products.catalogue
    out = {}
    for column in catalogue.attributes:
        groups = products.groups(column)
        role = products.role_of(column)
        out[column] = _of_groups(column, role, groups, is_ordered=role == "year")
    prices = products.prices()
    if catalogue.price is not None and prices is not None:
        out[catalogue.price] = _of_prices(catalogue.price, prices, catalogue.price_levels)
    return out


def _of_groups(column: str, role: str | None, groups: Groups, is_ordered: bool) -> Attribute:
    """Values with the most products first, or in their own order."""
    counts = groups.counts()
    order = np.argsort(-counts, kind="stable")
    shown = order[: _MOST - 1] if len(order) > _MOST else order
    rest = len(order) > _MOST
    if is_ordered:
        shown = np.sort(shown)
    code_of = np.full(len(counts) + 1, len(shown) + 1, dtype=np.int64)
    code_of[shown] = np.arange(1, len(shown) + 1)
    code_of[-1] = 0  # of products without a value, which groups know as -1
    codes = code_of[groups.codes].astype(np.uint8)
    values = [groups.names[place] for place in shown.tolist()] + [OTHERS] * rest
    return _counted(column, role, values, codes, is_ordered)


def _of_prices(
    column: str, prices: npt.NDArray[np.float64], levels: tuple[float, ...] | None
) -> Attribute:
    """Prices in bands: those of the catalogue, or as many products in each."""
    known = prices[~np.isnan(prices)]
    if levels is None:
        shares = np.arange(1, _BANDS) / _BANDS
        levels = tuple(np.unique(np.quantile(known, shares)).tolist()) if len(known) else ()
    values = [f"{low:,.4g} to {high:,.4g}" for low, high in pairwise(levels)]
    if levels:
        values = [f"under {levels[0]:,.4g}", *values, f"{levels[-1]:,.4g} and more"]
    else:
        values = ["any price"]
    bands = np.searchsorted(np.array(levels), np.nan_to_num(prices), side="right") + 1
    codes = np.where(np.isnan(prices), 0, bands).astype(np.uint8)
    return _counted(column, "price", values, codes, is_ordered=True)


def _counted(
    column: str, role: str | None, values: list[str], codes: Codes, is_ordered: bool
) -> Attribute:
    counts = np.bincount(codes, minlength=len(values) + 1)[1:].tolist()
    return Attribute(column, role, tuple(values), tuple(counts), codes, is_ordered)
