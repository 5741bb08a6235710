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
