"""What is searched: a workspace's products, or clustered vectors that are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from engine import Workspace
from engine.bench.contest.products import COLUMNS, KEY, VECTOR, Products, drawn, read_products
from engine.bench.contest.schema import Schema
from engine.bench.filtered.data import FilteredData, Make, prepare
from engine.bench.filtered.request import MEASURED, TUNING
from engine.bench.vectors.clustered import clustered

POOL = 3_000  # queries to choose from
CLUSTERS = 1_000
ROW = "row"


def of_workspace(
    workspace: Workspace, folder: Path, seed: int, rows: int | None = None
) -> FilteredData:
    """The products of a workspace, asked for by the text vectors of some.

    Args:
        rows: None for each product once, else so many drawn from them.
    """

    own = read_products(workspace, POOL, seed)

    def make(unfinished: Path) -> tuple[Products, Schema]:
        products = own if rows is None else drawn(own, rows, unfinished, seed)
        return products, Schema(KEY, VECTOR, products.vectors.shape[1], COLUMNS)

    name = f"filtered-products-{rows or 'all'}-{seed}-{own.digest}"
    return _prepared(make, folder / name, seed)


def of_clusters(rows: int, dimension: int, folder: Path, seed: int) -> FilteredData:
    """Clustered vectors with nothing but a key, and queries of the same clusters."""

    def make(_: Path) -> tuple[Products, Schema]:
        found = clustered(rows, dimension, min(CLUSTERS, rows), seed, POOL, folder)
        columns = pa.table({ROW: np.arange(rows)})
        assert found.queries is not None  # drawn with them
        products = Products(columns, found.vectors, found.queries)
        return products, Schema(ROW, "vector", dimension, {ROW: "long"})

    return _prepared(make, folder / f"filtered-clustered-{rows}x{dimension}-{seed}", seed)


def _prepared(make: Make, place: Path, seed: int) -> FilteredData:
    return prepare(make, place, count=MEASURED, tuning=TUNING, seed=seed)
