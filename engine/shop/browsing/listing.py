"""One page of products: filtered, sorted, counted. Knows requests; not where rows come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from engine.core.ranking.sorting import parse_sort
from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.browsing.rows import Facets, ProductRows
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.short_tables import products_table

DEFAULT_LIMIT = 20
MAX_LIMIT = 200


@dataclass(frozen=True)
class ListRequest:
    """A page of products, as it was asked for.

    Attributes:
        filters: as in the API, `{"price <": 50, "gender": "Women"}` or `"price < 50"`.
        sort: `"price DESC"` and the like, or a list of them; by key otherwise, and among equals.
        limit: products wanted, 1 to 200. offset: how many come before them.
        facets: counts over all that match, such as "season" or "price BUCKETS [[0,30],[30,60]]".
    """

    _: KW_ONLY
    filters: object = None
    sort: str | Sequence[str] | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    facets: Sequence[str] | None = None

    def check(self) -> None:
        """Raises InvalidParameterValue: a limit or an offset that can't be."""
        check_count("limit", self.limit, 1, MAX_LIMIT)
        check_count("offset", self.offset, 0, 2**31 - 1)


@dataclass(frozen=True)
class ProductPage:
    """A page of products.

    Attributes:
        products: dicts of every column of the products table, in order. keys: of each.
        total: how many products match, on all pages.
        offset: how many come before these. next_offset: that of the next page; None on the last.
        facets: by column, (value or range, count), most first.
        catalogue: what the products' columns mean.
    """

    products: list[dict[str, Any]]
    keys: list[Any]
    total: int
    offset: int
    next_offset: int | None
    facets: Facets
    catalogue: Catalogue = field(default=FASHION, repr=False)

    def __repr__(self) -> str:
        last = self.offset + len(self.products)
        shown = f"{self.offset + 1:,} to {last:,}" if self.products else "none"
        heading = f"{shown} of {self.total:,} products"
        return products_table(heading, self.products, self.catalogue, self.offset)


def check_count(name: str, value: object, low: int, high: int) -> None:
    """Raises InvalidParameterValue where a number is no integer from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidParameterValue(
            f"{name} is {shown(value)}; expected an integer from {low:,} to {high:,}."
        )


def page_of(rows: ProductRows, request: ListRequest) -> ProductPage:
    """The page of a request.

    Raises:
        BadRequest, InvalidParameterValue: a filter, an order or a facet that can't be.
    """
    request.check()
    clauses = [request.sort] if isinstance(request.sort, str) else request.sort
    order = parse_sort(clauses, rows.columns)
    found = rows.matching(request.filters)
    facets = rows.facets(request.facets, found)
    end = request.offset + request.limit
    cut = rows.ordered(found, order)[request.offset : end]
    return ProductPage(
        products=rows.take(cut),
        keys=rows.values(rows.catalogue.key, cut),
        total=len(found),
        offset=request.offset,
        next_offset=end if end < len(found) else None,
        facets=facets,
        catalogue=rows.catalogue,
    )
