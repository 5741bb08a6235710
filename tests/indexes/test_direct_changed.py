"""Which rows an upsert would change: not those that are stored as they are given."""

from __future__ import annotations

import numpy as np
import pytest

from engine import Workspace

INDEX = "main.a.direct"
SCHEMA = {
    "id": "integer",
    "v": "array<float>",
    "ratio": "float",
    "price": "double",
    "shares": "array<float>",
}


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_rows_with_numbers_of_float32_are_unchanged_when_they_come_again(
    workspace: Workspace, storage: str
) -> None:
    workspace.create_direct_access_index(
        INDEX,
        dimension=2,
        vector_column="v",
        schema=SCHEMA,
        primary_key="id",
        vector_storage=storage,
        create_endpoint=True,
    )
    rows = [
        {"id": key, "v": [0.1, key], "ratio": 0.1 * key, "shares": [0.3, 0.7], "price": 19.99}
        for key in range(5)
    ]
    workspace.upsert(INDEX, rows)
    assert workspace.indexes.changed_rows(INDEX, rows) == []
    rows[3]["ratio"], rows[4]["shares"] = 0.25, [0.3]
    changed = workspace.indexes.changed_rows(INDEX, rows)
    assert [row["id"] for row in changed] == [3, 4]
    assert workspace.upsert(INDEX, changed)["status"] == "SUCCESS"
    assert workspace.indexes.changed_rows(INDEX, rows) == []


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_rows_that_were_read_back_are_unchanged(workspace: Workspace, storage: str) -> None:
    """Of short vectors as float16 one in forty was counted as changed: stored twice it is another."""
    workspace.create_direct_access_index(
        INDEX,
        dimension=8,
        vector_column="v",
        schema={"id": "integer", "v": "array<float>"},
        primary_key="id",
        vector_storage=storage,
        create_endpoint=True,
    )
    vectors = np.random.default_rng(2).standard_normal((400, 8)).astype(np.float32)
    workspace.upsert(INDEX, [{"id": key, "v": v.tolist()} for key, v in enumerate(vectors)])
    rows, _ = workspace.queries.scan_rows(INDEX, 1000)
    assert len(rows) == 400
    assert workspace.indexes.changed_rows(INDEX, rows) == []
