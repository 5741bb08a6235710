"""What a validation found: by query and search, how many results carry the words. Knows forms only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from engine.shop.evaluation.figures.figure import Figure
from engine.shop.search.result import SearchResult
from engine.shop.validation.recognition import Recognised

SearchName = Literal["image", "keyword", "full_text"]
Aspect = Literal["category", "color", "both"]
ASPECTS: tuple[Aspect, ...] = ("category", "color", "both")


@dataclass(frozen=True)
class Counted:
    """Right results of one aspect.

    Attributes:
        right: how many. of: how many there could be: k, or the products that are right if fewer.
    """

    right: int
    of: int

    @property
    def precision(self) -> float:
        return self.right / self.of


@dataclass(frozen=True)
class Judged:
    """One search for one query.

    Attributes:
        found: results that it had, at most k.
        counted: by aspect, where the query's words name one that products of the index have.
        marks: by result and aspect, whether it is right. result: what was found, for a page.
    """

    search: SearchName
    found: int
    counted: dict[Aspect, Counted]
    marks: tuple[dict[Aspect, bool], ...] = field(repr=False)
    result: SearchResult = field(repr=False, compare=False)


@dataclass(frozen=True)
class QueryJudgement:
    """One query: what its words were taken for, and what each search made of it.

    Attributes:
        why: why it can't be judged; None where it can. Then `judged` is empty.
    """

    query: str
    recognised: Recognised
    why: str | None
    judged: tuple[Judged, ...]


@dataclass(frozen=True)
class Validation:
    """All queries, by each search.

    Attributes:
        index: that was searched. products: how many it has. k: results that were judged.
        searches: in the order of each query's `judged`. notes: what must be known of the encoder.
    """

    index: str
    products: int
    k: int
    searches: tuple[SearchName, ...]
    queries: tuple[QueryJudgement, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """A row for each query and search: found, and right and possible by aspect; None for neither."""
        rows = []
        for one in self.queries:
            for judged in one.judged:
                row: dict[str, Any] = {"query": one.query, "search": judged.search}
                row["found"] = judged.found
                for aspect in ASPECTS:
                    counted = judged.counted.get(aspect)
                    row[f"{aspect}_right"] = None if counted is None else counted.right
                    row[f"{aspect}_of"] = None if counted is None else counted.of
                    row[f"{aspect}_precision"] = (
                        None if counted is None else round(counted.precision, 4)
                    )
                rows.append(row)
        return rows

    def means(self) -> list[dict[str, Any]]:
        """By search and aspect: mean precision over the judged queries, its 95 % interval, their number."""
        found = []
        for place, search in enumerate(self.searches):
            for aspect in ASPECTS:
                figure = _figure(search, aspect, self.queries, place)
                found.append({"search": search, "aspect": aspect, **figure.summary()})
        return found

    def not_judgeable(self) -> dict[str, str]:
        """Queries that can't be judged, and why."""
        return {one.query: one.why for one in self.queries if one.why is not None}

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "index": self.index,
            "products": self.products,
            "k": self.k,
            "means": self.means(),
            "queries": [
                {"query": one.query, "recognised": one.recognised.to_dict(), "why": one.why}
                for one in self.queries
            ],
            "rows": self.rows(),
            "notes": list(self.notes),
        }


def _figure(
    search: SearchName, aspect: Aspect, queries: Sequence[QueryJudgement], place: int
) -> Figure:
    known = {
        one.query: one.judged[place].counted[aspect].precision
        for one in queries
        if one.judged and aspect in one.judged[place].counted
    }
    values = np.array(list(known.values()), dtype=np.float64)
    return Figure(f"{search}:{aspect}", f"{search}, {aspect}", tuple(known), values)
