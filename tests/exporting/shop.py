"""A workspace with indexes of each kind, and a table of which everything is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine import Settings, Workspace
from engine.core.names import table_name
from engine.service.catalogs.given_tables import TableSaid

ENDPOINT, TABLE = "shop-e", "main.shop.products"
SYNCED, NAMED, DIRECT = "main.shop.by_vector", "main.shop.by_title", "main.shop.notes"
WIDTH, ROWS = 8, 40
_random = np.random.default_rng(7)
VECTORS = _random.normal(size=(ROWS, WIDTH)).astype(np.float32)
PRODUCTS = pa.table(
    {
        "product_id": pa.array(range(ROWS), pa.int64()),
        "title": [f"shoe {n} of {'red' if n % 3 else 'blue'} leather" for n in range(ROWS)],
        "price": [n + 0.25 for n in range(ROWS)],
        "vector": pa.array(VECTORS.tolist(), pa.list_(pa.float32())),
    }
)
DIRECT_ROWS: list[dict[str, Any]] = [
    {"id": n, "text": f"note {n}", "day": f"2026-01-{n + 1:02}", "vector": row.tolist()}
    for n, row in enumerate(VECTORS[:20])
]


def filled(folder: Path) -> Workspace:
    """A fresh workspace with two tables, an endpoint, and an index of each kind."""
    workspace = Workspace(folder, Settings(path=folder, encoder="hashed"))
    said = TableSaid(
        "What is sold, 'all' of it",
        {"owner": "shop"},
        {"title": "as customers see it"},
        primary_key=("product_id",),
    )
    workspace.unity_catalog.given_tables.put(table_name(TABLE), PRODUCTS, said)
    workspace.write_table("main.shop.empty", PRODUCTS.slice(0, 0))
    workspace.create_endpoint(ENDPOINT)
    workspace.create_index(
        SYNCED,
        source_table=TABLE,
        vector_column="vector",
        primary_key="product_id",
        endpoint=ENDPOINT,
        columns_to_sync=["product_id", "title", "vector"],
    )
    workspace.create_index(
        NAMED,
        source_table=TABLE,
        source_column="title",
        model_endpoint="clip-multimodal-encoder",
        primary_key="product_id",
        endpoint=ENDPOINT,
    )
    workspace.create_direct_access_index(
        DIRECT,
        primary_key="id",
        dimension=WIDTH,
        vector_column="vector",
        schema={"id": "int", "text": "string", "day": "date", "vector": "array<float>"},
        endpoint=ENDPOINT,
    )
    workspace.upsert(DIRECT, DIRECT_ROWS)
    return workspace
