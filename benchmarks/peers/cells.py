"""Which queries are asked, under which filters?

A cell is one line of questions for everyone: without a filter, under one of four filters that
were asked before, or, in `new`, under a filter that was never asked and once more right after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from catalogue import Catalogue
from filters import Filters

NEW = "new"


@dataclass(frozen=True)
class Cell:
    """Queries by their numbers, a filter for each, and the filter to warm up with.

    Not judged: no right answers are known, because the catalogue was written to.
    """

    name: str
    asked: list[int]
    filters: list[Filters | None]
    warm: Filters | None = None
    judged: bool = True


def make_cells(catalogue: Catalogue, queries: int) -> dict[str, Cell]:
    numbers = list(range(queries))
    out = {"none": Cell("none", numbers, [None] * queries)}
    for name, one in catalogue.filters.items():
        out[name] = Cell(name, numbers, [one] * queries, one)
    pairs = [one for one in unseen_filters(catalogue, queries // 2) for _ in range(2)]
    out[NEW] = Cell(NEW, numbers[: len(pairs)], pairs)  # another query when it is asked again
    return out


def unseen_filters(catalogue: Catalogue, number: int) -> list[Filters]:
    """Different filters, alone or combined, each of which keeps at least one product."""
    rng = np.random.default_rng(1)
    chosen = catalogue.table.take(rng.integers(0, len(catalogue.table), number)).to_pylist()
    widths = rng.uniform(0.5, 40, (number, 2))
    return [
        combined(product, place, *width)
        for place, (product, width) in enumerate(zip(chosen, widths.tolist()))
    ]


def combined(product: dict, place: int, below: float, above: float) -> Filters:
    """A filter that a product passes, of one of four forms in turn; its bounds are its own."""
    low, high = product["price"] - below, product["price"] + above
    forms = (
        ((), {"price >=": low, "price <": high}),
        (("master_category",), {"price <": high}),
        (("gender", "base_color"), {"price >=": low}),
        (("article_type", "season"), {"price <": high}),
    )
    names, bounds = forms[place % len(forms)]
    return {name: product[name] for name in names if product[name] is not None} | bounds
