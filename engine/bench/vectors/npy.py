"""Vectors in numpy's own files: .npy, mapped; queries beside them where a name says so.

`base.npy` alone, or `vectors.npy` beside `queries.npy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.bench.vectors.arrays import as_matrix
from engine.bench.vectors.vector_set import VectorSet
from engine.core.arrays import Matrix
from engine.errors import BadSourceFile, InvalidParameterValue
from engine.store.layout import storage_failed

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


def write_npy(file: Path, shape: tuple[int, int], parts: Iterable[Matrix]) -> None:
    """Write float32 vectors, a part at a time, plainly: into a mapped file, a full disk would end all.

    Raises StorageFailed: a full disk, or a folder that is none.
    """
    try:
        with file.open("wb") as out:
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(out, header)
            for part in parts:
                out.write(np.ascontiguousarray(part, "<f4").data)
    except OSError as error:
        raise storage_failed(f"{file} was not written", error) from error


def _matrix(path: Path) -> Matrix:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadSourceFile(f"no array that can be read: {error}", file=str(path)) from error
    if not isinstance(values, np.ndarray):  # an .npz under another name
        raise BadSourceFile("several arrays; expected one", file=str(path))
    return as_matrix(values, path)
