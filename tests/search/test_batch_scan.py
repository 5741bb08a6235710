"""Many queries at once by matrix products: the same rows as one by one, whatever the blocks are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine import Workspace
from engine.core.reply import json_value
from engine.service.search import batch

INDEX = "main.a.i"
ROWS, DIMENSION = 1500, 16


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that some hundred rows and some tens of queries are many blocks."""
    monkeypatch.setattr(batch, "_SCANNED_ROWS", 128)
    monkeypatch.setattr(batch, "_BLOCK_BYTES", 4 * 128 * 7)
    monkeypatch.setattr(batch, "_GROUP", 3)


def built(workspace: Workspace, vectors: np.ndarray) -> None:
    table = pa.table(
        {
            "id": np.random.default_rng(1).permutation(len(vectors)),
            "x": np.arange(len(vectors)) % 10,
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
        }
    )
    workspace.write_table("t", table)
    workspace.create_index(
        INDEX, source_table="t", vector_column="v", primary_key="id", create_endpoint=True
    )


def check(workspace: Workspace, queries: np.ndarray, **asked: Any) -> None:
    """As many at once as one by one."""
    asked = {"columns": ["id", "x"], "exact": True, **asked}
    many = workspace.similarity_search_batch(INDEX, query_vectors=queries, **asked)
    for query, found in zip(queries, many, strict=True):
        rows = [[json_value(value) for value in row.values()] for row in found]
        reply = workspace.query_index(INDEX, query_vector=query.tolist(), **asked)
        assert rows == reply["result"].get("data_array", [])


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("longest", [None, 3.0], ids=["unit", "any length"])
@pytest.mark.parametrize("where", [None, {"x <": 3}, {"x": 4}, {"x >": 100}], ids=str)
@pytest.mark.parametrize("k", [1, 20, 200])
def test_blocks_of_rows_and_queries_hide_no_row(
    workspace: Workspace, longest: float | None, where: dict[str, Any] | None, k: int
) -> None:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if longest is not None:
        vectors *= rng.uniform(0.1, longest, (ROWS, 1)).astype(np.float32)
    built(workspace, vectors)
    queries = rng.standard_normal((23, DIMENSION)).astype(np.float32)
    check(workspace, queries, filters=where, num_results=k)


@pytest.mark.usefixtures("blocks")
def test_of_many_equal_vectors_those_with_the_least_keys_are_found(workspace: Workspace) -> None:
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    vectors[100:900] = vectors[0]
    built(workspace, vectors)
    queries = np.stack([vectors[0], vectors[1000], -vectors[0], vectors[0] * 2])
    for where in (None, {"x <": 5}):
        check(workspace, queries, filters=where, num_results=4)


def test_a_filter_that_leaves_few_rows_is_answered_by_products_with_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many queries by one matrix product; few, and without a filter, by first passes."""
    asked: list[int] = []
    scanned = batch._scanned

    def noted(part: Any, queries: np.ndarray, k: int, allowed: Any) -> Any:
        asked.append(len(queries))
        return scanned(part, queries, k, allowed)

    monkeypatch.setattr(batch, "_scanned", noted)
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((20_000, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    built(workspace, vectors)
    check(workspace, vectors[:200] + np.float32(0.1), filters={"x": 3}, exact=False)
    assert asked == [200]
