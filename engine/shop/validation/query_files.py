"""Files of queries: one a line, a JSON list, or JSON lines that say what is right. Knows files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from engine.errors import BadSourceFile, InvalidInputException
from engine.shop.evaluation.figures.query_sets import Query, read_query_set
from engine.shop.products.columns import COLUMN_OF
from engine.shop.validation.recognition import Recognised
from engine.shop.validation.request import check_texts


def read_queries(path: Path) -> dict[str, Query | None]:
    """The queries of a file in order; of JSON lines (`.jsonl`) with what makes a product right.

    Raises:
        BadSourceFile: no such file, not readable, no query in it.
    """
    file = path.expanduser()
    if file.suffix.lower() == ".jsonl":
        return {query.text: query for query in read_query_set(file)}
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(file)) from None
    except UnicodeDecodeError as error:
        raise BadSourceFile(f"it is no text in UTF-8 ({error.reason})", file=str(file)) from None
    given: object = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if file.suffix.lower() == ".json":
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadSourceFile(f"it is not JSON ({error})", file=str(file)) from None
    try:
        return dict.fromkeys(check_texts(given))
    except InvalidInputException as error:
        raise BadSourceFile(error.message, file=str(file)) from None


def recognised_of(query: Query, categories: tuple[str, ...], color: str | None) -> Recognised:
    """What a query set says that is right, of categories and colour; other fields are not judged."""
    wanted: dict[str, list[str]] = {}
    others: list[str] = []
    for condition in query.where:
        for field, values in condition.items():
            column = COLUMN_OF.get(field, field)
            if column in categories or column == color:
                known = wanted.setdefault(column, [])
                known += [value for value in values if value not in known]
            elif field not in others:
                others.append(field)
    return Recognised(
        _chosen(wanted, categories),
        _chosen(wanted, () if color is None else (color,)),
        (),
        tuple(others),
    )


def _chosen(
    wanted: Mapping[str, list[str]], columns: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    return {column: tuple(wanted[column]) for column in columns if column in wanted}
