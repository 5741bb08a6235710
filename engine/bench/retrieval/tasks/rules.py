"""The rules that make tasks of a catalogue: which words are asked, which products are right for them.

They are data, `datasets/retrieval/tasks.json`, whose README says what they can't tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.shop.bundled import bundled_file

Product = Mapping[str, Any]
Values = tuple[str, ...]


@dataclass(frozen=True)
class Alike:
    """How right a product is whose fields hold the values of another's."""

    grade: int
    same: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A picture and words that change one field of what it shows."""

    changed: str
    same: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Rules:
    """What makes the tasks.

    Attributes:
        least: photos that a value needs to be asked for. category: the field whose values are groups.
        words: texts over fields, by the name of the group. alike: from the best grade down.
        zero_shot: the text of a value, by field. composed: pictures with words.
    """

    least: int
    category: str
    words: Mapping[str, str]
    alike: tuple[Alike, ...]
    zero_shot: Mapping[str, str]
    composed: tuple[Change, ...]

    @property
    def limits(self) -> str:
        return (
            "right is what the catalogue's attributes say, which are noisy and coarse; see "
            "datasets/retrieval/README.md"
        )


@cache
def rules() -> Rules:
    """The bundled rules."""
    given = json.loads(bundled_file("retrieval/tasks.json").read_text("utf-8"))
    return Rules(
        given["least"],
        given["category"],
        given["words"],
        tuple(Alike(one["grade"], tuple(one["same"])) for one in given["alike"]),
        given["zero_shot"],
        tuple(Change(one["changed"], tuple(one["same"]), one["text"]) for one in given["composed"]),
    )


def values_of(product: Product, fields: Sequence[str]) -> Values | None:
    """A product's values of some fields; None where one is unknown."""
    found = tuple(str(product.get(field) or "") for field in fields)
    return found if all(found) else None


def grouped(products: Sequence[Product], fields: Sequence[str]) -> dict[Values, list[int]]:
    """Rows of the products by their values of some fields; those with an unknown one are left out."""
    found: dict[Values, list[int]] = {}
    for row, product in enumerate(products):
        values = values_of(product, fields)
        if values is not None:
            found.setdefault(values, []).append(row)
    return found


def known(products: Sequence[Product], fields: Sequence[str]) -> tuple[str, ...]:
    """Those of some fields that a catalogue has: another's rules need not be its own."""
    return tuple(one for one in fields if any(product.get(one) for product in products))


def category_of(product: Product) -> str | None:
    """The group of a product's queries: its coarsest category."""
    value = product.get(rules().category)
    return None if value is None else str(value)
