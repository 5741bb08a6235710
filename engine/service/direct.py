"""Rows that callers write themselves: the direct access index. Knows the API's types and replies.

A reply to a write is given when the rows are durable; the next query sees them.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timezone
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Matrix, Vector
from engine.core.schema import Column, IndexSpec
from engine.errors import InvalidParameterValue, VitrineError
from engine.service.columns import column_of
from engine.store.changes import Change
from engine.store.versions import VersionStore

# The API's words for types, in both spellings, and how an index stores them.
TYPES: Mapping[str, tuple[str, pa.DataType]] = {
    "integer": ("int", pa.int32()),
    "int": ("int", pa.int32()),
    "long": ("bigint", pa.int64()),
    "bigint": ("bigint", pa.int64()),
    "short": ("smallint", pa.int16()),
    "smallint": ("smallint", pa.int16()),
    "byte": ("tinyint", pa.int8()),
    "tinyint": ("tinyint", pa.int8()),
    "float": ("float", pa.float32()),
    "double": ("double", pa.float64()),
    "boolean": ("boolean", pa.bool_()),
    "string": ("string", pa.string()),
    "date": ("date", pa.date32()),
    "timestamp": ("timestamp", pa.timestamp("us")),
}


def check_type(column: str, text: object) -> tuple[str, pa.DataType]:
    """A type of the schema: the cloud's spelling, and the Arrow type.

    Raises:
        InvalidParameterValue: not a type of the API.
    """
    name = text.strip().lower() if isinstance(text, str) else ""
    inner = name[6:-1].strip() if name.startswith("array<") and name.endswith(">") else None
    known = TYPES.get(name if inner is None else inner)
    if known is None:
        raise InvalidParameterValue(
            f"schema gives column {column!r} the type {text!r}; expected one of "
            f"{', '.join(TYPES)}, or array<...> of one."
        )
    return known if inner is None else (f"array<{known[0]}>", pa.list_(known[1]))


def schema_json(schema: Mapping[str, str]) -> str:
    """The schema as the cloud shows it: keys sorted, compact, its own spelling of types."""
    spelled = {column: check_type(column, text)[0] for column, text in sorted(schema.items())}
    return json.dumps(spelled, separators=(",", ":"))


def columns_of(spec: IndexSpec) -> list[Column]:
    """The columns of a direct access index."""
    return [
        Column(spec.vector_column, "other", is_array=True)
        if field.name == spec.vector_column
        else column_of(field)
        for field in _fields(spec)
    ]


def _fields(spec: IndexSpec) -> list[pa.Field]:
    schema = spec.schema or {}
    return [pa.field(name, check_type(name, schema[name])[1]) for name in spec.columns]


def first_version(spec: IndexSpec) -> dict[str, Any]:
    """The facts of an empty direct access index."""
    return {
        "source": None,
        "report": None,
        "columns": [asdict(column) for column in columns_of(spec)],
        "encoder": {"encoder": None, "fingerprint": None},
        "created_at": time.time_ns() // 1_000_000,
    }


def upsert(versions: VersionStore, rows: object) -> dict[str, Any]:
    """Write rows; a row with a known key replaces the whole row, columns not given become null.

    Args:
        rows: list of dicts with at least the key and the vector. Of a key given twice the last
            counts.

    Returns:
        the API's reply: status SUCCESS, PARTIAL_SUCCESS or FAILURE, and what failed by key.

    Raises:
        InvalidParameterValue: not a list of dicts, or a row without its key.
    """
    spec = versions.spec
    given = _check_rows(rows, spec)
    good, failed = _usable_rows(given, spec)
    if good:
        with versions.writing():
            _write(versions, list(good.values()), list(good))
    return _reply(len(given), failed)


def delete(versions: VersionStore, keys: object) -> dict[str, Any]:
    """Delete rows by key; a key that is not there counts as deleted.

    Raises:
        InvalidParameterValue: not a list of keys.
    """
    spec = versions.spec
    if not isinstance(keys, (list, tuple)):
        raise InvalidParameterValue(f"primary_keys is {keys!r:.80}; expected a list of keys.")
    wanted, failed = [], []
    for key in keys:
        try:
            wanted.append(_value(key, _key_type(spec), spec.primary_key))
        except VitrineError:
            failed.append(str(key))
    if wanted:
        with versions.writing():
            _write(versions, [], wanted)
    return _reply(len(keys), failed)


def _write(versions: VersionStore, rows: list[dict[str, Any]], keys: list[Any]) -> None:
    """Delete the rows of the keys, append the given ones, publish."""
    spec = versions.spec
    version = versions.current()
    change = Change(versions, version)
    try:
        parts, places = change.find(keys)
        for part in np.unique(parts[parts >= 0]).tolist():
            change.delete(part, places[parts == part])
        if rows:
            change.append(*_as_arrow(rows, spec))
        if not change.is_empty:
            facts = version.facts if version is not None else first_version(spec)
            change.publish({**facts, "created_at": time.time_ns() // 1_000_000})
    except BaseException:
        change.discard()
        raise


def _as_arrow(rows: list[dict[str, Any]], spec: IndexSpec) -> tuple[pa.Table, Matrix]:
    fields = [field for field in _fields(spec) if field.name != spec.vector_column]
    arrays = [pa.array([row.get(field.name) for row in rows], field.type) for field in fields]
    vectors = np.stack([row[spec.vector_column] for row in rows])
    return pa.table(arrays, schema=pa.schema(fields)), vectors


# ------------------------------------------------------------------ checks
def _check_rows(rows: object, spec: IndexSpec) -> list[dict[str, Any]]:
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise InvalidParameterValue("inputs must be a list of dicts, one for each row.")
    for place, row in enumerate(rows):
        if row.get(spec.primary_key) is None:
            raise InvalidParameterValue(
                f"row {place} of inputs has no value for the primary key {spec.primary_key!r}."
            )
    return list(rows)


def _usable_rows(
    rows: Sequence[dict[str, Any]], spec: IndexSpec
) -> tuple[dict[Any, dict[str, Any]], list[str]]:
    """Rows by key with values of the schema's types, and the keys of those that can't be used."""
    types = {field.name: field.type for field in _fields(spec)}
    good: dict[Any, dict[str, Any]] = {}
    failed: list[str] = []
    for row in rows:
        try:
            unknown = set(row) - set(types)
            if unknown:
                raise InvalidParameterValue(f"columns {', '.join(sorted(map(str, unknown)))}")
            values = {
                name: _value(value, types[name], name)
                for name, value in row.items()
                if name != spec.vector_column
            }
            values[spec.vector_column] = _vector(row.get(spec.vector_column), spec)
            good.pop(values[spec.primary_key], None)
            good[values[spec.primary_key]] = values
        except VitrineError:
            failed.append(str(row[spec.primary_key]))
    return good, failed


def _vector(value: object, spec: IndexSpec) -> Vector:
    """A vector of a row as float32.

    Raises:
        InvalidParameterValue: missing, of another length, or with something that is no finite number.
    """
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "fiu" or given.shape != (spec.dimension,):
            raise ValueError
        with np.errstate(over="ignore"):
            vector = given.astype(np.float32)
        if not np.isfinite(vector).all():
            raise ValueError
    except ValueError:
        raise InvalidParameterValue(
            f"column {spec.vector_column!r} must hold {spec.dimension} finite numbers."
        ) from None
    return vector


def _key_type(spec: IndexSpec) -> pa.DataType:
    return next(field.type for field in _fields(spec) if field.name == spec.primary_key)


def _value(value: object, kind: pa.DataType, column: str) -> Any:
    """A value in the type of its column.

    Raises:
        InvalidParameterValue: it is of another type, or out of its range.
    """
    if value is None:
        return None
    try:
        if pa.types.is_list(kind):
            if not isinstance(value, (list, tuple, np.ndarray)):
                raise TypeError
            return [_value(item, kind.value_type, column) for item in value]
        return pa.scalar(_python_value(value, kind), kind).as_py()
    except (TypeError, ValueError, OverflowError, pa.ArrowException):
        raise InvalidParameterValue(
            f"column {column!r} holds {value!r:.80}, which is not of type {kind}."
        ) from None


def _python_value(value: Any, kind: pa.DataType) -> Any:
    """What Arrow takes for a type; keys may come as text, times as ISO text."""
    if isinstance(value, np.generic):
        value = value.item()
    if pa.types.is_integer(kind):
        if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
            raise TypeError
        return int(value)
    if pa.types.is_floating(kind):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError
        number = float(value)
        with np.errstate(over="ignore"):
            beyond = pa.types.is_float32(kind) and np.isinf(np.float32(number))
        if beyond and math.isfinite(number):
            raise OverflowError
        return number
    if pa.types.is_timestamp(kind):
        moment = value
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
        return moment
    if pa.types.is_date(kind):
        return date.fromisoformat(value) if isinstance(value, str) else value
    expected = {pa.bool_(): bool, pa.string(): str}.get(kind, object)
    if not isinstance(value, expected):
        raise TypeError
    return value


def _reply(count: int, failed: list[str]) -> dict[str, Any]:
    done = count - len(failed)
    status = "SUCCESS" if not failed else "PARTIAL_SUCCESS" if done else "FAILURE"
    result: dict[str, Any] = {"success_row_count": done}
    if failed:
        result["failed_primary_keys"] = failed
    return {"status": status, "result": result}
