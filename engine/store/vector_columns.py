"""Vector columns between Arrow and numpy. Knows list types; not tables or indexes.

Exports hold embeddings as list<double>, list<float>, fixed-size lists or float16; all of them read.
"""

from __future__ import annotations

import numpy as np
import orjson
import pyarrow as pa

from engine.core.arrays import Mask, Matrix

_DECIMALS_AT_ONCE = 1 << 15  # numbers; other threads wait while orjson runs


def is_vector_type(kind: pa.DataType) -> bool:
    """Whether a column of this Arrow type can hold vectors."""
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    numbers = (pa.types.is_floating, pa.types.is_integer)
    return any(t(kind) for t in lists) and any(t(kind.value_type) for t in numbers)


def to_matrix(column: pa.Array, dimension: int) -> tuple[Matrix, Mask, dict[int, str]]:
    """The usable vectors of a column, and why the others can't be used.

    Args:
        column: n lists of numbers, nulls allowed.

    Returns:
        (m, dimension) float32 of the usable rows in order; an (n,) mask of them; for each other row
        its position and the reason: null, another length, or a number that is not finite.
    """
    import pyarrow.compute as pc  # queries don't need it

    if pa.types.is_fixed_size_list(column.type):
        lengths = np.full(len(column), column.type.list_size)
    else:
        lengths = pc.fill_null(pc.list_value_length(column), -1).to_numpy(zero_copy_only=False)
    present = column.is_valid().to_numpy(zero_copy_only=False)
    good = present & (lengths == dimension)
    reasons = {int(i): "the vector is null" for i in np.flatnonzero(~present)}
    for i in np.flatnonzero(present & ~good):
        reasons[int(i)] = f"the vector has {lengths[i]} numbers, expected {dimension}"
    values = column.filter(pa.array(good)).flatten().to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        matrix = np.array(values, dtype=np.float32).reshape(-1, dimension)
    finite = np.isfinite(matrix).all(axis=1)
    positions = np.flatnonzero(good)
    for i in positions[~finite]:
        reasons[int(i)] = "the vector holds a number that is null, NaN, infinite or beyond float32"
    good[positions[~finite]] = False
    return matrix[finite], good, reasons


def to_double_lists(vectors: Matrix) -> pa.Array:
    """(n, d) float32 as the tables' ARRAY<DOUBLE>: list<double>, every float32 kept exactly."""
    rows, dimension = vectors.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(dimension)
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.array(vectors.astype(np.float64).reshape(-1))
    )


def shortest_decimals(vectors: Matrix) -> list[list[float]]:
    """Each float32 as the shortest decimal that reads back to it: 0.1, not 0.10000000149.

    Written and read as JSON, which takes a twentieth of the time of one text a number.
    """
    rows = np.ascontiguousarray(vectors)
    step = max(1, _DECIMALS_AT_ONCE // max(rows.shape[1], 1))
    decimals: list[list[float]] = []
    for start in range(0, len(rows), step):
        text = orjson.dumps(rows[start : start + step], option=orjson.OPT_SERIALIZE_NUMPY)
        decimals += orjson.loads(text)
    return decimals
