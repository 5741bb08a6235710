"""Columns of a table as an index stores them: fields and values. Knows Arrow's arrays; not keys.

Which type a column is stored in is said by `core/types`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyarrow as pa

from engine.core.arrow.times import has_nanoseconds, in_microseconds
from engine.core.schema import Column, IndexSpec
from engine.core.types import column_of, is_list, stored_field
from engine.errors import InvalidState
from engine.service.indexes.checks import unfit_columns
from engine.store.indexes.versions import Version
from engine.store.segments.columns import number_array, valid_mask
from engine.store.tables.table import Table


def stored_fields(source: Table, spec: IndexSpec, current: Version | None) -> list[pa.Field]:
    """An index's columns as a sync stores them, its vectors as the table has them.

    Raises:
        InvalidState: the table lost one, or its key or vectors have another kind of type.
    """
    schema = source.schema
    lost = [name for name in spec.columns if name not in schema.names]
    if lost:
        raise InvalidState(
            f"Source table {spec.source_table} no longer has the column {', '.join(lost)} of index "
            f"{spec.name}. Put it back, or delete the index and create it again."
        )
    before = current.columns.get(spec.primary_key) if current is not None else None
    types = _types_before(spec, current) if current is not None else {}
    unfit = unfit_columns(schema, spec, before.kind if before is not None else None, types)
    if unfit:
        raise InvalidState(
            f"Source table {spec.source_table} changed the type of {'; '.join(unfit)}. Index "
            f"{spec.name} can't take that: change it back, or delete the index and create it again."
        )
    return [stored_field(schema.field(name)) for name in spec.columns]


def type_texts(fields: list[pa.Field], spec: IndexSpec) -> dict[str, str]:
    """Arrow's own text of each stored column's type: a version's facts keep them."""
    return {f.name: str(f.type) for f in fields if f.name != spec.vector_column}


def _types_before(spec: IndexSpec, version: Version) -> dict[str, str]:
    """Types of an index's columns, in words."""
    vectors = (
        {spec.vector_column: f"vectors of length {spec.dimension}"} if spec.has_vectors else {}
    )
    return {**version.facts["types"], **vectors}


def index_columns(fields: list[pa.Field], spec: IndexSpec) -> list[Column]:
    """What the API knows of an index's columns, a computed vector last."""
    vector = Column(spec.vector_column, "other", is_array=True)
    known = [vector if f.name == spec.vector_column else column_of(f) for f in fields]
    return [*known, vector] if spec.is_managed else known


# ------------------------------------------------------------------ values
def stored(column: pa.Array, kind: pa.DataType, name: str | None = None) -> pa.Array:
    """A column of a table in the type that an index stores it in.

    Values stay what they are; of nanoseconds those below a microsecond are cut, as the API knows none.

    Args:
        name: of the column, for the error.

    Raises:
        InvalidState: a value that the type does not hold, such as a time out of its range.
    """
    if has_nanoseconds(column.type):
        column = in_microseconds(column)
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit, tz="UTC"))
        column = column.cast(pa.timestamp(column.type.unit))
    if _holds_halves(column.type):
        column = _shortest_halves(column)
    try:
        same = column.type == kind
        return column if same else column.cast(kind, safe=not _holds_nanoseconds(column.type))
    except pa.ArrowException as error:
        raise InvalidState(
            f"{'A column' if name is None else f'Column {name!r}'} holds a value that an index can't "
            f"store as {kind}: {error}. Mend it in the table, or leave the column out with "
            "columns_to_sync."
        ) from None


def _holds_nanoseconds(kind: pa.DataType) -> bool:
    while hasattr(kind, "value_type"):  # of lists and dictionaries
        kind = kind.value_type
    return has_nanoseconds(kind)


def unstorable(batch: pa.RecordBatch) -> dict[int, str]:
    """Rows with a value that no index can hold, by position, with the reason."""
    reasons: dict[int, str] = {}
    for field, column in zip(batch.schema, batch.columns):
        for row in _broken(column):
            reasons[row] = f"column {field.name!r} holds text that is not UTF-8"
        if pa.types.is_timestamp(field.type) and field.type.unit in ("s", "ms"):
            for row in _beyond(column):
                reasons[row] = f"column {field.name!r} holds a time beyond the years that are known"
    return reasons


def _broken(column: pa.Array) -> list[int]:
    """Rows whose texts, also inside lists, are not UTF-8: half a character, or another encoding."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return [row for row in range(len(column)) if not _is_valid(column.slice(row, 1))]
    return []


def _is_valid(column: pa.Array) -> bool:
    # A slice of lists is checked with all that lies behind it, so that items are taken out first.
    try:
        (column.flatten() if is_list(column.type) else column).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _beyond(column: pa.Array) -> list[int]:
    """Rows whose seconds or milliseconds are too many for microseconds of 64 bits."""
    most = (2**63 - 1) // {"s": 10**6, "ms": 10**3}[column.type.unit]
    counts = number_array(column.view(pa.int64()))
    outside = (counts > most) | (counts < -most)
    known = valid_mask(column)
    return list(np.flatnonzero(outside if known is None else outside & known).tolist())


def _holds_halves(kind: pa.DataType) -> bool:
    return bool(pa.types.is_float16(kind.value_type if is_list(kind) else kind))


def _shortest_halves(column: pa.Array) -> pa.Array:
    """float16 as doubles of the shortest decimals that read back to them: 19.98, not 19.984375."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        kind = pa.large_list(pa.float64()) if pa.types.is_large_list(column.type) else None
        offsets, known = column.buffers()[1], column.buffers()[0]
        return pa.Array.from_buffers(
            kind or pa.list_(pa.float64()),
            len(column),
            [known, offsets],
            offset=column.offset,
            children=[_shortest_halves(column.values)],
        )
    if is_list(column.type):
        return _shortest_halves(column.cast(pa.list_(pa.float16())))
    known, bits = column.buffers()
    halves = np.frombuffer(bits, dtype=np.uint16)[: column.offset + len(column)]
    numbers = pa.py_buffer(_halves()[halves])
    return pa.Array.from_buffers(pa.float64(), len(column), [known, numbers], offset=column.offset)


@lru_cache(maxsize=1)
def _halves() -> np.ndarray:
    """The shortest form of every float16, by its bits."""
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    return np.array([float(str(number)) for number in every])
