"""Costs of reads that are kept: what they are when they are worked out anew."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine import Workspace
from engine.doors.rest.read_cost import ReadCosts, cost_of_read

INDEX = "main.a.weighed"
ROWS = 3000
COLUMNS = (["id"], ["id", "v"], ["id", "price", "word"])
FILTERS: tuple[Any, ...] = (
    None,
    {"price <": 10},
    {"word": ["a", "b"]},
    {"price <": 0},
    "{",
    {"no": 1},
)


def table_of(count: int) -> pa.Table:
    vectors = np.random.default_rng(0).standard_normal((count, 16)).astype(np.float32)
    words = ["abc"[n % 3] for n in range(count)]
    prices = [n % 40 for n in range(count)]
    return pa.table({"id": range(count), "v": list(vectors), "price": prices, "word": words})


@pytest.fixture
def weighed(workspace: Workspace) -> Workspace:
    """An index of which nothing was published just now."""
    vectors = np.random.default_rng(0).standard_normal((ROWS, 16)).astype(np.float32)
    rows = {"id": range(ROWS), "v": list(vectors), "price": [n % 40 for n in range(ROWS)]}
    workspace.write_table(
        "weighed", pa.table({**rows, "word": ["abc"[n % 3] for n in range(ROWS)]})
    )
    workspace.create_index(
        INDEX, source_table="weighed", vector_column="v", primary_key="id", create_endpoint=True
    )
    settle(workspace)
    return workspace


def settle(workspace: Workspace, seconds: float = 1e9) -> None:
    """Let the last version have been published long ago."""
    folder: Path = workspace.registry.open(INDEX)[1].segments_dir.parent / "versions"
    os.utime(folder, (seconds, seconds))


def bodies() -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []
    for columns in COLUMNS:
        for filters in FILTERS:
            more = {} if filters is None else {"filters_json": filters}
            if isinstance(filters, dict):
                more = {"filters_json": json.dumps(filters)}
            for count in (1, 10, 1000):
                asked.append({"columns": columns, "num_results": count, **more})
    return [{"query_vector": [1.0] * 16, **body} for body in asked] + [
        {"query_text": "a", **asked[0]}, {**asked[0], "columns": [["id"]]}, {**asked[0], "facets": []},
    ]  # fmt: skip


def compare(workspace: Workspace, costs: ReadCosts) -> None:
    for body in bodies():
        expected = cost_of_read(workspace, "query_index", {"index": INDEX}, body)
        assert costs.of("query_index", {"index": INDEX}, body) == expected, body


def ask_all(workspace: Workspace) -> None:
    """Fill the caches that costs count on."""
    for columns in COLUMNS:
        for filters in FILTERS[:4]:
            workspace.query_index(INDEX, columns=columns, query_vector=[1.0] * 16, filters=filters)


def test_a_kept_cost_is_the_one_that_is_worked_out(weighed: Workspace) -> None:
    costs = ReadCosts(weighed)
    ask_all(weighed)
    for _ in range(3):
        compare(weighed, costs)


def test_a_kept_cost_ends_with_its_version(weighed: Workspace) -> None:
    costs = ReadCosts(weighed)
    ask_all(weighed)
    compare(weighed, costs)
    weighed.write_table("weighed", table_of(20 * ROWS))
    weighed.sync(INDEX)
    settle(weighed, 1e9 + 1)
    ask_all(weighed)
    compare(weighed, costs)


def test_a_kept_cost_ends_when_its_mask_is_forgotten(weighed: Workspace) -> None:
    costs = ReadCosts(weighed)
    ask_all(weighed)
    compare(weighed, costs)
    masks = weighed.registry.open(INDEX)[1].masks
    for number in range(20):  # of rows that no filter of above keeps
        masks.get(("none", "", number), _large)
    compare(weighed, costs)


def _large() -> Any:
    from engine.core.rows import RowSet

    total = 1 << 26
    return RowSet(total, np.zeros(total // 8, dtype=np.uint8), 0)
