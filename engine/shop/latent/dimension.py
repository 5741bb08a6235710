"""Both ends of one dimension, as products. Knows products' vectors; not files."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.core.arrays import Rows
from engine.core.reply import json_value
from engine.shop.indexed.products import IndexedProducts
from engine.shop.latent.request import DimensionRequest
from engine.shop.latent.separation import Floats, share_by_chance, shares
from engine.shop.short_tables import short_table
from engine.text_table import Column

_SHOWN = 5  # products of each end at a prompt


@dataclass(frozen=True)
class Common:
    """The most common value of a column among some products: how many of how many have it."""

    value: str
    products: int
    known: int


@dataclass(frozen=True)
class End:
    """The products of one end, the outermost first.

    Attributes:
        products: their columns, and `value` of the dimension.
        common: by column (categories and colour), the most common value; none where none is known.
        mean_price: of the `priced` ones; None for none.
    """

    products: tuple[dict[str, Any], ...]
    common: dict[str, Common]
    mean_price: float | None
    priced: int


@dataclass(frozen=True)
class Dimension:
    """One dimension of an index's vectors.

    Attributes:
        products: how many the index has. least, mean, most, deviation: of its values.
        highest, lowest: both ends.
        tells: by attribute, which share of the dimension's variance lies between the attribute's
            values (0 to 1), and which would by chance.
    """

    dimension: int
    index: str
    version: int
    products: int
    least: float
    mean: float
    most: float
    deviation: float
    highest: End
    lowest: End
    tells: dict[str, dict[str, float]]

    def __repr__(self) -> str:
        heading = f"dimension {self.dimension} of {self.index}: {self.least:.4f} to {self.most:.4f}"
        ends = {"highest": self.highest.products, "lowest": self.lowest.products}
        rows = [{"end": end, **row} for end, of in ends.items() for row in of[:_SHOWN]]
        names = list(rows[0])[1:3] if rows else []
        first = [Column(name, is_kept=True, is_left=True) for name in ("end", *names)]
        return short_table(heading, rows, [*first, Column("value", form=".4f", is_kept=True)])

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def dimension_of(products: IndexedProducts, request: DimensionRequest) -> Dimension:
    """Look at one dimension.

    Raises:
        InvalidParameterValue: no such dimension.
    """
    request.check(products.spec.dimension)
    parts = [v[:, request.dimension] for _, v in products.blocks(1 << 16)]
    values = np.concatenate(parts).astype(np.float64)
    order = np.argsort(values, kind="stable")
    return Dimension(
        dimension=request.dimension,
        index=products.spec.name,
        version=products.version.number,
        products=len(values),
        least=float(values.min()),
        mean=float(values.mean()),
        most=float(values.max()),
        deviation=float(values.std()),
        highest=_end(products, values, order[::-1][: request.k]),
        lowest=_end(products, values, order[: request.k]),
        tells=_tells(products, values),
    )


def _end(products: IndexedProducts, values: Floats, rows: Rows) -> End:
    found = products.rows(rows)
    catalogue = products.catalogue
    shown = [*catalogue.categories, *([catalogue.color] if catalogue.color else [])]
    common = {name: _common([row[name] for row in found]) for name in shown}
    prices = products.prices()
    priced = np.empty(0) if prices is None else prices[rows][~np.isnan(prices[rows])]
    return End(
        products=tuple(
            {
                **{
                    name: json_value(value, integers_as_floats=False) for name, value in row.items()
                },
                "value": float(values[place]),
            }
            for place, row in zip(rows, found)
        ),
        common={name: value for name, value in common.items() if value is not None},
        mean_price=float(priced.mean()) if len(priced) else None,
        priced=len(priced),
    )


def _common(values: list[Any]) -> Common | None:
    known = [str(value) for value in values if value is not None and value != ""]
    if not known:
        return None
    value, count = min(Counter(known).items(), key=lambda item: (-item[1], item[0]))
    return Common(value, count, len(known))


def _tells(products: IndexedProducts, values: Floats) -> dict[str, dict[str, float]]:
    found = {}
    for column in products.catalogue.attributes:
        groups = products.groups(column)
        if len(groups.names) > 1:
            share = float(shares(values[:, None], groups.codes)[0])
            chance = share_by_chance(groups.codes)
            found[column] = {"share": round(share, 4), "by_chance": round(chance, 4)}
    return found
