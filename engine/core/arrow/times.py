"""Arrow's times in the unit that the API, SQL and Python have: microseconds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def has_nanoseconds(kind: pa.DataType) -> bool:
    """Whether a type is one of times in nanoseconds."""
    return bool(pa.types.is_timestamp(kind) and kind.unit == "ns")


def in_microseconds(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Times in nanoseconds to the microsecond; the rest is cut off towards the past, as Spark does.

    A cast of Arrow's cuts it off towards 1970.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    missing = np.asarray(whole.is_null().to_numpy(zero_copy_only=False), np.bool_)
    counts = whole.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    kind = pa.timestamp("us", whole.type.tz)
    return pa.array(np.floor_divide(counts, 1000), pa.int64(), mask=missing).cast(kind)
