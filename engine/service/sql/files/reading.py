"""Files of one format as rows: CSV, JSON, Parquet. Knows files; not statements."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import BadSourceFile, BadStatement, InvalidInputException
from engine.service.cancellation import check
from engine.service.sql.files.finding import FoundFile
from engine.service.sql.files.joining import joined
from engine.service.sql.files.json_columns import json_table
from engine.service.sql.files.options import FileOptions
from engine.service.sql.files.partitioned import with_partitions
from engine.service.table_files.csv_rows import decoded, read_csv
from engine.service.table_files.json_rows import json_rows
from engine.service.table_files.types import guessed
from engine.store.tables.parquet_files import ParquetFiles

METADATA = "_metadata"
_TIME = pa.timestamp("us", tz="UTC")
_MOMENT = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[-+]\d\d:?\d\d)?$"
_ABOUT = pa.struct([
    ("file_path", pa.string()), ("file_name", pa.string()), ("file_size", pa.int64()),
    ("file_block_start", pa.int64()), ("file_block_length", pa.int64()),
    ("file_modification_time", _TIME),
])  # fmt: skip
_FEW = 2_147_483_647  # the greatest INT


@dataclass(frozen=True)
class RowsRead:
    """The rows of some files.

    Attributes:
        skipped: files that could not be read, and were to be passed over.
    """

    rows: pa.Table
    skipped: tuple[str, ...] = ()


def read_rows(
    files: Sequence[FoundFile],
    options: FileOptions,
    metadata: bool = False,
    types: Mapping[str, pa.DataType] | None = None,
) -> RowsRead:
    """The rows of files, one after the other, with the columns of all of them by name.

    Args:
        metadata: with the column `_metadata`, which says of each row what file it is of.
        types: of columns that are asked for, where JSON's own say less.

    Raises:
        BadSourceFile: a file that can't be read; says where. BadStatement: unlike columns.
    """
    parts: list[Any] = []
    skipped, read = [], []
    for one in files:
        check()
        try:
            parts.append(_read(one, options))
            read.append(one)
        except BadSourceFile as error:
            if not options.skips:
                raise BadSourceFile(error.reason, file=one.path, line=error.line) from None
            skipped.append(one.path)
    counts = [part.num_rows if isinstance(part, pa.Table) else len(part) for part in parts]
    rows = _joined(parts, read, options, types or {})
    if any(file.partitions for file in read) and (rows.num_columns or sum(counts)):
        has_rescued = options.rescues in rows.column_names
        rows = with_partitions(rows, read, counts, rows.num_columns - has_rescued)
    if metadata and rows.num_columns:
        rows = rows.append_column(METADATA, _about(read, counts))
    return RowsRead(rows, tuple(skipped))


def _read(one: FoundFile, options: FileOptions) -> Any:
    """The rows of a file: a table, or of JSON its objects."""
    if options.kind == "csv":
        return read_csv(one.file, options.csv)
    if options.kind == "parquet":
        return ParquetFiles((one.file,), ({},)).read(None)
    text = decoded(one.file, options.encoding)
    if not options.lenient or text.lstrip()[:1] == "[":
        return json_rows(text, one.path)
    rows = []
    for line in text.split("\n"):
        with contextlib.suppress(BadSourceFile):
            rows += json_rows(line, one.path)
    return rows


def _joined(
    parts: Sequence[Any],
    files: Sequence[FoundFile],
    options: FileOptions,
    types: Mapping[str, pa.DataType],
) -> pa.Table:
    if options.kind == "json":
        rows = [row for part in parts for row in part]
        try:
            return json_table(rows, types) if rows else pa.table({})
        except UnicodeEncodeError as error:
            raise BadStatement(
                f"the rows have a text with half of a character (a lone surrogate): {error.object!r:.80}"
            ) from None
        except InvalidInputException as error:
            raise BadStatement(error.message) from None
    if not parts:
        return pa.table({})
    whole = joined(parts, files, options.merges)
    if options.rescues in whole.column_names:  # behind the columns of all files
        last = whole.column_names.index(options.rescues)
        rescued, whole = whole.column(last), whole.remove_column(last)
        return _typed(whole, options).append_column(options.rescues, rescued)
    return _typed(whole, options)


def _typed(whole: pa.Table, options: FileOptions) -> pa.Table:
    return inferred(whole) if options.kind == "csv" and options.infers else whole


def inferred(texts: pa.Table) -> pa.Table:
    """Columns of texts in the types that all their values are written in, as Spark finds them."""
    columns = [_inferred(column) for column in texts.columns]
    return pa.table(columns, names=texts.column_names)


def _inferred(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    found = guessed(texts)
    if pa.types.is_list(found.type):
        return texts
    if pa.types.is_int64(found.type):
        span = pc.min_max(found).as_py()
        is_small = span["min"] is None or (span["min"] >= -_FEW and span["max"] <= _FEW)
        return found.cast(pa.int32()) if is_small else found
    if not pa.types.is_string(found.type) or found.null_count == len(found):
        return found
    if not pc.all(pc.match_substring_regex(texts, _MOMENT)).as_py():
        return found
    with contextlib.suppress(pa.ArrowException):
        zoned = pc.if_else(pc.match_substring_regex(texts, r"(Z|[-+]\d\d:?\d\d)$"), "", "Z")
        return pc.binary_join_element_wise(texts, zoned, "").cast(_TIME)
    return found


def _about(files: Sequence[FoundFile], counts: Sequence[int]) -> pa.ChunkedArray:
    """(rows,) what file each row is of."""
    told = pa.array(
        [
            {
                "file_path": f"dbfs:{one.path}",
                "file_name": one.path.rpartition("/")[2],
                "file_size": one.size,
                "file_block_start": 0,
                "file_block_length": one.size,
                "file_modification_time": one.modified_ms * 1000,
            }
            for one in files
        ],
        _ABOUT,
    )
    places = [place for place, count in enumerate(counts) for _ in range(count)]
    return pa.chunked_array([told.take(pa.array(places, pa.int64()))])
