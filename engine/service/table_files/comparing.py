"""Whether two tables hold the same rows in the same order. Knows Arrow's values."""

from __future__ import annotations

import pyarrow as pa

from engine.core.types import is_list


def same_rows(one: pa.Table, other: pa.Table) -> bool:
    """Whether names, types, values and order are the same; NaN is the same as NaN."""
    if one.column_names != other.column_names or one.num_rows != other.num_rows:
        return False
    if [f.type for f in one.schema] != [f.type for f in other.schema]:
        return False
    return all(map(_same, one.columns, other.columns))


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    # Only NaN makes equal columns differ, and it is looked for where they do.
    return one.equals(other) or (
        _has_nan(one) and _has_nan(other) and repr(one.to_pylist()) == repr(other.to_pylist())
    )


def _has_nan(column: pa.ChunkedArray | pa.Array) -> bool:
    import pyarrow.compute as pc  # opening a workspace doesn't need it

    if is_list(column.type):
        flat = pc.list_flatten(column)
        return _has_nan(flat)
    return pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py() is True
