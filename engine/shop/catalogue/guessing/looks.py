"""What the values of a column look like. Knows values; not names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.photo_texts import is_written
from engine.shop.catalogue.importing.money import has_currency, is_price
from engine.shop.catalogue.importing.values import cell, year_of
from engine.shop.catalogue.pictures.finding import several_pictures
from engine.shop.catalogue.pictures.folders import is_picture_name
from engine.shop.catalogue.pictures.links import is_link
from engine.shop.catalogue.sources.nested import is_picture

_MOSTLY = 0.8  # share of values that decides
_YEARS = range(1950, 2101)
_FOR_WHOM = re.compile(
    r"\b(?:(?:wo)?m[ae]n|female|male|boys?|girls?|kids|hommes?|femmes?|gar[cç]ons?|filles?|mixte|"
    r"unisexe?|enfants?|b[eé]b[eé]s?|masculino|feminino|[mfhu])\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Looks:
    """The values of one column, of a sample of rows."""

    values: tuple[Any, ...]

    @cached_property
    def there(self) -> list[Any]:
        """Values that are not missing."""
        found = [cell(value) for value in self.values]
        return [value for value in found if value is not None and value == value and value != []]

    @cached_property
    def texts(self) -> list[str]:
        return [str(value).strip() for value in self.there]

    def _share(self, fits: Any) -> float:
        return sum(map(bool, map(fits, self.there))) / len(self.there) if self.there else 0.0

    @cached_property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return len(self.there) == len(self.values) > 0 and len(set(self.texts)) == len(self.texts)

    @property
    def is_mostly_there(self) -> bool:
        return 2 * len(self.there) >= len(self.values)

    @cached_property
    def is_nearly_unique(self) -> bool:
        """Whether at least eight rows in ten have a value, nearly always one of their own."""
        distinct = len(set(self.texts))
        return distinct >= 0.9 * len(self.texts) and len(self.texts) >= 0.8 * len(self.values) > 0

    @cached_property
    def has_fractions(self) -> bool:
        """Numbers, most of them not whole."""
        return self.is_number and self._share(lambda one: float(one) % 1 != 0) > 0.5

    @cached_property
    def is_number(self) -> bool:
        return self._share(lambda one: isinstance(one, (int, float)) or _is_number(str(one))) > 0.99

    @cached_property
    def is_image(self) -> bool:
        """Pictures themselves, or paths and links that end as pictures do."""
        return self._share(_is_image) >= _MOSTLY

    @cached_property
    def is_link(self) -> bool:
        return self._share(lambda one: is_link(str(one))) >= _MOSTLY

    @cached_property
    def is_price(self) -> bool:
        return (
            self._share(lambda one: isinstance(one, (int, float)) or is_price(str(one))) >= _MOSTLY
        )

    @cached_property
    def has_money(self) -> bool:
        """Prices that can hardly be something else: with a currency."""
        return self._share(lambda one: has_currency(str(one))) >= _MOSTLY

    @cached_property
    def is_year(self) -> bool:
        return self._share(lambda one: (year_of(one) or 0) in _YEARS) > 0.95

    @cached_property
    def is_group(self) -> bool:
        """Words that many products share."""
        distinct = len(set(self.texts))
        return (
            not self.is_number
            and 2 <= distinct <= max(2, len(self.texts) // 2)
            and self.length < 40
            and not any("\n" in text for text in self.texts)
        )

    @cached_property
    def is_gender(self) -> bool:
        """Words for whom something is, in the languages where their column's name means more."""
        return self._share(lambda one: _FOR_WHOM.search(str(one))) >= 0.5

    @cached_property
    def is_name(self) -> bool:
        """Words of which most products have their own."""
        distinct = len(set(self.texts))
        return (
            bool(self.texts)
            and not (self.is_number or self.is_image or self.is_link or self.is_price)
            and 2 * distinct >= len(self.texts)
            and self.length >= 5
        )

    @cached_property
    def length(self) -> float:
        """Characters of a value, in the mean."""
        return sum(map(len, self.texts)) / len(self.texts) if self.texts else 0.0

    @property
    def blanks(self) -> float:
        """Blanks of a value, in the mean: how many words it has."""
        return sum(text.count(" ") for text in self.texts) / len(self.texts) if self.texts else 0.0

    def examples(self, count: int = 3) -> list[str]:
        """Some values, shortened."""
        shown: Sequence[str] = list(dict.fromkeys(map(_shown, self.there)))[:count]
        return [text if len(text) <= 32 else f"{text[:31]}…" for text in shown]


def _is_image(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and _is_image(value[0])
    if isinstance(value, bytes) or is_picture(value):
        return True
    text = str(value).strip()
    first = next(iter(several_pictures(text)), text)
    return is_picture_name(first.split("?")[0]) or is_written(text)


def _shown(value: Any) -> str:
    if isinstance(value, bytes) or is_picture(value):
        return "(a picture)"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    return str(value).strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
