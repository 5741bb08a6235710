"""Parquet files and Delta tables as a source. Knows Arrow; not products."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.core.arrow.objects import rows_of
from engine.core.arrow.times import has_nanoseconds, in_microseconds
from engine.core.types import is_list, row_of
from engine.shop.catalogue.sources.nested import as_json, flattened, is_picture
from engine.shop.catalogue.sources.source import Source, SourceRow
from engine.store.tables.delta import DeltaSource, open_delta
from engine.store.tables.parquet_files import ParquetFiles
from engine.store.tables.partitions import find_files, is_delta

_ROWS = 256  # read at a time: they may hold pictures


def open_columnar(path: Path, language: str | None = None) -> Source:
    """A Parquet file, a folder of them, or a Delta table.

    Raises:
        BadSourceFile: it can't be read. MissingExtra: a Delta table, without the package deltalake.
    """
    table: DeltaSource | ParquetFiles
    if is_delta(path):
        table, folder, form = open_delta(path), path, "a Delta table"
    else:
        folder, found = find_files(path)
        table = ParquetFiles(tuple(f.path for f in found), tuple(f.partitions for f in found))
        form = f"Parquet, {len(found)} files" if len(found) > 1 else "Parquet"
    schema = table.schema
    names = [name for field in schema for name in _names(field.name, field.type)]
    types = {f.name: _plain_type(f.type) for f in schema if _is_plain(f.type)}
    return Source(
        path,
        folder,
        tuple(dict.fromkeys(names)),
        lambda: _rows(table, schema, language),
        types=types,
        how=(form,),
        unit="row",
    )


def _rows(
    table: DeltaSource | ParquetFiles, schema: pa.Schema, language: str | None
) -> Iterator[SourceRow]:
    number = 0
    for batch in _batches(table):
        columns = [_readable(column) for column in batch.columns]
        plain = pa.record_batch(columns, names=batch.schema.names)
        for values in rows_of(plain):
            number += 1
            yield SourceRow(number, _values(values, schema, language))


def _batches(table: DeltaSource | ParquetFiles) -> Iterator[pa.RecordBatch]:
    if isinstance(table, DeltaSource):
        yield from table.batches(None, _ROWS)
        return
    for file in table.files:
        yield from table.batches_of(file, None, _ROWS)


def _values(values: dict[str, Any], schema: pa.Schema, language: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in schema:
        value = values[field.name]
        if _is_plain(field.type):
            made[field.name] = value
        elif value is None:
            made |= dict.fromkeys(_names(field.name, field.type))
        elif pa.types.is_map(field.type):
            made[field.name] = as_json(dict(value))
        else:
            made |= flattened({field.name: value}, language)
    return made


def _readable(column: pa.Array) -> pa.Array:
    """Times to the microsecond, which is what Python's have."""
    return in_microseconds(column) if has_nanoseconds(column.type) else column


def _is_plain(kind: pa.DataType) -> bool:
    """Whether a column of a table can be of this type as it is."""
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return False
    return row_of(kind) is not None or (is_list(kind) and row_of(kind.value_type) is not None)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    return pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else kind


def _names(name: str, kind: pa.DataType) -> list[str]:
    """The columns that a column becomes."""
    if pa.types.is_struct(kind) and not is_picture({f.name: None for f in kind}):
        return [inner for f in kind for inner in _names(f"{name}_{f.name}", f.type)]
    return [name]
