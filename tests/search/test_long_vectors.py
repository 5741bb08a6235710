"""Vectors of lengths that float32 can't say the squares of: indexed and found like others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine import Workspace

INDEX = "main.a.i"
ROWS, DIMENSION = 5_000, 32


def answered(workspace: Workspace, query: np.ndarray) -> list[int]:
    reply = workspace.query_index(
        INDEX, columns=["product_id"], query_vector=query.tolist(), num_results=5
    )
    return [int(row[0]) for row in reply["result"]["data_array"]]


def nearest(vectors: np.ndarray, query: np.ndarray) -> list[int]:
    squared = np.square(vectors.astype(np.float64) - query.astype(np.float64)).sum(axis=1)
    return np.argsort(squared, kind="stable")[:5].tolist()


@pytest.mark.parametrize("factory", [None, "IVF16,Flat"])
@pytest.mark.parametrize("length", [1e8, 1e10, 1e19, 1e37])
def test_a_few_vectors_that_are_very_long_do_not_end_the_process_that_indexes_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, length: float, factory: str | None
) -> None:
    """FAISS's k-means found no centre for a row, in a thread of its own: nothing could catch that."""
    monkeypatch.setattr("engine.store.segments.segment._ANN_FROM", 1000)
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    vectors[::500] *= np.float32(length)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    workspace.write_table("t", pa.table({"product_id": np.arange(ROWS), "v": flat}))
    report = workspace.create_index(
        INDEX, source_table="t", vector_column="v", create_endpoint=True, faiss_factory=factory
    )
    assert (report.indexed, report.failed) == (ROWS, 0)
    for query in (vectors[7], vectors[500], vectors[500] * np.float32(0.5)):
        assert answered(workspace, query) == nearest(vectors, query)
    assert bool(list(Path(workspace.path).glob("indexes/**/ann.faiss"))) == (
        length < 1e9 or (factory is not None and length < 1e18)
    )


@pytest.mark.parametrize("length", [1, 3, 10, 1000])
def test_one_vector_that_was_not_scaled_to_unit_length_hides_none_of_the_others(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, length: float
) -> None:
    """A quarter of the nearest was missed: its length left tables of bytes no room for other numbers."""
    monkeypatch.setattr("engine.store.segments.segment._ANN_FROM", 1000)
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal(128) + 0.05 * rng.standard_normal((15_000, 128))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    vectors[123] *= length
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 128)
    workspace.write_table("t", pa.table({"product_id": np.arange(len(vectors)), "v": flat}))
    workspace.create_index(INDEX, source_table="t", vector_column="v", create_endpoint=True)
    queries = rng.standard_normal((20, 128))
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    batch = workspace.similarity_search_batch(
        INDEX, query_vectors=queries, columns=["product_id"], num_results=5
    )
    missed = 0
    for query, together in zip(queries, batch):
        expected = set(nearest(vectors, query))
        missed += len(expected - set(answered(workspace, query)))
        missed += len(expected - {row["product_id"] for row in together})
    assert missed <= 2
