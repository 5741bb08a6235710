"""The products of a run and the files of their photos: the table's, and three drawn catalogues.

One product in ten is held out by a hash of its id: no photo of it is shown, and its name and attributes
are never an answer. Its texts are among those whose teacher features the text tower copies.
"""

from __future__ import annotations

import html
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.shop.evaluation.figures.figure import Product
from engine.shop.evaluation.photo_formats import photo_formats
from engine.shop.evaluation.products import is_held_out, read_products
from engine.shop.evaluation.request import EvaluationRequest
from engine.shop.training.products.labels import FIELDS, Labels, Row
from engine.shop.training.texts.corpus import Numbers
from recipe.settings import ROOT

DRAWN_SEEDS = (1, 2, 3)
_DRAWN_IDS = 10_000_000  # times the seed: what a drawn product's id is raised by


@dataclass(frozen=True)
class Folder:
    """The photos of a folder.

    Attributes:
        products: (n,) the rows of the products that the n files show.
    """

    name: str
    files: list[Path]
    products: Numbers

    def of(self, wanted: npt.NDArray[np.bool_]) -> Folder:
        """Its photos of some products. `wanted`: (products,)."""
        kept = np.flatnonzero(wanted[self.products])
        return Folder(self.name, [self.files[i] for i in kept], self.products[kept])


@dataclass(frozen=True)
class Catalogue:
    """All products: those of the table, then those that are drawn.

    Attributes:
        held: (products,) those that are held out; none that are drawn.
        folders: the photos of each folder given. drawn: of each drawn catalogue.
    """

    rows: list[Row]
    labels: Labels
    held: npt.NDArray[np.bool_]
    folders: list[Folder]
    drawn: list[Folder]


def read_catalogue(
    table: Path, photos: Sequence[Path], drawn: Sequence[tuple[int, Path]]
) -> Catalogue:
    """The products of a table and of drawn catalogues, given by seed and folder.

    Raises:
        BadSourceFile: a table that can't be read, a folder without a photo of its products.
        InvalidInputException: two folders of one name.
    """
    rows = [_row(product) for product in read_products(table, {})]
    folders = EvaluationRequest(("embedded",), table, list(photos)).folders
    row_of = {str(row["id"]): i for i, row in enumerate(rows)}
    found = [
        Folder(form.name, list(form.files), _numbers(row_of[str(p["id"])] for p in form.products))
        for form in photo_formats(rows, folders, None)
    ]
    held = [is_held_out(row["id"]) for row in rows]
    known = {field: set(values) for field, values in Labels.of(rows).classes.items()}
    more = []
    for seed, folder in drawn:
        more.append(_drawn_photos(folder, seed, len(rows)))
        rows += _drawn_rows(folder, seed, known)
    held += [False] * (len(rows) - len(held))
    return Catalogue(rows, Labels.of(rows), np.array(held), found, more)


def draw_catalogues(folder: Path, products: int) -> list[tuple[int, Path]]:
    """Three catalogues drawn by the sample's script, by seed; those that are there stay."""
    script = ROOT / "datasets" / "sample" / "draw.py"
    made = []
    for seed in DRAWN_SEEDS:
        out = folder / f"drawn-{products}-{seed}"
        if not (out / "styles.csv").is_file():  # written last
            out.mkdir(parents=True, exist_ok=True)
            wanted = ["--out", str(out), "--seed", str(seed), "--products", str(products)]
            subprocess.run([sys.executable, str(script), *wanted], check=True)
        made.append((seed, out))
    return made


def _row(product: Product) -> Row:
    row: Row = {field: product.get(field) for field in ("id", "name", *FIELDS)}
    if row["name"]:  # the public table has them escaped, some twice
        row["name"] = html.unescape(html.unescape(row["name"]))
    return row


def _drawn_rows(folder: Path, seed: int, known: dict[str, set[str]]) -> list[Row]:
    """Rows under ids of their own; a value that the table lacks is left out."""
    rows = []
    for product in read_products(folder / "styles.csv", {}):
        row = _row(product)
        row["id"] = str(_DRAWN_IDS * seed + int(row["id"] or 0))
        rows.append(row | {f: row[f] if row[f] in values else None for f, values in known.items()})
    return rows


def _drawn_photos(folder: Path, seed: int, first: int) -> Folder:
    """All photos of a drawn catalogue, second views too. `first`: the row of its first product."""
    ids = [str(product["id"]) for product in read_products(folder / "styles.csv", {})]
    row_of = {key: first + i for i, key in enumerate(ids)}
    files = sorted((folder / "images").glob("*.jpg"))
    products = _numbers(row_of[file.stem.split("_")[0]] for file in files)
    return Folder(f"drawn-{len(ids)}-{seed}", files, products)


def _numbers(values: Iterable[int]) -> Numbers:
    return np.array(list(values), dtype=np.int64)
