"""What the validation's view shows: precision by search and aspect, results marked right or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.shop.page.cards import Card
from engine.shop.page.inside.shown import Shown
from engine.shop.validation.result import ASPECTS, Aspect, Judged, QueryJudgement, SearchName
from engine.shop.validation.validation import Validation

CALLED: dict[SearchName, str] = {
    "image": "by meaning (photos)",
    "keyword": "every word",
    "full_text": "FULL_TEXT (BM25)",
}


@dataclass(frozen=True)
class Mean:
    """A search's mean precision by aspect: value, low, high, queries; None where nothing was judged."""

    search: str
    aspects: tuple[tuple[float, float, float, int] | None, ...]


@dataclass(frozen=True)
class Answer:
    """What one search made of a query: the counts in words, and its products, marked."""

    search: str
    counts: str
    cards: list[Card]


@dataclass(frozen=True)
class Question:
    """A query: what its words were taken for, why it was not judged (None: it was), the answers."""

    query: str
    recognised: str
    why: str | None
    answers: tuple[Answer, ...]


def means_of(validation: Validation) -> list[Mean]:
    """The table of mean precisions, a row for each search."""
    by: dict[str, dict[str, dict[str, Any]]] = {}
    for row in validation.means():
        by.setdefault(row["search"], {})[row["aspect"]] = row
    return [
        Mean(CALLED[search], tuple(_mean(by[search][aspect]) for aspect in ASPECTS))
        for search in validation.searches
    ]


def _mean(row: dict[str, Any]) -> tuple[float, float, float, int] | None:
    if row["value"] is None:
        return None
    low, high = row["interval"]
    return row["value"], low, high, row["n"]


def questions_of(validation: Validation, shown: Shown) -> list[Question]:
    """Every query with what each search found."""
    return [_question(one, shown) for one in validation.queries]


def _question(one: QueryJudgement, shown: Shown) -> Question:
    answers = tuple(_answer(judged, shown) for judged in one.judged)
    return Question(one.query, one.recognised.in_words(), one.why, answers)


def _answer(judged: Judged, shown: Shown) -> Answer:
    counts = ", ".join(f"{name} {one.right} of {one.of}" for name, one in judged.counted.items())
    result = judged.result
    more = [
        {
            "rank": place,
            "mark": "right" if all(marks.values()) else "wrong",
            "why": _wrong(marks),
        }
        for place, marks in enumerate(judged.marks, 1)
    ]
    return Answer(CALLED[judged.search], counts, shown.cards(result.to_dicts(), result.keys, more))


def _wrong(marks: Mapping[Aspect, bool]) -> str | None:
    """Which aspects of a result are another than the words name; None for none."""
    wrong = [aspect for aspect, is_right in marks.items() if aspect != "both" and not is_right]
    return f"another {' and '.join(wrong)}" if wrong else None
