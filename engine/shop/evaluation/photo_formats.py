"""Folders of photos, each one format of the catalogue's photos. Knows files; not what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadSourceFile
from engine.shop.evaluation.figures.figure import Product
from engine.shop.products.photo_names import photo_names


@dataclass(frozen=True)
class PhotoFormat:
    """The products that a folder has a photo of, and their files, in the table's order.

    Attributes:
        name: what it is called in reports.
        without_photo: how many of the products that were asked for have none there.
    """

    name: str
    folder: Path
    products: tuple[Product, ...]
    files: tuple[Path, ...]
    without_photo: int


def photo_formats(
    products: Sequence[Product], folders: Mapping[str, Path], limit: int | None
) -> list[PhotoFormat]:
    """The photos of some products in each folder, of at most the first `limit` that have one there.

    Raises:
        BadSourceFile: no folder, or one with a photo of none of them.
    """
    return [_in_folder(name, folder, products, limit) for name, folder in folders.items()]


def _in_folder(
    name: str, folder: Path, products: Sequence[Product], limit: int | None
) -> PhotoFormat:
    if not folder.is_dir():
        raise BadSourceFile("this is not a folder of photos", file=str(folder))
    files = photo_names(folder)
    there = [product for product in products if product["id"] in files]
    if not there:
        raise BadSourceFile(
            f"there is no photo of any of the {len(products):,} products. Photos are called as the "
            "product's id, such as 15970.jpg (or .jpeg, .png, .webp).",
            file=str(folder),
        )
    chosen = there[:limit]
    paths = tuple(folder / files[product["id"]] for product in chosen)
    return PhotoFormat(name, folder, tuple(chosen), paths, len(products) - len(there))
