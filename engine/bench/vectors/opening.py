"""Vectors by the path of their file: HDF5 of ann-benchmarks, .npy, Parquet, .fvecs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.bench.vectors.hdf5 import read_hdf5
from engine.bench.vectors.npy import read_npy
from engine.bench.vectors.parquet import read_parquet
from engine.bench.vectors.texmex import NUMBERS, read_texmex
from engine.bench.vectors.vector_set import VectorSet
from engine.errors import InvalidParameterValue, NotFound

Reader = Callable[[Path, str | None], VectorSet]
READERS: dict[str, Reader] = {
    ".hdf5": read_hdf5,
    ".h5": read_hdf5,
    ".npy": read_npy,
    ".parquet": read_parquet,
    **dict.fromkeys(NUMBERS, read_texmex),
}


def open_vectors(path: Path, column: str | None = None) -> VectorSet:
    """Read vectors where they lie, mapped and not loaded where the layout allows.

    Args:
        path: a file, whose ending says what it is, one of `READERS`; or a folder of Parquet files.
        column: Parquet: the column of vectors; HDF5: the data set of those searched. None to find it.

    Raises:
        NotFound: no such file.
        InvalidParameterValue: an ending or a column that isn't known; names those that are.
        BadSourceFile: a file that can't be read, or holds no vectors.
        MissingExtra: HDF5 without the extra `evaluation`.
    """
    if not path.exists():
        raise NotFound(f"{path} does not exist; give a file of vectors: {', '.join(READERS)}")
    folder_of_parquet = path.is_dir() and any(path.glob("*.parquet"))
    reader = READERS.get(".parquet" if folder_of_parquet else path.suffix.lower())
    if reader is None:
        raise InvalidParameterValue(
            f"{path}: the ending {path.suffix!r} is not known; expected one of {', '.join(READERS)}"
        )
    return reader(path, column)
