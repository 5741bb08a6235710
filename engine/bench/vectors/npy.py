"""Vectors in numpy's own files: .npy, mapped; queries beside them where a name says so.

`base.npy` alone, or `vectors.npy` beside `queries.npy`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.bench.vectors.arrays import as_matrix
from engine.bench.vectors.vector_set import VectorSet
from engine.core.arrays import Matrix
from engine.errors import BadSourceFile, InvalidParameterValue

SEARCHED, ASKING = "vectors.npy", "queries.npy"


def read_npy(path: Path, column: str | None) -> VectorSet:
    """A matrix, mapped where it is float32. `vectors.npy` brings the queries of `queries.npy`."""
    if column is not None:
        raise InvalidParameterValue(
            f"column {column!r}: {path.name} holds one array and no columns"
        )
    beside = path.with_name(ASKING)
    queries = _matrix(beside) if path.name == SEARCHED and beside.is_file() else None
    vectors = _matrix(path)
    if queries is not None and queries.shape[1] != vectors.shape[1]:
        raise BadSourceFile(
            f"queries of {queries.shape[1]} numbers; {path.name} has vectors of {vectors.shape[1]}",
            file=str(beside),
        )
    return VectorSet(path.stem, vectors, queries, source=f"numpy {path.name}")


def _matrix(path: Path) -> Matrix:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadSourceFile(f"no array that can be read: {error}", file=str(path)) from error
    if not isinstance(values, np.ndarray):  # an .npz under another name
        raise BadSourceFile("several arrays; expected one", file=str(path))
    return as_matrix(values, path)
