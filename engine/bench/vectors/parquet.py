"""Vectors in a column of lists: a Parquet file, or a folder of them, read a row group at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from engine.bench.vectors.vector_set import VectorSet
from engine.core.arrays import Matrix
from engine.errors import BadSourceFile, InvalidParameterValue

BATCH = 16_384  # rows


def read_parquet(path: Path, column: str | None) -> VectorSet:
    """The vectors of a column of lists of numbers; each as long as the first."""
    try:
        data = ds.dataset(path, format="parquet")
        name = _column(data.schema, column, path)
        return VectorSet(
            path.stem, _vectors(data, name, path), source=f"Parquet {path.name}, {name}"
        )
    except (pa.ArrowException, OSError) as error:
        raise BadSourceFile(f"no Parquet that can be read: {error}", file=str(path)) from error


def _column(schema: pa.Schema, column: str | None, path: Path) -> str:
    lists: list[str] = [field.name for field in schema if _is_list_of_numbers(field.type)]
    if column is None and len(lists) == 1:
        return lists[0]
    if column is None or column not in lists:
        asked = "which column of vectors" if column is None else f"no column of vectors {column!r}"
        raise InvalidParameterValue(f"{path}: {asked}; there are: {lists}")
    return column


def _is_list_of_numbers(type_: pa.DataType) -> bool:
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(is_list(type_) for is_list in lists):
        return False
    number = type_.value_type
    return bool(pa.types.is_floating(number) or pa.types.is_integer(number))


def _vectors(data: ds.Dataset, name: str, path: Path) -> Matrix:
    count = data.count_rows()
    out: Matrix | None = None
    done = 0
    for batch in data.to_batches(columns=[name], batch_size=BATCH):
        if not len(batch):
            continue
        column = batch.column(0)
        lengths = column.value_lengths().to_numpy(zero_copy_only=False)
        if out is None:
            first = lengths[0]
            if not first > 0:
                raise BadSourceFile(f"row 0 of {name!r} has no vector", file=str(path))
            out = np.empty((count, int(first)), np.float32)
        other = np.flatnonzero(lengths != out.shape[1])
        if len(other):
            row = int(other[0])
            given = "no vector" if np.isnan(lengths[row]) else f"{int(lengths[row])} numbers"
            raise BadSourceFile(
                f"row {done + row} of {name!r} has {given}; row 0 has {out.shape[1]} numbers",
                file=str(path),
            )
        numbers = column.flatten().cast(pa.float32())
        if numbers.null_count:
            row = int(np.flatnonzero(numbers.is_null())[0]) // out.shape[1]
            raise BadSourceFile(
                f"row {done + row} of {name!r} has a number that is missing", file=str(path)
            )
        values = numbers.to_numpy(zero_copy_only=False)
        out[done : done + len(batch)] = values.reshape(len(batch), -1)
        done += len(batch)
    if out is None:
        raise BadSourceFile(f"no row in {name!r}", file=str(path))
    return out
