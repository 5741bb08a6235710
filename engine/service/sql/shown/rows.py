"""Rows of texts, as SHOW and DESCRIBE answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa


def rows_of(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], booleans: Sequence[str] = ()
) -> pa.Table:
    """Rows of texts, and of truths in some columns."""
    values = list(zip(*rows)) if rows else [()] * len(columns)
    arrays = [
        pa.array(list(value), pa.bool_() if name in booleans else pa.string())
        for name, value in zip(columns, values)
    ]
    return pa.table(arrays, names=list(columns))


def texts(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows of texts."""
    return rows_of(columns, rows)
