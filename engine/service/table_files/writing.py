"""A table written to a file of the user's: Parquet, CSV, JSON lines; whole or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from engine.core.arrow.objects import has_far_times, rows_of, values_of
from engine.core.types import is_list
from engine.errors import InvalidInputException
from engine.progress import bar
from engine.store.layout import storage_failed, sync_file

_ROWS = 2_000  # that are turned to text at once
_GROUP = 100_000  # rows of a group of a Parquet file


def export(table: pa.Table, path: Path) -> None:
    """Write a table to a file, in the format that its ending names; a file that is there is replaced.

    Raises:
        InvalidInputException: another ending, or no such folder.
        StorageFailed: it can't be written there.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise InvalidInputException(
            f"{path} has no ending that tells a format; expected one of {', '.join(_WRITERS)}."
        )
    if not path.absolute().parent.is_dir():
        raise InvalidInputException(f"{path} was not written: there is no folder {path.parent}.")
    try:
        new = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
        try:
            with new.open("xb") as file:
                write(table, file)
            sync_file(new)
            new.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise storage_failed(f"{path} was not written", error) from error


def _parquet(table: pa.Table, file: BinaryIO) -> None:
    with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        for part in _parts(table, _GROUP):
            writer.write_table(part)


def _csv(table: pa.Table, file: BinaryIO) -> None:
    with pa_csv.CSVWriter(file, _written(table.slice(0, 0)).schema) as writer:
        for part in _parts(table):
            writer.write_table(_written(part))


def _written(table: pa.Table) -> pa.Table:
    """Lists and the like as JSON, which reading them understands; what CSV has no word for as text."""
    return pa.table([_column_written(one) for one in table.columns], names=table.column_names)


def _column_written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _column_written(pc.cast(column, kind.value_type))
    if pa.types.is_decimal(kind):
        return column.cast(pa.string())
    if is_list(kind) or pa.types.is_nested(kind):
        return _said(column, lambda value: orjson.dumps(value, default=_plain).decode())
    if _is_bytes(kind) or isinstance(kind, pa.BaseExtensionType):
        return _said(column, _plain)
    if has_far_times(column):  # Arrow would write another year
        return _said(column, _plain)
    return column


def _said(column: pa.ChunkedArray, word: Callable[[Any], str]) -> pa.ChunkedArray:
    texts = [None if value is None else word(value) for value in values_of(column)]
    return pa.chunked_array([texts], pa.string())


def _is_bytes(kind: pa.DataType) -> bool:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def _json(table: pa.Table, file: BinaryIO) -> None:
    for part in _parts(table):
        for row in rows_of(part):
            file.write(orjson.dumps(row, default=_plain) + b"\n")


def _parts(table: pa.Table, rows: int = _ROWS) -> Iterator[pa.Table]:
    """The rows of a table by and by; one empty part of a table without rows."""
    with bar(total=table.num_rows, unit="row", desc="export") as shown:
        for start in range(0, max(table.num_rows, 1), rows):
            part = table.slice(start, rows)
            yield part
            shown.update(part.num_rows)


def _plain(value: Any) -> str:
    """What JSON has no word for, as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


_WRITERS: Mapping[str, Callable[[pa.Table, BinaryIO], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json,
    ".ndjson": _json,
    ".json": _json,
}
