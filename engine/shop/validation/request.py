"""What a validation is asked to be. Knows its parts; not indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, get_args

from engine.core.query import MAX_RANKED_RESULTS
from engine.core.values import shown
from engine.errors import InvalidInputException, InvalidParameterValue
from engine.shop.validation.result import SearchName

SEARCHES: tuple[SearchName, ...] = get_args(SearchName)
STANDARD_QUERIES = (
    "red summer dress",
    "black leather jacket",
    "white sneakers",
    "blue jeans",
    "formal shoes",
)
MOST_QUERIES = 10_000


@dataclass(frozen=True)
class ValidateRequest:
    """Queries whose results are held against the words.

    Attributes:
        queries: texts, or the path of a file of them (one a line, JSON lines of `text` and `where`, or a
            JSON list); None for the five standard ones.
        k: results of each search that are judged, 1 to 200.
        searches: which ones: `image` (meanings, over the index's vectors), `keyword` (every word),
            `full_text` (BM25).
        index: full name, or a last part that no other index has; default the photos'.
        encoder: the model's name, for an index over a table that was made elsewhere.
    """

    queries: Sequence[str] | Path | None = None
    _: KW_ONLY
    k: int = 10
    searches: Sequence[str] = SEARCHES
    index: str | None = None
    encoder: str | None = None

    def check(self) -> None:
        """
        Raises:
            InvalidInputException: queries that are no list of texts, or searches that there aren't.
            InvalidParameterValue: a number of results that can't be.
        """
        if self.queries is not None and not isinstance(self.queries, Path):
            check_texts(self.queries)
        unknown = [name for name in _listed(self.searches) if name not in SEARCHES]
        if unknown or not self.searches or isinstance(self.searches, str):
            raise InvalidInputException(
                f"searches is {shown(self.searches)}; expected a list of {', '.join(SEARCHES)}."
            )
        k = self.k
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_RANKED_RESULTS:
            raise InvalidParameterValue(
                f"k is {shown(k)}; expected how many results are judged, 1 to {MAX_RANKED_RESULTS}."
            )


def check_texts(given: object) -> list[str]:
    """Queries as a list of distinct texts. Raises InvalidInputException."""
    some = [] if isinstance(given, str) else _listed(given)
    if (
        not some
        or len(some) > MOST_QUERIES
        or not all(isinstance(one, str) and one.strip() for one in some)
    ):
        raise InvalidInputException(
            f"queries is {shown(given)}; expected a list of 1 to {MOST_QUERIES:,} texts, such as "
            "['red dress']."
        )
    return list(dict.fromkeys(one.strip() for one in some))


def _listed(given: object) -> list[Any]:
    return list(given) if isinstance(given, Sequence) else []
