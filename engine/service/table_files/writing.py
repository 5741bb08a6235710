"""A table written to a file of the user's: Parquet, CSV, JSON lines; whole or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from engine.core.types import is_list
from engine.errors import InvalidInputException
from engine.store.layout import storage_failed, sync_file

_ROWS = 10_000  # that are turned to text at once


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
    pq.write_table(table, file, compression="zstd")


def _csv(table: pa.Table, file: BinaryIO) -> None:
    """Lists and the like as JSON, which reading them understands."""
    for place, field in enumerate(table.schema):
        if is_list(field.type) or pa.types.is_nested(field.type):
            texts = [
                None if value is None else orjson.dumps(value, default=_plain).decode()
                for value in table.column(place).to_pylist()
            ]
            table = table.set_column(place, field.name, pa.chunked_array([texts], pa.string()))
        elif pa.types.is_decimal(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
        elif pa.types.is_dictionary(field.type):
            decoded = pc.cast(table.column(place), field.type.value_type)
            table = table.set_column(place, field.name, decoded)
    pa_csv.write_csv(table, file)


def _json(table: pa.Table, file: BinaryIO) -> None:
    for start in range(0, len(table), _ROWS):
        for row in table.slice(start, _ROWS).to_pylist():
            file.write(orjson.dumps(row, default=_plain) + b"\n")


def _plain(value: Any) -> str:
    """What JSON has no word for, as text."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


_WRITERS: Mapping[str, Callable[[pa.Table, BinaryIO], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _json,
    ".ndjson": _json,
    ".json": _json,
}
