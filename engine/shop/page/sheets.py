"""Results as pages in one file each, and as what a notebook shows: the page's own card, photos inside.

Knows results' forms and cards; not searches, volumes or servers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import BadImage
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.cards import Card, PhotoRow, facts_of, price_of, title_of
from engine.shop.page.rendering import render

_EDGE = 240  # pixels of a photo's longer side: 200 photos are 2 MB
_SCORE, _COSINE = "score", "cosine"


@dataclass(frozen=True)
class Section:
    """Cards below a heading, on a page with several."""

    heading: str
    cards: Sequence[Card]


def sheet_cards(
    rows: Iterable[PhotoRow],
    catalogue: Catalogue,
    first_rank: int = 1,
    marks: Sequence[Mapping[Any, bool]] = (),
) -> Iterator[Card]:
    """The cards of a result, best first, each with its photo inside.

    Args:
        marks: of each row by aspect, whether it is right, where it was judged.
    """
    for place, one in enumerate(rows):
        photo, why_not = _photo(one)
        more = {} if not marks else _judged(marks[place])
        row = one.row
        yield Card(
            key=str(one.key),
            title=title_of(row, one.key, catalogue),
            rank=first_rank + place,
            href=one.href,
            photo=photo,
            no_photo=why_not,
            price=price_of(row, catalogue),
            currency=catalogue.currency,
            facts=facts_of(row, catalogue),
            score=row.get(_SCORE),
            cosine=row.get(_COSINE),
            **more,
        )


def contact_sheet(
    title: str, index: str, cards: Sequence[Card], note: str | None, is_file: bool = True
) -> str:
    """A result as one page, or as the part of a page that a notebook shows; every text is escaped."""
    values = {"title": title, "index": index, "cards": cards, "note": note, "is_file": is_file}
    return render("contact_sheet.html", values)


def validation_sheet(
    title: str,
    index: str,
    aspects: Sequence[str],
    means: Sequence[Any],
    queries: Sequence[Any],
) -> str:
    """A validation as one page; every text is escaped.

    Args:
        aspects: heads of the table of means; `means`: its rows, each with `search` and `cells`.
        queries: each with `query`, `said`, `why` and `sections`.
    """
    values = {"title": title, "index": index, "aspects": aspects, "means": means}
    return render("validation_sheet.html", {**values, "queries": queries, "is_file": True})


def notebook_sheet(title: str, summary: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """A notebook that was run as one page; every text is escaped, and HTML that it made is framed.

    Args:
        cells: each with `name`, `where`, `seconds`, `failed`, `code` and `outputs`, which have `kind`,
            `text` and `table`. Of the kind "own" is HTML that this package made.
    """
    values = {"title": title, "index": summary, "cells": cells, "is_file": True}
    return render("notebook.html", values)


def _photo(one: PhotoRow) -> tuple[str | None, str]:
    """The photo as an address, small; or why there is none, in two words."""
    from engine.encode.photos.preprocessing import thumbnail_uri  # Pillow, which figures don't need

    if one.photo is None:
        return None, "no photo"
    try:
        return thumbnail_uri(one.photo, _EDGE), ""
    except BadImage:  # that photo's trouble
        return None, "broken photo"


def _judged(mark: Mapping[Any, bool]) -> dict[str, Any]:
    wrong = ", ".join(aspect for aspect, right in mark.items() if not right)
    return {"mark": "wrong", "why": f"wrong: {wrong}"} if wrong else {"mark": "right"}
