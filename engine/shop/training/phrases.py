"""Words that customers use, and which products each one describes. Knows the word lists, no model and no photo.

A line of a list: `{"part": "noun", "texts": ["trainers", "kicks"], "where": {"articleType": ["Sports Shoes"]}}`; the
lists of this project and their format: `datasets/shopping_words/README.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InvalidParameterValue
from engine.shop.training.products import Row

PARTS = ("noun", "colour", "person", "style", "occasion", "season", "material", "pattern", "whole")
_NAME = ("name", "not_name")
_ONLY_PLURAL = ("Jeans", "Briefs", "Tights", "Capris", "Trousers", "Shorts", "Sunglasses", "Boxers", "Leggings",
                "Jeggings", "Suspenders", "Stockings", "Gloves", "Socks", "Cufflinks", "Earrings")  # fmt: skip


@dataclass(frozen=True)
class Phrase:
    """Texts of one meaning.

    Attributes:
        part: what it is when it is combined with others, one of `PARTS`.
        describes: bool `(n,)` over the products, None for company without a condition ("best", "buy").
    """

    part: str
    texts: tuple[str, ...]
    describes: np.ndarray | None


class Columns:
    """Products by attribute value and by word of the name, for conditions over all of them at once."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.size = len(rows)
        self._values: dict[str, dict[str, np.ndarray]] = {}
        self._rows = rows
        self._names = [f" {' '.join(_words(row.get('name') or ''))} " for row in rows]

    def where(self, condition: Any) -> np.ndarray | None:
        """bool `(n,)`: the products of a `where`; None where it has no condition."""
        if isinstance(condition, Mapping):
            condition = [condition]
        any_of = [self._all_of(c) for c in condition]
        return None if any(a is None for a in any_of) else np.logical_or.reduce(any_of)

    def _all_of(self, condition: Mapping[str, Any]) -> np.ndarray | None:
        if not condition:
            return None
        rows = np.ones(self.size, dtype=bool)
        for field, values in condition.items():
            values = [values] if isinstance(values, str) else values
            if field in _NAME:
                found = self._named(values)
                rows &= ~found if field == "not_name" else found
            else:
                rows &= np.logical_or.reduce([self._equal(field, v) for v in values])
        return rows

    def _named(self, words: Iterable[str]) -> np.ndarray:
        wanted = [f" {' '.join(_words(w))} " for w in words]
        return np.array([any(w in name for w in wanted) for name in self._names], dtype=bool)

    def _equal(self, field: str, value: str) -> np.ndarray:
        known = self._values.get(field)
        if known is None:
            column = np.array([row.get(field) or "" for row in self._rows], dtype=object)
            known = self._values[field] = {str(v): column == v for v in set(column)}
        return known.get(value, np.zeros(self.size, dtype=bool))


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.lower()).split()


def read_phrases(files: Iterable[Path], columns: Columns) -> list[Phrase]:
    """The phrases of word lists; those that describe no product of the catalogue are left out."""
    phrases = []
    for file in files:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if line.strip():
                phrases.append(_phrase(line, columns, f"{file}, line {number}"))
    return [p for p in phrases if p.describes is None or p.describes.any()]


def _phrase(line: str, columns: Columns, place: str) -> Phrase:
    try:
        entry = json.loads(line)
        part, texts, where = entry["part"], tuple(entry["texts"]), entry["where"]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidParameterValue(
            f"{place}: expected a JSON object with part, texts and where, got {line[:80]!r} ({error!r})."
        ) from error
    if part not in PARTS:
        raise InvalidParameterValue(f"{place}: part is {part!r}; expected one of {', '.join(PARTS)}.")
    return Phrase(part, texts, columns.where(where))


def catalogue_phrases(columns: Columns, classes: Mapping[str, Sequence[str]]) -> list[Phrase]:
    """The catalogue's own words: types (singular and plural), colours, genders and usages."""
    phrases = []
    for field, part in (("articleType", "noun"), ("baseColour", "colour"), ("gender", "person"),
                        ("usage", "style"), ("subCategory", "noun"), ("season", "season")):  # fmt: skip
        for value in classes.get(field, ()):
            texts = (value.lower(), singular(value).lower()) if field == "articleType" else (value.lower(),)
            phrases.append(Phrase(part, tuple(dict.fromkeys(texts)), columns.where({field: [value]})))
    return phrases


def singular(word: str) -> str:
    """The singular of an article type, as shoppers write it."""
    if word in _ONLY_PLURAL:
        return word
    for end, new in (("ches", "ch"), ("sses", "ss"), ("arves", "arf"), ("ies", "ie"), ("s", "")):
        if word.endswith(end) and not word.endswith("ss"):
            return word[: -len(end)] + new
    return word
