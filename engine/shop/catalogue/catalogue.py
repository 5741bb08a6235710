"""What the columns of a products table mean. Knows roles of columns; not files or tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.shop.catalogue.files import BUNDLED, CATEGORY, ROLES, checked_fields, read_fields
from engine.shop.names import DEFAULT_RECIPE


@dataclass(frozen=True)
class Catalogue:
    """The roles that columns of a products table have; the columns keep the names they came with.

    A role that no column has is None (categories: empty). The photo's place is always in `image_path`.

    Attributes:
        key: the column that tells products apart, of integers or texts.
        title: what a product is called.
        categories: from the coarsest to the finest, such as master category and article type.
        color, price, gender, season, usage, year: one column each; `usage` is the style or occasion.
        currency: the sign before prices, "" for none.
        text: how the text of a product that is embedded is made: a recipe's name, or a template over
            the columns such as "{title} in {colour}".
        columns: all columns that an index of products carries, in the order that results show them.
        image: where pictures come from: a column of paths, links or bytes, or a pattern over the
            columns such as "photos/{sku}/*.jpg"; None for files named by the key.
        price_levels: three prices between which the words for prices change; none for no such words.
        language: of texts that come in several, such as "en" or "de_DE".
        renamed: column of the file -> column of the table, where the two differ.
        types: SQL's types of columns of a text file, where they are not as they look.
    """

    key: str
    title: str
    categories: tuple[str, ...] = ()
    color: str | None = None
    price: str | None = None
    gender: str | None = None
    season: str | None = None
    usage: str | None = None
    year: str | None = None
    currency: str = ""
    text: str = DEFAULT_RECIPE
    columns: tuple[str, ...] = ()
    image: str | None = None
    price_levels: tuple[float, ...] | None = None
    language: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str | None:
        """The column of the finest category."""
        return self.categories[-1] if self.categories else None

    @property
    def words(self) -> tuple[str, ...]:
        """The columns that a keyword search looks in: title, categories from the finest, colour.

        The coarsest of three or more categories is left out, as in the shop's own rule.
        """
        kinds = self.categories[1:] if len(self.categories) > 2 else self.categories
        named = (self.title, *reversed(kinds), self.color)
        return tuple(name for name in named if name is not None)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns whose values sort products into groups: categories, then the others."""
        named = (*self.categories, self.color, self.gender, self.season, self.usage, self.year)
        return tuple(name for name in named if name is not None)

    @property
    def roles(self) -> dict[str, str]:
        """Column -> role, for all columns that have one."""
        one = {getattr(self, name): role for role, name in ROLES.items()}
        several = dict.fromkeys(self.categories, CATEGORY)
        return {name: role for name, role in {**several, **one}.items() if name is not None}

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that a short list of products shows: key, title, kind, colour, price."""
        named = (self.key, self.title, self.kind, self.color, self.price)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def priced(self, price: object) -> str:
        """A price as people read it, with its currency: `$24.80`, `CHF 24.80`; nothing for none.

        A table of one's own may hold texts in its column; they stay as they are.
        """
        if isinstance(price, bool) or not isinstance(price, (int, float, Decimal)):
            return "" if price is None else str(price)
        if not math.isfinite(price):
            return ""
        return with_currency(price, self.currency, separator="")

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, for a table's properties; `from_json` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Catalogue:
        """The catalogue that `to_json` wrote; fields of a later release are left out."""
        known = {each.name for each in fields(Catalogue)}
        of = {name: value for name, value in values.items() if name in known}
        several = ("categories", "columns", "price_levels")
        lists = {name: tuple(of[name]) for name in several if of.get(name) is not None}
        return Catalogue(**{**of, **lists})

    @staticmethod
    def from_file(path: str | Path) -> Catalogue:
        """The catalogue that a TOML file says, or one that comes with the package, by its name.

        Raises:
            BadSourceFile: no such file, no TOML, an unknown word, a value of another kind.
        """
        name = str(path)
        own = BUNDLED / f"{name}.toml"
        file = own if "/" not in name and "\\" not in name and own.is_file() else Path(path)
        return Catalogue(**read_fields(file.expanduser()))

    @staticmethod
    def from_roles(roles: Mapping[str, Any]) -> Catalogue:
        """The catalogue of a mapping with the words of a catalogue file: `{"id": "sku", ...}`.

        Raises:
            BadSourceFile: an unknown word, a value of another kind, no id or title.
        """
        return Catalogue(**checked_fields(roles, "the catalogue"))


FASHION = Catalogue.from_file("fashion")


def with_currency(price: float | Decimal, currency: str, separator: str = ",") -> str:
    """A finite number as a price: `$1,024.80`; letters stand apart, as in `CHF 24.80`."""
    sign = f"{currency} " if currency[-1:].isalpha() else currency
    return f"{'-' if price < 0 else ''}{sign}{abs(price):{separator}.2f}"
