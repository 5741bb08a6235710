"""What each search made of a query: how many results carry the words. Knows forms only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

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
