"""A catalogue as tasks need it: products with a picture, their texts, and vectors that are known."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.bench.collections.collection import Document, Picture
from engine.bench.retrieval.encoding import KnownVectors
from engine.errors import BadSourceFile
from engine.shop.embedding.recipes import text_content
from engine.shop.evaluation.figures.figure import Product
from engine.shop.evaluation.photo_formats import photo_formats
from engine.shop.evaluation.products import COLUMNS_OF, is_held_out, read_products


@dataclass(frozen=True)
class Goods:
    """Products that have a picture, each with the text that stands for it.

    Attributes:
        products: by the fields' names of the public fashion layout, and `name`; None for unknown.
        texts: as the shop embeds them; None for a product without a name.
        known: vectors that a workspace holds of them.
    """

    name: str
    products: tuple[Product, ...]
    pictures: tuple[Picture, ...]
    texts: tuple[str | None, ...]
    source: str
    known: KnownVectors | None = None

    @cached_property
    def ids(self) -> list[str]:
        return [str(product["id"]) for product in self.products]

    def documents(self, with_text: bool = False) -> list[Document]:
        """Each product's picture, with its text where that is asked for."""
        return [
            Document(one, picture, text if with_text else None)
            for one, picture, text in zip(self.ids, self.pictures, self.texts)
        ]


def goods_of_files(
    name: str,
    table: Path,
    photos: Path,
    *,
    columns: Mapping[str, str],
    asked: Names[str] = (),
    encoding: str | None = None,
    hold_out: int | None = None,
    limit: int | None = None,
) -> Goods:
    """The products of a CSV or Parquet file that have a photo in a folder; see `read_products`.

    Args:
        hold_out: only one product in so many, as `is_held_out` says. limit: only the first so many.

    Raises:
        BadSourceFile: a file that can't be read as asked, a column or photos that are missing.
    """
    read = read_products(table, columns, asked, encoding)
    products = chosen(read, hold_out, str(table))
    form = photo_formats(products, {"photos": photos}, limit)[0]
    texts = tuple(text_content(in_columns(product)) for product in form.products)
    return Goods(name, form.products, form.files, texts, name)


def chosen(products: Sequence[Product], hold_out: int | None, file: str) -> list[Product]:
    """All of them, or those that are held out.

    Raises:
        BadSourceFile: none is left.
    """
    found = [one for one in products if hold_out is None or is_held_out(one["id"], hold_out)]
    if not found:
        raise BadSourceFile(
            f"none of its {len(products):,} products is held out" if products else "no product",
            file=file,
        )
    return found


def in_columns(product: Product) -> dict[str, str]:
    """A product by the columns of the shop's table, as its text is made of."""
    return {
        COLUMNS_OF[field][-1]: value
        for field, value in product.items()
        if field in COLUMNS_OF and value is not None
    }
