"""Vectors in the TEXMEX files of SIFT and GIST: .fvecs, .bvecs, .ivecs, mapped.

Each vector is its dimension as int32, then its numbers: float32, bytes or int32, little-endian. Beside
`sift_base.fvecs` lie `sift_query.fvecs` and `sift_groundtruth.ivecs`.

Source: corpus-texmex.irisa.fr, "Vector file formats".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.vectors.arrays import as_matrix, as_rows
from engine.bench.vectors.vector_set import VectorSet
from engine.errors import BadSourceFile, InvalidParameterValue

NUMBERS = {".fvecs": "<f4", ".bvecs": "u1", ".ivecs": "<i4"}
CHECKED = 1_000  # vectors whose dimension is looked at: all would read the whole file
BASE, ASKING, RIGHT = "_base", "_query", "_groundtruth.ivecs"


def read_texmex(path: Path, column: str | None) -> VectorSet:
    """Vectors with L2 distance; `x_base.fvecs` brings the queries and right answers beside it."""
    if column is not None:
        raise InvalidParameterValue(
            f"column {column!r}: {path.name} holds one array and no columns"
        )
    vectors = as_matrix(_array(path), path)
    queries = neighbors = None
    if path.stem.endswith(BASE):
        stem = path.stem.removesuffix(BASE)
        asking, right = path.with_name(stem + ASKING + path.suffix), path.with_name(stem + RIGHT)
        queries = as_matrix(_array(asking), asking) if asking.is_file() else None
        neighbors = as_rows(_array(right), len(vectors), right) if right.is_file() else None
    return VectorSet(path.stem, vectors, queries, neighbors, "euclidean", f"TEXMEX {path.name}")


def _array(path: Path) -> np.ndarray[Any, Any]:
    """(n, d) numbers as the file has them, behind the dimension that stands before each."""
    kind = np.dtype(NUMBERS[path.suffix.lower()])
    size = path.stat().st_size
    dimension = int(np.fromfile(path, "<i4", 1)[0]) if size >= 4 else 0
    record = 4 + dimension * kind.itemsize
    if dimension < 1 or size % record:
        raise BadSourceFile(
            f"{size:,} bytes, and its first vector says that it has {dimension} numbers: these are no "
            "whole vectors; it may be cut off",
            file=str(path),
        )
    layout = np.dtype([("dimension", "<i4"), ("numbers", kind, (dimension,))])
    records = np.memmap(path, dtype=layout, mode="r")
    for row in np.unique(np.linspace(0, len(records) - 1, CHECKED).astype(np.int64)):
        if (given := int(records["dimension"][row])) != dimension:
            raise BadSourceFile(
                f"vector {row} says that it has {given} numbers; the first has {dimension}",
                file=str(path),
            )
    return records["numbers"]
