"""Vectors in HDF5, as ann-benchmarks and the wider field keep them. The one place that knows h5py.

    train       (n, d) the vectors that are searched
    test        (q, d) those that ask
    neighbors   (q, k) rows of `train`, nearest first; distances (q, k)
    attributes: distance: angular or euclidean; point_type: float

Source: ann_benchmarks/datasets.py of erikbern/ann-benchmarks, `write_output`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.vectors.arrays import as_matrix, as_rows
from engine.bench.vectors.vector_set import METRICS, Metric, VectorSet
from engine.errors import BadSourceFile, InvalidParameterValue
from engine.optional import require

SEARCHED, ASKING, RIGHT = "train", "test", "neighbors"


def read_hdf5(path: Path, column: str | None) -> VectorSet:
    """The vectors of a file, mapped where they lie in one piece as float32, else read.

    Args:
        column: the data set that is searched; None for `train`, or the only matrix of numbers.
    """
    h5py = require("h5py", "Reading HDF5")
    try:
        with h5py.File(path, "r") as file:
            name = _searched(file, column, path)
            searched = _matrix(file, name, path)
            queries = _matrix(file, ASKING, path) if ASKING in file else None
            right = as_rows(file[RIGHT][:], len(searched), path) if RIGHT in file else None
            if queries is not None and right is not None and len(right) != len(queries):
                raise BadSourceFile(
                    f"{RIGHT} of {len(right)} queries; {ASKING} has {len(queries)}", file=str(path)
                )
            return VectorSet(
                name=path.stem,
                vectors=searched,
                queries=queries,
                neighbors=right,
                metric=_metric(file, path),
                source=f"HDF5 {path.name}, {name}",
            )
    except OSError as error:
        raise BadSourceFile(f"no HDF5 that can be read: {error}", file=str(path)) from error


def _searched(file: Any, column: str | None, path: Path) -> str:
    matrices = [name for name, one in file.items() if getattr(one, "ndim", 0) == 2]
    found = column or (SEARCHED if SEARCHED in matrices else None)
    if found is None and len(matrices) == 1:
        found = matrices[0]
    if found is None or found not in matrices:
        raise InvalidParameterValue(
            f"{path}: no matrix {found or SEARCHED!r}; name one of {matrices} as the column"
        )
    return found


def _matrix(file: Any, name: str, path: Path) -> Any:
    """A data set as float32: mapped where it is one uncompressed piece of such numbers."""
    found = file[name]
    offset = found.id.get_offset()  # None for what is in chunks, compressed, or not written
    plain = found.dtype == np.dtype("<f4") and not found.external and not file.userblock_size
    if plain and offset is not None and found.size:
        return np.memmap(path, dtype="<f4", mode="r", offset=offset, shape=found.shape)
    return as_matrix(found[:], path)


def _metric(file: Any, path: Path) -> Metric:
    given = file.attrs.get("distance")
    given = given.decode() if isinstance(given, bytes) else given
    if given is None:  # older files say it in their names only: glove-100-angular
        given = next((one for one in METRICS if one in path.stem), "angular")
    given = {"cosine": "angular", "l2": "euclidean"}.get(str(given).lower(), str(given).lower())
    for metric in METRICS:
        if given == metric:
            return metric
    raise InvalidParameterValue(
        f"{path}: distance {given!r}; vectors are compared by one of {list(METRICS)}"
    )
