"""What the columns of a products table mean. Knows roles of columns; not files or tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from engine.settings import DEFAULT_KEY
from engine.shop.embedding.recipes import DEFAULT_RECIPE
from engine.shop.products.columns import PRODUCT_COLUMNS


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

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, for a table's properties; `from_json` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Catalogue:
        """The catalogue that `to_json` wrote; fields of a later release are left out."""
        known = {each.name for each in fields(Catalogue)}
        of = {name: value for name, value in values.items() if name in known}
        lists = {name: tuple(of[name]) for name in ("categories", "columns") if name in of}
        return Catalogue(**{**of, **lists})


FASHION = Catalogue(
    key=DEFAULT_KEY,
    title="product_display_name",
    categories=("master_category", "sub_category", "article_type"),
    color="base_color",
    price="price",
    gender="gender",
    season="season",
    usage="usage",
    year="year",
    columns=PRODUCT_COLUMNS,
)
