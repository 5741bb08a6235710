"""Results as short tables, which a prompt shows and the command prints. Knows columns; not results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.shop.catalogue.catalogue import Catalogue
from engine.text_table import WIDTH, Column, one_line, text_table

ROWS = 10  # of a table at a prompt
RANK, SCORE, COSINE = "rank", "score", "cosine"
_TITLE_LEAST = 28  # characters of a product's name
_MEASURES: dict[str | None, str] = {SCORE: ".4f", COSINE: ".4f"}


def product_columns(catalogue: Catalogue, names: Sequence[str]) -> list[Column]:
    """The columns of a table of products; rank, key, title, price and score are left out last."""
    forms: dict[str | None, Any] = {**_MEASURES, catalogue.price: catalogue.priced}
    kept = {RANK, catalogue.key, catalogue.title, catalogue.price, SCORE}
    lefts = {RANK, catalogue.key}
    return [
        Column(
            name,
            form=forms.get(name),
            least=_TITLE_LEAST if name == catalogue.title else 10,
            is_kept=name in kept,
            is_left=name in lefts,
        )
        for name in names
    ]


def ranked(rows: Sequence[Mapping[str, Any]], offset: int = 0) -> list[dict[str, Any]]:
    """The rows, each with its place in the whole list, from one on."""
    return [{RANK: place, **row} for place, row in enumerate(rows, offset + 1)]


def short_table(
    heading: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column | str],
    most: int = ROWS,
) -> str:
    """A heading, the first rows as a table of 80 columns, and how many more there are."""
    lines = [one_line(heading, WIDTH)]
    if rows:
        lines += text_table(rows[:most], columns).lines
    if len(rows) > most:
        lines.append(f"... {len(rows) - most:,} more")
    return "\n".join(lines)


def products_table(
    heading: str, products: Sequence[Mapping[str, Any]], catalogue: Catalogue, offset: int = 0
) -> str:
    """A short table of products: rank, key, title, price with its currency, and score where it has one.

    Where they have no title, the other columns that they have, as far as there is room.
    """
    known = list(products[0]) if products else []
    usual = [name for name in (catalogue.title, catalogue.price) if name in known]
    key = [catalogue.key] if catalogue.key in known else []
    others = [name for name in known if name not in (*key, *usual, *_MEASURES)]
    middle = usual if catalogue.title in known else [*usual, *others]
    names = [RANK, *key, *middle, *([SCORE] if SCORE in known else [])]
    shown = ranked(products[:ROWS], offset)
    columns = product_columns(catalogue, list(dict.fromkeys(names)))
    return short_table(heading, [*shown, *products[ROWS:]], columns)
