"""A small shop with indexes of each kind, two of which are tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from engine import Settings, Workspace

NOTES = [
    {"id": f"n{n:02}", "text": text, "price": float(n), "__batch": n, "score": -1.0}
    for n, text in enumerate(
        ["red dress", "red shoes", "blue dress", "blue shoes", "green hat", "red hat", "blue bag"]
    )
]
NAME, TOOL = "main.shop.by_text", "main__shop__by_text"
PATH = "/api/2.0/mcp/vector-search/main/shop"


def fill(workspace: Workspace) -> None:
    """An index of each kind; two have managed embeddings, one of them with `__` in its name."""
    workspace.write_table("main.shop.notes", pa.Table.from_pylist(NOTES))
    vectors = [{"id": "a", "v": [1.0, 0.0]}, {"id": "b", "v": [0.0, 1.0]}]
    workspace.write_table("main.shop.vectors", pa.Table.from_pylist(vectors))
    workspace.create_endpoint("shop")
    workspace.create_endpoint("large", "STORAGE_OPTIMIZED")
    notes: dict[str, Any] = {
        "source_table": "main.shop.notes",
        "primary_key": "id",
        "endpoint": "shop",
    }
    managed = {"source_column": "text", "model_endpoint": "databricks-gte-large-en", **notes}
    workspace.create_index(NAME, **managed)
    workspace.create_index("main.shop.by__name", columns_to_sync=["id", "text"], **managed)
    workspace.create_index("main.elsewhere.by_text", **managed)
    workspace.create_index(
        "main.shop.words", index_subtype="FULL_TEXT", **{**notes, "endpoint": "large"}
    )
    workspace.create_index(
        "main.shop.own_vectors",
        source_table="main.shop.vectors",
        vector_column="v",
        primary_key="id",
        endpoint="shop",
    )
    workspace.create_direct_access_index(
        "main.shop.direct",
        dimension=2,
        vector_column="v",
        schema={"id": "string", "v": "array<float>"},
        primary_key="id",
        endpoint="shop",
    )


def shop_in(folder: Path, **settings: Any) -> Workspace:
    """A workspace with the shop."""
    workspace = Workspace(settings=Settings(folder / "workspace", encoder="hashed", **settings))
    fill(workspace)
    return workspace
