"""What the map's view shows of an address: which products are lit, and which stand below it.

    /map?colour=base_color&value=Red&lasso=0,0,900,0,900,900&q=red+dress&view=0,0,1

colour   the attribute that points are coloured by; value: the one of its values that is singled out
lasso    a polygon: corners as x,y,x,y, of which products within stand below the map
index    another index's map; view: what of it is seen, for scripts alone
The rest is a query as in the address of the search, whose results light up.

Knows maps and forms; not HTML or transport.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

from engine.core.arrays import Rows
from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.page.address import Asked, read_address
from engine.shop.page.cards import Card, cards_of
from engine.shop.page.results import PAGE, Found
from engine.shop.page.swatches import swatch
from engine.shop.projection.attributes import Attribute
from engine.shop.projection.polygons import Corners, corners_of
from engine.shop.projection.product_map import ProductMap
from engine.shop.search.result import SearchResult

_OWN = ("colour", "value", "lasso", "index", "view")
LIT = 200  # results that light up
FOUND_PATH = "/page/map/found"


@dataclass(frozen=True)
class MapAsked:
    """What an address of the map asks for.

    Attributes:
        own: its own parts, by name. search: the query whose results light up.
    """

    own: Mapping[str, str]
    search: Asked

    @property
    def index(self) -> str | None:
        return self.own.get("index")

    @property
    def value(self) -> str | None:
        return self.own.get("value")

    @property
    def lasso(self) -> Corners | None:
        """Raises InvalidParameterValue: it is no polygon."""
        text = self.own.get("lasso")
        return None if text is None else corners_of(text)

    @property
    def chooses(self) -> bool:
        """Whether it asks for some of the products."""
        return bool(self.value or "lasso" in self.own or self.search.is_search)

    def colour(self, of: ProductMap) -> Attribute | None:
        """The attribute that points are coloured by: the coarsest category, if none is named.

        Raises:
            InvalidParameterValue: the map has no such attribute.
        """
        named = self.own.get("colour")
        if named is not None:
            return of.attribute(named)
        return next(iter(of.attributes.values()), None)

    def url(self, path: str = "/map", **changed: str | None) -> str:
        """The address with parts of its own changed; None leaves one out."""
        own = {name: value for name, value in {**self.own, **changed}.items() if value}
        query = urlencode([*own.items(), *self.search.items()], safe=",")
        return f"{path}?{query}" if query else path


def read_map_address(items: Iterable[tuple[str, str]]) -> MapAsked:
    """What an address asks for; empty parts count as left out.

    Raises:
        InvalidParameterValue: a part that is unknown, there twice, or of another form.
    """
    own: dict[str, str] = {}
    rest = []
    for name, value in items:
        if name not in _OWN:
            rest.append((name, value))
        elif value.strip():
            if name in own:
                raise InvalidParameterValue(f"{name!r} is there twice in the address.")
            own[name] = value
    return MapAsked(own, read_address(rest))


@dataclass(frozen=True)
class LegendEntry:
    """A value of the legend: what it is called, how many products have it, where it leads."""

    value: str
    count: int
    code: int
    swatch: str | None
    url: str
    is_chosen: bool


def legend_of(asked: MapAsked, attribute: Attribute) -> list[LegendEntry]:
    """The values that points are coloured by."""
    out = []
    is_colour = attribute.role == "color"
    for place, (value, count) in enumerate(zip(attribute.values, attribute.counts)):
        chosen = value == asked.value
        url = asked.url(value=None if chosen else value, colour=attribute.column)
        entry = LegendEntry(
            value, count, place + 1, swatch(value) if is_colour else None, url, chosen
        )
        out.append(entry)
    return out


def swatches_of(of: ProductMap) -> dict[str, list[str | None]]:
    """Column of colours -> the colour of each of its values, for scripts."""
    return {
        name: [swatch(value) for value in each.values]
        for name, each in of.attributes.items()
        if each.role == "color"
    }


def lit_of(of: ProductMap, result: SearchResult | None) -> dict[str, Any]:
    """Which rows a search lights up, best first, and where the query lies itself."""
    keys = [] if result is None else list(result.keys)
    rows = of.rows_of(keys)
    return {
        "tag": of.tag,
        "rows": rows[rows >= 0].tolist(),
        "place": of.place_of(keys),
        "query": None if result is None else result.query,
    }


def chosen_rows(of: ProductMap, asked: MapAsked, result: SearchResult | None) -> Rows:
    """The products below the map: of the lasso, else of the search, else of the value.

    In a lasso what the search found comes first. A value leaves those that have it.

    Raises:
        InvalidParameterValue: a lasso, an attribute or a value that can't be.
    """
    found = of.rows_of([] if result is None else result.keys)
    found = found[found >= 0]
    if (corners := asked.lasso) is not None:
        within = of.inside(corners)
        first = found[np.isin(found, within)]
        rows = np.concatenate([first, within[~np.isin(within, first)]])
    elif result is not None:
        rows = found
    else:
        rows = np.arange(len(of), dtype=np.int64)
    attribute = asked.colour(of)
    if asked.value is None or attribute is None:
        return rows
    has_it = of.of_value(attribute.column, asked.value)
    return np.asarray(rows[has_it[rows]])


def found_on_map(
    of: ProductMap, asked: MapAsked, result: SearchResult | None, offset: int
) -> Found:
    """One page of the products below the map."""
    rows = chosen_rows(of, asked, result)
    some = rows[offset : offset + PAGE]
    cards = map_cards(of, some, offset + 1)
    more = offset + PAGE < len(rows)
    next_url = f"{asked.url(FOUND_PATH)}&offset={offset + PAGE}" if more else None
    end = "" if len(rows) else _advice(asked)
    return Found(cards, _heading(asked, result, len(rows)), next_url, next_url, end)


def map_cards(of: ProductMap, rows: Rows, first_rank: int | None = None) -> list[Card]:
    """Cards of some products of the map."""
    return cards_of(
        of.products.rows(rows), of.keys(rows), of.products.catalogue, first_rank=first_rank
    )


def _heading(asked: MapAsked, result: SearchResult | None, count: int) -> str:
    what = f"{asked.value} · " if asked.value else ""
    if "lasso" in asked.own:
        where = "in the area that you chose"
    elif result is not None:
        where = f"nearest to {result.query}"
    else:
        where = "on the map"
    return f"{what}{count:,} product{'' if count == 1 else 's'} {where}"


def _advice(asked: MapAsked) -> str:
    """What would let more be found."""
    if "lasso" in asked.own:
        return "Draw the lasso around some points, or give up the value that is singled out."
    return "Give up the value that is singled out, or ask otherwise."


def row_of(text: str, count: int) -> int:
    """The number of a row in an address. Raises InvalidParameterValue: there is none such."""
    if not text.isascii() or not text.isdecimal() or int(text[:12]) >= count:
        raise InvalidParameterValue(
            f"row is {shown(text)}; expected an integer from 0 to {count - 1:,}."
        )
    return int(text)
