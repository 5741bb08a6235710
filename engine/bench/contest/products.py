"""A workspace's own products as the data of a contest: real attributes, real vectors, real queries.

A query is the text vector of a product (its name and attributes, as the shop embeds them), which is
searched among the vectors of photos: what people who type do. Half of a graph library's trouble with
CLIP is that such queries lie apart from what they look for.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine import Workspace
from engine.bench.contest.catalogue import ROW_GROUP, Catalogue, write_catalogue
from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import Kind, Schema
from engine.bench.contest.truth import make_truth
from engine.bench.vectors.npy import write_npy
from engine.core.arrays import Matrix
from engine.errors import InvalidParameterValue

TABLE = "product_embeddings_multimodal"
KEY, VECTOR, ASKED = "product_id", "image_embedding", "text_embedding"
COLUMNS: Mapping[str, Kind] = {
    KEY: "long",
    "product_display_name": "string",
    "master_category": "string",
    "sub_category": "string",
    "article_type": "string",
    "base_color": "string",
    "price": "double",
    "image_path": "string",
    "gender": "string",
    "season": "string",
    "year": "long",
    "usage": "string",
}
FILTERED = ("master_category", "article_type", "base_color", "gender", "season", "price")
KINDS = {"long": pa.int64(), "double": pa.float64(), "string": pa.string()}
RARE = ("article_type", "base_color", "gender", "season")
RARE_ROWS = 20  # that the fourth filter keeps, about
QUERIES = 500
MOVED = 0.35  # how far a drawn product's vector moves, on the unit sphere


def prepared(
    workspace: Workspace,
    cache: Path,
    *,
    rows: int | None = None,
    queries: int = QUERIES,
    seed: int = 0,
) -> Catalogue:
    """A workspace's products as files in a folder of the cache, made there if they are not yet.

    Args:
        rows: None for each product once; else so many are drawn from them, with keys and prices of
            their own and vectors moved a little: millions have the attributes and clusters of the shop.
        queries: how many; the first are measured, the last tune. Fewer where products are.

    Raises InvalidParameterValue: a workspace without products that have image and text vectors.
    """
    products = read_products(workspace, queries, seed)
    folder = cache / f"products-{rows or 'all'}-{queries}-{seed}-{products.digest}"
    if not folder.exists():
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _write(products if rows is None else drawn(products, rows, unfinished, seed), unfinished)
        unfinished.rename(folder)
    return Catalogue(folder)


@dataclass(frozen=True)
class Products:
    """Columns, vectors (n, d) and queries (q, d) of a workspace, in memory or mapped."""

    columns: pa.Table
    vectors: Matrix
    queries: Matrix

    @property
    def digest(self) -> str:
        """Twelve digits that other products don't have: what is kept of them is theirs alone."""
        found = hashlib.sha256()
        with pa.ipc.new_stream(sink := pa.BufferOutputStream(), self.columns.schema) as stream:
            stream.write_table(self.columns.combine_chunks())
        found.update(sink.getvalue())
        for part in (self.vectors, self.queries):
            found.update(np.ascontiguousarray(part).data)
        return found.hexdigest()[:12]


def drawn(products: Products, rows: int, folder: Path, seed: int) -> Products:
    """So many products drawn from a shop's, each vector moved a little and of unit length.

    Vectors are written to `vectors.npy` in the folder, a chunk at a time: millions fit.
    """
    rng = np.random.default_rng(seed)
    places = rng.integers(0, len(products.columns), rows)
    columns = products.columns.take(pa.array(places))
    keys, prices = np.arange(1, rows + 1), np.exp(rng.normal(3.9, 0.75, rows)).clip(1, 300).round(2)
    for name, values in ((KEY, keys), ("price", prices)):
        columns = columns.set_column(columns.schema.get_field_index(name), name, pa.array(values))
    folder.mkdir(parents=True)
    dimension = products.vectors.shape[1]

    def parts() -> Iterator[Matrix]:
        for start in range(0, rows, ROW_GROUP):
            part = products.vectors[places[start : start + ROW_GROUP]]
            moved = part + rng.normal(0, MOVED / dimension**0.5, part.shape)
            yield moved / np.linalg.norm(moved, axis=1, keepdims=True)

    write_npy(folder / "vectors.npy", (rows, dimension), parts())
    return Products(columns, np.load(folder / "vectors.npy", mmap_mode="r"), products.queries)


def read_products(workspace: Workspace, queries: int, seed: int) -> Products:
    """Products that have image and text vectors; queries are the text vectors of some of them."""
    table = workspace.read_table(TABLE, [*COLUMNS, VECTOR, ASKED])
    table = table.filter(pc.and_(pc.is_valid(table[VECTOR]), pc.is_valid(table[ASKED])))
    if not len(table):
        raise InvalidParameterValue(
            f"{TABLE} holds no product with image and text vectors; make some: vitrine embed"
        )
    columns = pa.table({name: table[name].cast(KINDS[kind]) for name, kind in COLUMNS.items()})
    asked = np.random.default_rng(seed).permutation(len(table))[:queries]
    return Products(columns, matrix(table[VECTOR]), matrix(table[ASKED])[asked])


def _write(products: Products, folder: Path) -> None:
    schema = Schema(KEY, VECTOR, products.vectors.shape[1], COLUMNS, FILTERED)
    filters = named_filters(products.columns)
    catalogue = write_catalogue(
        folder, schema, products.columns, products.vectors, products.queries, filters
    )
    make_truth(catalogue, len(products.queries))  # the last ones tune, so they need answers too


def matrix(column: pa.ChunkedArray) -> Matrix:
    """A column of equally long lists as (n, d) float32."""
    flat = pc.list_flatten(column).to_numpy().astype(np.float32)
    found: Matrix = flat.reshape(len(column), -1)
    return found


def named_filters(columns: pa.Table) -> dict[str, Filters]:
    """The four filters of the shop that are asked for again and again: from a third to a handful."""
    return {
        "F1": {"price >=": 50.0, "price <": 100.0},
        "F2": {"master_category": "Apparel"},
        "F3": {"base_color": "Black", "gender": "Women", "price <": 100.0},
        "F4": rare_combination(columns),
    }


def rare_combination(columns: pa.Table) -> Filters:
    """The values of type, colour, gender and season that about twenty products share."""
    counts = columns.select(RARE).drop_null().group_by(list(RARE)).aggregate([([], "count_all")])
    rows = counts.to_pylist()
    if not rows:
        return {}
    rarest = min(
        rows, key=lambda row: (abs(row["count_all"] - RARE_ROWS), [row[name] for name in RARE])
    )
    return {name: rarest[name] for name in RARE}
