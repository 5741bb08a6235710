"""One Spark for the whole folder: its Java takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.needs import needs


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a workspace with two small tables; tests make others of their own names."""
    needs("spark")
    import engine.spark

    workspace = engine.Workspace(tmp_path_factory.mktemp("spark") / "ws")
    workspace.sql(
        "CREATE TABLE main.fashion_demo.products (product_id INT, product_display_name STRING, "
        "price DOUBLE, created_at TIMESTAMP)"
    )
    workspace.sql(
        "INSERT INTO main.fashion_demo.products VALUES (1, 'red dress', 10.5, '2026-01-02 03:04:05'), "
        "(2, 'blue shirt', 20, NULL), (3, NULL, NULL, NULL)"
    )
    made = engine.spark.session(workspace, master="local[2]")
    yield made
    made.stop()
