"""Query sets: what a customer says, and what a product must be to be right. Knows their file format.

A line of a file is one JSON object:

    {"text": "office outfit for men", "where": {"gender": ["Men"], "usage": ["Formal"]}}

`texts` may stand for `text`, with several ways to say the same. In `where` every field must have one of
its values; a list of such objects is right where any of them is. `name` is right where the product's
name has one of the words, `not_name` where it has none of them. What else a line holds is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Mask
from engine.errors import BadSourceFile
from engine.shop.evaluation.figures.figure import Product

Conditions = Mapping[str, tuple[str, ...]]
_OF_NAMES = ("name", "not_name")


@dataclass(frozen=True)
class Query:
    """A text, and what makes a product right: all conditions of any of the alternatives."""

    text: str
    where: tuple[Conditions, ...]

    @property
    def fields(self) -> set[str]:
        """The fields of products that it asks about."""
        return {"name" if name in _OF_NAMES else name for one in self.where for name in one}


def read_query_set(path: str | Path) -> list[Query]:
    """The queries of a JSON lines file, in order.

    Raises:
        BadSourceFile: no such file, no text in UTF-8, a line that is none of the format, a text twice.
    """
    file = Path(path)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(file)) from None
    except UnicodeDecodeError:
        raise BadSourceFile("it is not text in UTF-8", file=str(file)) from None
    queries: list[Query] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        for query in _queries(file, number, line) if line.strip() else ():
            if query.text in seen:
                raise _bad(file, number, f"{query.text!r} stands in line {seen[query.text]} too")
            seen[query.text] = number
            queries.append(query)
    if not queries:
        raise BadSourceFile("there is no query in it", file=str(file))
    return queries


def _queries(file: Path, number: int, line: str) -> list[Query]:
    try:
        given = json.loads(line)
    except ValueError as error:
        raise _bad(file, number, f"this is not JSON ({error})") from None
    if not isinstance(given, dict) or "where" not in given:
        raise _bad(file, number, 'expected an object with "text" (or "texts") and "where"')
    texts: Any = given.get("texts", given.get("text"))
    texts = [texts] if isinstance(texts, str) else texts
    if not _is_texts(texts):
        raise _bad(file, number, f"text is {texts!r:.80}; expected a text, or a list of texts")
    where = given["where"] if isinstance(given["where"], list) else [given["where"]]
    alternatives = tuple(_conditions(file, number, one) for one in where)
    if not alternatives:
        raise _bad(file, number, "where is empty; expected what makes a product right")
    return [Query(text, alternatives) for text in texts]


def _conditions(file: Path, number: int, given: Any) -> Conditions:
    if not isinstance(given, dict) or not given:
        raise _bad(file, number, f"where holds {given!r:.80}; expected fields and their values")
    conditions = {}
    for name, values in given.items():
        values = [values] if isinstance(values, str) else values
        if not _is_texts(values):
            raise _bad(file, number, f"{name} is {values!r:.80}; expected a list of texts")
        conditions[name] = tuple(values)
    return conditions


def _is_texts(given: Any) -> bool:
    return (
        isinstance(given, list)
        and bool(given)
        and all(isinstance(text, str) and text.strip() for text in given)
    )


def _bad(file: Path, number: int, reason: str) -> BadSourceFile:
    return BadSourceFile(f"{reason}.", file=str(file), line=number)


class Relevance:
    """Which of some products are right for a query. What was found of a value or word is kept."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._products = products
        self._names = [str(product.get("name") or "").lower() for product in products]
        self._known: dict[tuple[str, str], Mask] = {}

    def of(self, query: Query) -> Mask:
        """(n,) whether each product is right."""
        right = np.zeros(len(self._products), dtype=np.bool_)
        for conditions in query.where:
            here = np.ones(len(self._products), dtype=np.bool_)
            for name, values in conditions.items():
                field = "name" if name in _OF_NAMES else name
                any_of = np.any([self._with(field, value) for value in values], axis=0)
                here &= ~any_of if name == "not_name" else any_of
            right |= here
        return right

    def _with(self, field: str, value: str) -> Mask:
        """Whose field has a value; whose name has a word, upper and lower case alike."""
        if (field, value) not in self._known:
            if field == "name":
                word = re.compile(rf"(?<![a-z0-9]){re.escape(value.lower())}(?![a-z0-9])")
                there = [word.search(name) is not None for name in self._names]
            else:
                there = [str(product.get(field)) == value for product in self._products]
            self._known[field, value] = np.array(there, dtype=np.bool_)
        return self._known[field, value]
