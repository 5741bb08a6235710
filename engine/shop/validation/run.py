"""A validation, step by step: queries, their words, searches, what is right. Knows the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Mask
from engine.progress import tracked
from engine.service.indexes.operations import Indexes
from engine.shop.evaluation.figures.query_sets import Query
from engine.shop.indexed.products import Groups, IndexedProducts
from engine.shop.search.request import SearchRequest
from engine.shop.search.result import SearchResult
from engine.shop.validation.query_files import read_queries, recognised_of
from engine.shop.validation.recognition import Recognised, Vocabulary, Wanted
from engine.shop.validation.request import STANDARD_QUERIES, ValidateRequest, check_texts
from engine.shop.validation.result import (
    Aspect,
    Counted,
    Judged,
    QueryJudgement,
    SearchName,
)
from engine.shop.validation.validation import Validation
from engine.store.tables.table_store import TableStore

Search = Callable[[SearchRequest], SearchResult]
_ASKED: dict[SearchName, dict[str, Any]] = {
    "image": {},
    "keyword": {"keyword": True},
    "full_text": {"query_type": "FULL_TEXT"},
}


@dataclass(frozen=True)
class Validating:
    """What holds searches of a workspace against the words."""

    indexes: Indexes
    tables: TableStore
    search: Search

    def validate(self, request: ValidateRequest) -> Validation:
        """See `Understanding.validate`."""
        request.check()
        products = IndexedProducts.open(self.indexes, self.tables, request.index)
        catalogue = products.catalogue
        shown = {*catalogue.categories, *([catalogue.color] if catalogue.color else [])}
        groups = {column: products.groups(column) for column in sorted(shown)}
        words = Vocabulary(
            [(column, groups[column].names) for column in catalogue.categories],
            None if catalogue.color is None else (catalogue.color, groups[catalogue.color].names),
        )
        judge = _Judge(products, groups, request, self.search)
        judged = []
        queries = _queries(request)
        each = tracked(queries.items(), total=len(queries), unit="query", desc="validate")
        for text, known in each:
            said = (
                words.recognise(text)
                if known is None
                else recognised_of(known, catalogue.categories, catalogue.color)
            )
            judged.append(judge.query(text, said))
        notes = {each.result.note for one in judged for each in one.judged} - {None}
        return Validation(
            index=products.spec.name,
            products=products.count,
            k=request.k,
            searches=judge.searches,
            queries=tuple(judged),
            catalogue=catalogue,
            notes=tuple(sorted(str(note) for note in notes)),
        )


def _queries(request: ValidateRequest) -> dict[str, Query | None]:
    given = request.queries
    if isinstance(given, Path):
        return read_queries(given)
    return dict.fromkeys(STANDARD_QUERIES if given is None else check_texts(given))


class _Judge:
    """Searches for one query after the other, and counts what is right."""

    def __init__(
        self,
        products: IndexedProducts,
        groups: dict[str, Groups],
        request: ValidateRequest,
        search: Search,
    ) -> None:
        self._products, self._groups = products, groups
        self._request, self._search = request, search
        self.searches: tuple[SearchName, ...] = tuple(
            name for name in _ASKED if name in request.searches
        )

    def query(self, text: str, said: Recognised) -> QueryJudgement:
        """One query by every search; nothing is searched for where nothing could be judged."""
        wanted: dict[Aspect, list[Wanted]] = {}
        if said.categories:
            wanted["category"] = [said.categories]
        if said.colors:
            wanted["color"] = [said.colors]
        if not wanted:
            return QueryJudgement(text, said, "its words name no category or colour here", ())
        wanted["both"] = [one for some in list(wanted.values()) for one in some]
        right = {aspect: int(self._rows(some).sum()) for aspect, some in wanted.items()}
        possible = {aspect: min(self._request.k, count) for aspect, count in right.items() if count}
        if not possible:
            return QueryJudgement(text, said, "no product of the index has these values", ())
        judged = tuple(self._judged(name, text, wanted, possible) for name in self.searches)
        return QueryJudgement(text, said, None, judged)

    def _rows(self, wanted: list[Wanted]) -> Mask:
        """(n,) the products of the index that are right."""
        right = np.ones(self._products.count, dtype=np.bool_)
        for one in wanted:
            any_of = np.zeros(self._products.count, dtype=np.bool_)
            for column, values in one.items():
                groups = self._groups[column]
                places = [i for i, name in enumerate(groups.names) if name in values]
                any_of |= np.isin(groups.codes, places)
            right &= any_of
        return right

    def _judged(
        self,
        name: SearchName,
        text: str,
        wanted: dict[Aspect, list[Wanted]],
        possible: dict[Aspect, int],
    ) -> Judged:
        request = self._request
        columns = list(dict.fromkeys((*self._shown(), *self._groups)))
        asked: dict[str, Any] = {"index": request.index, "k": request.k, "columns": columns}
        if name == "image":
            asked["encoder"] = request.encoder
        result = self._search(SearchRequest(text, **asked, **_ASKED[name]))
        rows = result.to_dicts()
        marks = tuple(
            {aspect: _is_right(row, wanted[aspect]) for aspect in possible} for row in rows
        )
        counted = {
            aspect: Counted(sum(mark[aspect] for mark in marks), of)
            for aspect, of in possible.items()
        }
        return Judged(name, len(rows), counted, marks, result)

    def _shown(self) -> list[str]:
        catalogue = self._products.catalogue
        named = (self._products.spec.primary_key, catalogue.title, catalogue.price)
        return [name for name in named if name is not None]


def _is_right(row: dict[str, Any], wanted: list[Wanted]) -> bool:
    """Whether a result has, of each aspect, one of the values in one of the columns."""
    return all(
        any(str(row[column]).strip() in values for column, values in one.items()) for one in wanted
    )
