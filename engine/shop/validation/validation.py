"""What a validation found, as figures, as JSON and as a page. Knows forms; not how it was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.evaluation.figures.figure import Figure
from engine.shop.search.result import Link, SearchResult, page_file
from engine.shop.short_tables import short_table
from engine.shop.validation.result import ASPECTS, Aspect, Judged, QueryJudgement, SearchName
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.shop.page.sheets import Section

# Searches in words.
SAID = {"image": "by meaning (photos)", "keyword": "every word", "full_text": "FULL_TEXT (BM25)"}


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

    def to_html(self, server: str | None = None) -> str:
        """One page with the photos that each search found, marked right or wrong; all is inside it.

        Args:
            server: see `SearchResult.to_html`.
        """
        return self._sheet(lambda result: result.product_links(server))

    def save(self, path: str | Path, server: str | None = None) -> Path:
        """Write `to_html()` to a file and return its path; cards lead to their photos' files.

        Args:
            server: see `SearchResult.to_html`; cards lead to their products there instead.

        Raises:
            InvalidInputException: the file's folder does not exist.
        """
        file = page_file(path)

        def links(result: SearchResult) -> Link:
            return result.product_links(server) if server else result.photo_links(file.parent)

        file.write_text(self._sheet(links), encoding="utf-8")
        return file

    def _sheet(self, links: Callable[[SearchResult], Link]) -> str:
        from engine.shop.page.sheets import validation_sheet  # Jinja2, which figures don't need

        means = [
            {"search": SAID[row["search"]], "cells": [row[aspect] for aspect in ASPECTS]}
            for row in self.mean_rows()
        ]
        queries = [
            {
                "query": one.query,
                "said": one.recognised.in_words(),
                "why": one.why,
                "sections": [self._section(judged, links(judged.result)) for judged in one.judged],
            }
            for one in self.queries
        ]
        title = "What searches find"
        heads = [column.header or column.name for column in self.mean_columns()[1:]]
        return validation_sheet(title, self.index, heads, means, queries)

    def _section(self, judged: Judged, link: Link) -> Section:
        from engine.shop.page.sheets import Section, sheet_cards

        counts = ", ".join(
            f"{a} {count.right} of {count.of}" for a, count in judged.counted.items()
        )
        rows = judged.result.photo_rows(link)
        cards = list(sheet_cards(rows, self.catalogue, marks=judged.marks))
        return Section(f"{SAID[judged.search]}: {counts}", cards)


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
