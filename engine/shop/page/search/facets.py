"""The facets of the search view: what can be chosen, how many products are left by it, what is chosen.

Knows roles of columns and counts; not HTML, and not how they are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.schema import Columns
from engine.shop.browsing.narrowing import Narrowed, NarrowingRequest, Prices
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import Asked
from engine.shop.page.search.colors import swatch_of

SHOWN = 8  # values of a facet at once; the others are behind "more"
_COUNTABLE = ("string", "int", "float", "decimal", "boolean", "date")
_NUMBERS = ("int", "float", "decimal")
_BAR_WIDTH, _HEIGHT = 8, 40  # of the histogram's drawing


@dataclass(frozen=True)
class Value:
    """One value of a facet.

    Attributes:
        text: as the address has it. count: products that are left when it is chosen.
        swatch: #rrggbb, "many", or None where the facet has no colours or the word is unknown.
    """

    text: str
    count: int
    is_chosen: bool
    swatch: str | None = None


@dataclass(frozen=True)
class Facet:
    """One attribute.

    Attributes:
        column: of the catalogue. title: for a heading. has_swatches: whether values are colours.
        finer: columns whose choices go when one of these is changed.
        values: shown at once. more: the others.
    """

    column: str
    title: str
    has_swatches: bool
    finer: tuple[str, ...]
    values: tuple[Value, ...]
    more: tuple[Value, ...]


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram, in the drawing's own units."""

    x: int
    y: float
    height: float
    is_inside: bool


@dataclass(frozen=True)
class PriceRange:
    """The range of prices, and how they are spread.

    Attributes:
        low, high: of the catalogue, as whole numbers around it. currency: the sign before them.
    """

    low: int
    high: int
    least: float | None
    most: float | None
    currency: str
    bars: tuple[Bar, ...]
    width: int
    height: int


def narrowing_of(
    asked: Asked,
    catalogue: Catalogue,
    columns: Columns,
    index: str | None,
) -> NarrowingRequest:
    """What is to be counted for a query.

    Args:
        index: that answers it; None for one by words, or for all products.
    """
    facets = {}
    levels = catalogue.categories
    for name in catalogue.attributes:
        if name in columns and columns[name].kind in _COUNTABLE:
            facets[name] = levels[levels.index(name) + 1 :] if name in levels else ()
    price = catalogue.price if catalogue.price in columns else None
    return NarrowingRequest(
        filters=asked.filters_by_column(catalogue, columns),
        columns=facets,
        price=price if price and _is_number(columns, price) else None,
        words=asked.words if asked.by == "words" else None,
        index=index,
        without=[term.value for term in asked.terms if term.kind == "product"],
    )


def facets_of(asked: Asked, catalogue: Catalogue, narrowed: Narrowed) -> list[Facet]:
    """The facets that have anything to choose, in the catalogue's order."""
    out = []
    wanted = dict(_shown_columns(asked, catalogue, narrowed))
    for column, title in wanted.items():
        chosen = asked.chosen.get(column, ())
        has_swatches = column == catalogue.color
        values = _values(narrowed.counts[column], chosen, has_swatches)
        if column == catalogue.year:
            values.sort(key=lambda value: value.text, reverse=True)
        if not values or (len(values) == 1 and not chosen and not values[0].count):
            continue
        count = SHOWN * 2 if has_swatches else SHOWN
        first = [value for place, value in enumerate(values) if place < count or value.is_chosen]
        rest = [value for value in values[count:] if not value.is_chosen]
        if len(rest) == 1:  # takes no more room than the word "more"
            first, rest = first + rest, []
        levels = catalogue.categories
        finer = levels[levels.index(column) + 1 :] if column in levels else ()
        out.append(Facet(column, title, has_swatches, finer, tuple(first), tuple(rest)))
    return out


def prices_of(asked: Asked, catalogue: Catalogue, prices: Prices | None) -> PriceRange | None:
    """The range of prices; None where the catalogue has none."""
    if prices is None or (not any(prices.counts) and asked.least is None and asked.most is None):
        return None
    highest = max(prices.counts) or 1
    step = (prices.high - prices.low) / len(prices.counts)
    bars = []
    for place, count in enumerate(prices.counts):
        low = prices.low + place * step
        is_last = place == len(prices.counts) - 1
        above = asked.least is None or low + step > asked.least or is_last
        below = asked.most is None or low < asked.most
        height = round(_HEIGHT * count / highest, 1)
        height = max(height, 1.0) if count else 0.0
        bars.append(Bar(place * _BAR_WIDTH, _HEIGHT - height, height, above and below))
    return PriceRange(
        low=int(prices.low // 1),
        high=-int(-prices.high // 1),
        least=asked.least,
        most=asked.most,
        currency=catalogue.currency,
        bars=tuple(bars),
        width=len(bars) * _BAR_WIDTH,
        height=_HEIGHT,
    )


def title_of_column(column: str, catalogue: Catalogue) -> str:
    """What a column is called in headings: its role, or its name."""
    if column in catalogue.categories:
        return "Category" if column == catalogue.categories[0] else "Kind"
    roles = ("color", "gender", "season", "usage", "year", "price")
    role = next((role for role in roles if getattr(catalogue, role) == column), None)
    words = {"color": "Colour", "usage": "Occasion", None: column.replace("_", " ")}
    return words.get(role) or str(role).capitalize()


def _is_number(columns: Columns, name: str) -> bool:
    return columns[name].kind in _NUMBERS and not columns[name].is_array


def _shown_columns(
    asked: Asked, catalogue: Catalogue, narrowed: Narrowed
) -> Iterator[tuple[str, str]]:
    """Columns and titles: of categories the coarsest, and finer ones within what was chosen."""
    goes_on = True
    above: Sequence[str] = ()
    for column in catalogue.attributes:
        counts = narrowed.counts.get(column)
        if counts is None:
            continue
        if column not in catalogue.categories:
            yield column, title_of_column(column, catalogue)
            continue
        chosen = asked.chosen.get(column, ())
        if goes_on or chosen:
            title = title_of_column(column, catalogue)
            yield column, f"Within {', '.join(above)}" if above else title
        goes_on = bool(chosen) or (goes_on and len(counts) <= 1)
        above = chosen or above


def _values(
    counts: Sequence[tuple[Any, int]], chosen: Sequence[str], has_swatches: bool
) -> list[Value]:
    """Values that can be chosen or are; most first, those that are left without a product at the end."""
    found = {}
    for value, count in counts:
        text = str(value)
        if text.strip():
            swatch = swatch_of(text) if has_swatches else None
            found[text] = Value(text, count, text in chosen, swatch)
    for text in chosen:
        if text not in found:
            found[text] = Value(text, 0, True, swatch_of(text) if has_swatches else None)
    return list(found.values())
