"""What a validation found, as figures, as JSON and as a page. Knows forms; not how it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.text_table import Column
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.evaluation.figures.figure import Figure
from engine.shop.search.result import page_file
from engine.shop.short_tables import short_table
from engine.shop.validation.page import page_of
from engine.shop.validation.result import ASPECTS, Aspect, QueryJudgement, SearchName


@dataclass(frozen=True)
class Validation:
    """All queries, by each search.

    Attributes:
        index: that was searched. products: how many it has. k: results that were judged.
        searches: in the order of each query's `judged`. notes: what must be known of the encoder.
        catalogue: what the columns of results mean.
    """

    index: str
    products: int
    k: int
    searches: tuple[SearchName, ...]
    queries: tuple[QueryJudgement, ...]
    catalogue: Catalogue
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
        """By search and aspect: mean precision over the judged queries, 95 % interval, their number."""
        found = []
        for place, search in enumerate(self.searches):
            for aspect in ASPECTS:
                figure = _figure(search, aspect, self.queries, place)
                found.append({"search": search, "aspect": aspect, **figure.summary()})
        return found

    def __repr__(self) -> str:
        heading = (
            f"{len(self.queries):,} queries of {self.index}; mean precision of the first {self.k}"
        )
        return short_table(heading, self.mean_rows(), self.mean_columns())

    def shares(self) -> list[dict[str, Any]]:
        """As `rows`, in words: `category`, `color` and `both` are such as "8 of 10", "" for none."""
        return [
            {**row, **{aspect: _share(row, aspect) for aspect in ASPECTS}} for row in self.rows()
        ]

    def mean_rows(self) -> list[dict[str, Any]]:
        """As `means`, in words: a row for each search, with the interval."""
        by = {(row["search"], row["aspect"]): row for row in self.means()}
        return [
            {"search": search, **{aspect: _mean(by[search, aspect]) for aspect in ASPECTS}}
            for search in self.searches
        ]

    def mean_columns(self) -> list[Column]:
        """The columns of `mean_rows`, headed also by how many queries are judged."""
        judged = {row["aspect"]: row["n"] for row in self.means()}
        aspects = [Column(name, f"{name}, n={judged.get(name, 0)}", least=21) for name in ASPECTS]
        return [Column("search", is_kept=True), *aspects]

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

    def to_html(self) -> str:
        """One page with the photos that each search found, marked right or wrong; all is inside it."""
        title = f"What searches of {self.index} find"
        return page_of(title, self.means(), self.queries, self.catalogue)

    def save(self, path: str | Path) -> Path:
        """Write `to_html()` to a file and return its path.

        Raises:
            InvalidInputException: the file's folder does not exist.
        """
        file = page_file(path)
        file.write_text(self.to_html(), encoding="utf-8")
        return file


def _share(row: Mapping[str, Any], aspect: Aspect) -> str:
    right, of = row[f"{aspect}_right"], row[f"{aspect}_of"]
    return "" if right is None else f"{right} of {of}"


def _mean(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return ""
    low, high = row["interval"]
    return f"{row['value']:.3f} ({low:.2f} to {high:.2f})"


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
