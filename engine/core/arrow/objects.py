"""Arrow's values as Python objects, those included that Python's own types can't say.

Arrow gives up on a whole column for one time beyond the year 9999, and for digits beyond microseconds
where pandas is not installed. Here such a value is a `FarTime`, or the text that says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from engine.core.types import with_each
from engine.core.values import FarTime, half_of

_UNSAID = (ValueError, OverflowError, KeyError)  # no such year, no such time zone
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_MS, _MOST_MICROS = 86_400_000, 2**63
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def rows_of(table: pa.Table | pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows as dicts; of columns of one name the last."""
    names = table.schema.names
    if not names:
        return [{} for _ in range(table.num_rows)]
    return [dict(zip(names, row)) for row in zip(*map(values_of, table.columns))]


def values_of(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """The values in their order, nulls as None; narrow floats as the shortest decimals: 0.1, not
    0.10000000149.
    """
    column = _widened(column)
    try:
        values: list[Any] = column.to_pylist()
    except _UNSAID:
        values = [object_of(value) for value in column]
    return values


def _widened(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Floats as doubles of their shortest forms, also within lists, structures and maps."""
    said = _with_narrow_floats(column.type, pa.string())
    if said == column.type:
        return column
    if pa.types.is_float16(column.type):
        halves = [None if half is None else half_of(half) for half in column.to_pylist()]
        return pa.array(halves, pa.float64())
    return column.cast(said).cast(_with_narrow_floats(column.type, pa.float64()))


def _with_narrow_floats(kind: pa.DataType, instead: pa.DataType) -> pa.DataType:
    """A type with another in the place of float32, and of a float16 that isn't within another."""
    if pa.types.is_float16(kind):
        return instead
    return with_each(kind, lambda one: instead if pa.types.is_float32(one) else one)


def array_of(value: Any, kind: pa.DataType) -> pa.Array:
    """One value of a type as Arrow has it, a `FarTime` included: the way back from `object_of`.

    Raises:
        pa.ArrowException, OverflowError, TypeError, ValueError: it has no form in the type.
    """
    if not isinstance(value, FarTime):
        return pa.array([value], kind)
    counted = pa.date32() if value.is_date else pa.timestamp("us", getattr(kind, "tz", None))
    bare = pa.array([value.count], pa.int32() if value.is_date else pa.int64())
    return bare.view(counted).cast(kind)


def column_from(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values as Arrow has them, in lists, maps and structures too: the way back from `values_of`.

    Raises:
        pa.ArrowException, OverflowError, TypeError, ValueError: one has no form in the type.
    """
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, TypeError):
        return pa.array([_countable(value, kind) for value in values], kind)


def _countable(value: Any, kind: pa.DataType) -> Any:
    """A value whose far times are the numbers by which Arrow takes them."""
    if isinstance(value, FarTime):
        return array_of(value, kind)[0].value
    if pa.types.is_map(kind) and value is not None:
        return [(_countable(k, kind.key_type), _countable(v, kind.item_type)) for k, v in value]
    if pa.types.is_struct(kind) and value is not None:
        return {field.name: _countable(value.get(field.name), field.type) for field in kind}
    if pa.types.is_nested(kind) and value is not None:
        return [_countable(item, kind.value_type) for item in value]
    return value


def has_far_times(column: pa.Array | pa.ChunkedArray) -> bool:
    """Whether a column of times or dates has one outside the years 1 to 9999."""
    import pyarrow.compute as pc  # opening a workspace loads none of it

    kind = column.type
    if pa.types.is_date32(kind):
        per_day, column = 1, column.cast(pa.int32())
    elif pa.types.is_date64(kind):
        per_day = _DAY_MS
    elif pa.types.is_timestamp(kind):
        per_day = 86_400 * _PER_SECOND[kind.unit]
    else:
        return False
    found = pc.min_max(column.cast(pa.int64())).as_py()
    if found["min"] is None:
        return False
    first, last = (day.toordinal() - _EPOCH for day in (date.min, date.max))
    return bool(found["min"] < first * per_day or found["max"] >= (last + 1) * per_day)


def object_of(value: pa.Scalar) -> Any:
    """One value; of a list, struct or map only that becomes another which Arrow can't say."""
    try:
        return value.as_py()
    except _UNSAID:
        return _said(value)


def _said(value: pa.Scalar) -> Any:
    kind = value.type
    if pa.types.is_dictionary(kind) or isinstance(value, pa.ExtensionScalar):
        return object_of(value.value)
    if pa.types.is_map(kind):
        entries = value.values
        return list(zip(values_of(entries.field(0)), values_of(entries.field(1))))
    if pa.types.is_struct(kind):
        return {field.name: object_of(value[place]) for place, field in enumerate(kind)}
    if pa.types.is_nested(kind):
        return values_of(value.values)
    if pa.types.is_timestamp(kind):
        return _time(value)
    if pa.types.is_date(kind):
        return FarTime(value.value // (1 if pa.types.is_date32(kind) else _DAY_MS), "D")
    if pa.types.is_duration(kind):
        return f"{value.value} {kind.unit}"
    return str(value.cast(pa.string()))


def _time(value: pa.TimestampScalar) -> Any:
    """A time in a zone that isn't known is that of UTC, as all are stored."""
    count, unit = value.value, value.type.unit
    micros, rest = divmod(count * 10**6, _PER_SECOND[unit])
    if rest:
        return str(pa.scalar(count, pa.timestamp("ns")).cast(pa.string())).replace(" ", "T")
    try:
        return pa.scalar(micros, pa.timestamp("us")).as_py()
    except _UNSAID:
        if abs(micros) < _MOST_MICROS:
            return FarTime(micros, "us")
        return f"{count} {unit} since 1970"  # beyond the year 290,000
