"""The catalogue of a workspace: its products table, its photos, and the vectors that it holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.bench.collections.collection import Picture
from engine.bench.retrieval.encoding import KnownVectors
from engine.bench.retrieval.goods.goods import Goods, chosen
from engine.core.arrays import Matrix, Vector
from engine.core.names import ThreePartName, table_name
from engine.errors import BadImage, BadSourceFile
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.stored import catalogue_of
from engine.shop.embedding.recipes import text_content
from engine.shop.evaluation.figures.figure import Product
from engine.shop.names import IMAGE_PATH, IMAGES, PRODUCTS, TEXTS
from engine.store.tables.table import Table
from engine.workspace import Workspace


def goods_of_workspace(
    workspace: Workspace, hold_out: int | None = None, limit: int | None = None
) -> Goods:
    """The products of a workspace that name a photo which lies there.

    Vectors of its own model are taken from its tables; `known.fingerprint` says which model that is.

    Raises:
        NotFound: no products table. BadSourceFile: no product has a photo there.
    """
    name = table_name(PRODUCTS)
    table = workspace.tables.get(name)
    catalogue = catalogue_of(workspace.tables)
    fields = fields_of(catalogue)
    rows = {str(row[catalogue.key]): row for row in table.read().to_pylist()}
    products = [
        {field: _plain(row.get(column)) for field, column in fields.items()}
        for row in rows.values()
    ]
    found: list[tuple[Product, Path]] = []
    for product in chosen(products, hold_out, str(name)):
        place = _place(workspace, table, rows[product["id"]].get(IMAGE_PATH))
        if place is not None:
            found.append((product, place))
        if limit is not None and len(found) == limit:
            break
    if not found:
        raise BadSourceFile("no product has a photo that lies there", file=str(name))
    texts = _texts(workspace, name, catalogue, [rows[one["id"]] for one, _ in found])
    places = {product["id"]: place for product, place in found}
    known = _known(workspace, name, catalogue.key, places)
    some, pictures = zip(*found)
    return Goods("workspace", some, pictures, tuple(texts), f"{name}", known)


def fields_of(catalogue: Catalogue) -> dict[str, str]:
    """Fields of products, as query sets call them, and the columns of a catalogue that hold them."""
    coarse = catalogue.categories[:-1]
    named = {
        "id": catalogue.key,
        "name": catalogue.title,
        "articleType": catalogue.kind,
        "baseColour": catalogue.color,
        "gender": catalogue.gender,
        "usage": catalogue.usage,
        "season": catalogue.season,
        "year": catalogue.year,
        "masterCategory": coarse[0] if coarse else None,
        "subCategory": coarse[1] if len(coarse) > 1 else None,
    }
    return {field: column for field, column in named.items() if column is not None}


def own_encoder(workspace: Workspace) -> str:
    """The model whose vectors a workspace holds; its default where it holds none."""
    name = table_name(PRODUCTS).sibling(IMAGES)
    if not workspace.tables.exists(name):
        return workspace.settings.encoder
    properties = workspace.tables.get(name).properties
    return str(properties.get("encoder") or workspace.settings.encoder)


def _plain(value: Any) -> str | None:
    text = "" if value is None or value != value else str(value).strip()
    return text or None


def _place(workspace: Workspace, table: Table, path: str | None) -> Path | None:
    whole = table.photo_path(path)
    if whole is None:
        return None
    try:
        place = workspace.volumes.resolve(whole)
    except BadImage:
        return None
    return place if place.is_file() else None


def _texts(
    workspace: Workspace, name: ThreePartName, catalogue: Catalogue, rows: list[dict[str, Any]]
) -> list[str | None]:
    """As its embedding made them, by the recipe that the embedding recorded."""
    recipe = catalogue.text
    own = name.sibling(TEXTS)
    if workspace.tables.exists(own):
        recipe = str(workspace.tables.get(own).properties.get("text_recipe") or recipe)
    return [text_content(row, recipe, catalogue) for row in rows]


def _known(
    workspace: Workspace, name: ThreePartName, key: str, places: Mapping[str, Path]
) -> KnownVectors | None:
    images, texts = name.sibling(IMAGES), name.sibling(TEXTS)
    if not workspace.tables.exists(images):
        return None
    table = workspace.tables.get(images)
    fingerprint = str(table.properties.get("fingerprint"))
    read = table.read([key, "image_embedding"])
    vectors = _matrix(read.column("image_embedding"))
    keys = map(str, read.column(key).to_pylist())
    pictures: dict[Picture, Vector] = {
        places[one]: vector for one, vector in zip(keys, vectors) if one in places
    }
    said: dict[str, Vector] = {}
    if workspace.tables.exists(texts):
        other = workspace.tables.get(texts)
        if other.properties.get("fingerprint") == fingerprint:
            rows = other.read(["text_content", "text_embedding"])
            known = _matrix(rows.column("text_embedding"))
            said = dict(zip(rows.column("text_content").to_pylist(), known))
    return KnownVectors(fingerprint, pictures, said)


def _matrix(column: pa.ChunkedArray) -> Matrix:
    flat = column.combine_chunks().flatten().to_numpy().astype(np.float32)
    made: Matrix = flat.reshape(len(column), -1)
    return made
