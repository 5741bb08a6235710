"""A workspace's own products as the data of a contest: real attributes, real vectors, real queries.

A query is the text vector of a product (its name and attributes, as the shop embeds them), which is
searched among the vectors of photos: what people who type do. Half of a graph library's trouble with
CLIP is that such queries lie apart from what they look for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine import Workspace
from engine.bench.contest.catalogue import Catalogue, write_catalogue
from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import Kind, Schema
from engine.bench.contest.truth import make_truth
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


def products_of(
    workspace: Workspace, folder: Path, *, queries: int = QUERIES, seed: int = 0
) -> Catalogue:
    """Write a workspace's products to a folder, with the right answers to all queries.

    Args:
        queries: how many; the first are measured, the last tune and warm up. Fewer where products are.

    Raises InvalidParameterValue: a workspace without products that have image and text vectors.
    """
    table = workspace.read_table(TABLE, [*COLUMNS, VECTOR, ASKED])
    table = table.filter(pc.and_(pc.is_valid(table[VECTOR]), pc.is_valid(table[ASKED])))
    if not len(table):
        raise InvalidParameterValue(
            f"{TABLE} holds no product with image and text vectors; make some: vitrine embed"
        )
    vectors, texts = matrix(table[VECTOR]), matrix(table[ASKED])
    drawn = np.random.default_rng(seed).permutation(len(table))[:queries]
    columns = pa.table({name: table[name].cast(KINDS[kind]) for name, kind in COLUMNS.items()})
    schema = Schema(KEY, VECTOR, vectors.shape[1], COLUMNS, FILTERED)
    catalogue = write_catalogue(
        folder, schema, columns, vectors, texts[drawn], named_filters(columns)
    )
    make_truth(catalogue, len(drawn))
    return catalogue


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
