"""Vectors by the path of their file: HDF5 of ann-benchmarks, .npy, Parquet, fvecs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.bench.vectors.vector_set import VectorSet
from engine.errors import InvalidParameterValue, NotFound

Reader = Callable[[Path, str | None], VectorSet]
READERS: dict[str, Reader] = {}


def open_vectors(path: Path, column: str | None = None) -> VectorSet:
    """Read vectors where they lie, mapped and not loaded where the layout allows.

    Args:
        path: a file; its ending says what it is, one of `READERS`.
        column: Parquet: the column of vectors; HDF5: the data set of those searched. None to find it.

    Raises:
        NotFound: no such file.
        InvalidParameterValue: an ending or a column that isn't known; names those that are.
        BadSourceFile: a file that can't be read, or holds no vectors.
        MissingExtra: HDF5 without the extra `evaluation`.
    """
    if not path.exists():
        raise NotFound(f"{path} does not exist; give a file of vectors: {', '.join(READERS)}")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidParameterValue(
            f"{path}: the ending {path.suffix!r} is not known; expected one of {', '.join(READERS)}"
        )
    return reader(path, column)
