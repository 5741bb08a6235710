"""Which rows an upsert would change: not those that are stored as they are given."""

from __future__ import annotations

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
