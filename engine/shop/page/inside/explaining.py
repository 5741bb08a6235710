"""A query of the search page explained: how it was answered, and what an exact search finds instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from engine.core.schema import Columns
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import Asked, By
from engine.shop.page.cards import product_url, title_of
from engine.shop.page.inside.steps import Steps, steps_of
from engine.shop.page.results import PAGE
from engine.shop.search.request import SearchRequest
from engine.shop.search.result import SearchResult

Search = Callable[[SearchRequest], SearchResult]


@dataclass(frozen=True)
class Compared:
    """A product that either search found.

    Attributes:
        place, exact_place: from 1, where it stands as the query is answered, and where exactly; None
            where it was not found so.
    """

    key: str
    title: str
    href: str
    place: int | None
    exact_place: int | None
    score: float


@dataclass(frozen=True)
class Explained:
    """How one search was answered.

    Attributes:
        title: what is searched for, in words. how: by meaning, or by words.
        steps: of the search as it is. exact_steps: of the exact one; None where it is exact by itself.
        recall: share of the exact results that were found; None where there is nothing to compare.
        rows: the products of both, in the order found, then those that were missed.
        note: what must be known of the encoder.
    """

    title: str
    how: str
    index: str
    steps: Steps
    plan: tuple[str, ...]
    exact_steps: Steps | None
    exact_plan: tuple[str, ...]
    recall: float | None
    rows: tuple[Compared, ...]
    filtered: tuple[str, ...]
    note: str | None

    @property
    def is_same(self) -> bool:
        """Whether the exact search finds the same products in the same order."""
        return all(row.place == row.exact_place for row in self.rows)


def explained(
    asked: Asked, photo: bytes | None, search: Search, catalogue: Catalogue, columns: Columns
) -> list[Explained]:
    """The searches that an address asks for, each carried out as it is, and exactly.

    Args:
        photo: the bytes of its photo. columns: of the products.

    Raises:
        as `Shop.search`, and `Asked.filters`.
    """
    ways: tuple[By, ...] = ("meaning", "words") if asked.by == "both" else (asked.by,)
    filters = asked.filters(catalogue, columns) or None
    found = []
    for way in ways:
        request = replace(asked, by=way).request(photo, filters=filters, k=PAGE)
        found.append(_explained(request, search))
    return found


def _explained(request: SearchRequest, search: Search) -> Explained:
    result = search(request)
    exact = None if request.keyword else search(replace(request, exact=True))
    rows = _compared(result, result if exact is None else exact)
    return Explained(
        title=result.query,
        how="by words, from the table itself" if request.keyword else "by meaning",
        index=result.index,
        steps=_steps(result),
        plan=result.plan,
        exact_steps=None if exact is None else _steps(exact),
        exact_plan=() if exact is None else exact.plan,
        recall=None if exact is None else _recall(result, exact),
        rows=rows,
        filtered=_conditions(request.filters),
        note=result.note,
    )


def _steps(result: SearchResult) -> Steps:
    return steps_of({name.removesuffix("_ms"): ms for name, ms in result.timings.items()})


def _recall(result: SearchResult, exact: SearchResult) -> float | None:
    if not exact.keys:
        return None
    return len(set(result.keys) & set(exact.keys)) / len(exact.keys)


def _compared(result: SearchResult, exact: SearchResult) -> tuple[Compared, ...]:
    places = {key: place for place, key in enumerate(result.keys, 1)}
    exactly = {key: place for place, key in enumerate(exact.keys, 1)}
    rows: dict[Any, dict[str, Any]] = dict(zip(exact.keys, exact.to_dicts()))
    rows |= dict(zip(result.keys, result.to_dicts()))
    order = [*result.keys, *(key for key in exact.keys if key not in places)]
    return tuple(
        Compared(
            str(key),
            title_of(rows[key], key, result.catalogue),
            product_url(key),
            places.get(key),
            exactly.get(key),
            rows[key]["score"],
        )
        for key in order
    )


def _conditions(filters: object) -> tuple[str, ...]:
    if not isinstance(filters, dict):
        return ()
    return tuple(
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in filters.items()
    )
