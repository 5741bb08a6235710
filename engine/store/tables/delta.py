"""The deltalake wall for reading: Delta tables where they lie; `delta_writing` writes new ones.

Rows come through its query engine, which knows deletion vectors and mapped columns; changes come from
`change_feed`. Knows a table's versions; not what its rows mean.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from engine.errors import BadSourceFile
from engine.optional import require
from engine.store.tables.change_feed import (
    ChangedFile,
    FeedUnusable,
    changed_files,
    read_changes,
)
from engine.store.tables.delta_types import fits, logical_type, plain_type
from engine.store.tables.parquet_files import BATCH_ROWS, check_exact, chosen_fields, footer
from engine.store.tables.partitions import is_delta, misread_part
from engine.store.tables.widening import is_always_exact

_ESCAPED = re.compile(rb"(?:\\u00[0-9A-Fa-f]{2})+")  # of bytes in a log
_PHYSICAL_NAME = "delta.columnMapping.physicalName"


@dataclass(frozen=True)
class DeltaSource:
    """One version of a Delta table; the latest one when it was opened, where none was asked for.

    Attributes:
        folder: where the table lies.
        version: the number of its last commit; counts from 0.
        table_id: differs between a table and one created anew in its place.
        schema: all columns, in plain types: string, list, times in UTC without a zone (us).
        num_rows: rows of this version.
        change_feed: the table now records its changes.
    """

    folder: Path
    version: int
    table_id: str
    schema: pa.Schema
    num_rows: int
    change_feed: bool
    _table: Any = field(repr=False, compare=False)  # deltalake.DeltaTable, held at this version

    @property
    def changed_at(self) -> int:
        """When it was committed, by the system's clock, in milliseconds; 0 where that is not known."""
        commit = self.folder / "_delta_log" / f"{self.version:020}.json"
        with contextlib.suppress(OSError):  # it has gone into a checkpoint
            return commit.stat().st_mtime_ns // 1_000_000
        return 0

    def batches(
        self, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Stream the rows, or some of their columns, at most `rows` at a time.

        Raises:
            BadSourceFile: a column that the table lacks, or a file that is gone or damaged.
        """
        return self._batches(self._fields(columns), rows)

    def _batches(self, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
        names = ", ".join(_quoted(name) for name in schema.names)
        with errors_named(self.folder):
            _check_types(self._table, schema, self.folder)
            written = _bytes_in_log(self._table, schema)
            for batch in _query(self._table, f"SELECT {names} FROM source", schema, rows):
                for place in written:
                    column = pa.array(map(_unescaped, batch.column(place).to_pylist()), pa.binary())
                    batch = batch.set_column(place, schema.field(place), column)
                yield batch

    def changes(
        self, since_version: int, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch] | None:
        """What was committed after `since_version`, at most `rows` changes at a time.

        The batches hold the columns, `_change_type` ("delete", "insert", "update_postimage") and
        `_commit_version` (int64). Commits are in order, and the deletes of a commit come before its
        other changes, so the last change of a key is its present state. An updated row comes twice:
        as it was, a "delete", and as it is, an "update_postimage".

        Returns None where the changes are not known: no feed, or its files are gone, or the table's
        columns or properties were changed since. Then read all rows. Compare `table_id` first:
        versions of a table that was created anew mean nothing to its predecessor's.

        Raises:
            BadSourceFile: a column that the table lacks; while reading, a file that went away.
        """
        fields = self._fields(columns)
        if since_version == self.version:
            return iter(())
        if not self.change_feed or _is_mapped(self._table) or not 0 <= since_version < self.version:
            return None
        try:
            commits = [
                (version, changed_files(self.folder, version, fields))
                for version in range(since_version + 1, self.version + 1)
            ]
        except FeedUnusable:
            return None
        return self._changes(commits, fields, rows)

    def _changes(
        self, commits: list[tuple[int, list[ChangedFile]]], fields: pa.Schema, rows: int
    ) -> Iterator[pa.RecordBatch]:
        with errors_named(self.folder):
            for version, files in commits:
                for deletes in (True, False):
                    for file in files:
                        yield from read_changes(file, version, fields, rows, deletes)

    def _fields(self, columns: Sequence[str] | None) -> pa.Schema:
        return chosen_fields(self.schema, columns, str(self.folder))


def open_delta(folder: Path, version: int | None = None) -> DeltaSource:
    """Open a Delta table.

    Args:
        version: one that its log knows; None for the latest.

    Raises:
        BadSourceFile: no Delta table, a damaged one, or one that needs more than deltalake can.
        MissingExtra: the package deltalake is not installed.
    """
    with errors_named(folder):
        table = _opened(folder, version)
        schema = pa.schema(table.schema().to_arrow())
        metadata = table.metadata()
        return DeltaSource(
            folder=folder,
            version=table.version(),
            table_id=str(metadata.id),
            schema=pa.schema([pa.field(f.name, plain_type(f.type)) for f in schema]),
            num_rows=_count(table, schema.names[0]),
            change_feed=_is_true(metadata.configuration.get("delta.enableChangeDataFeed")),
            _table=table,
        )


def delta_history(folder: Path) -> list[dict[str, Any]]:
    """What the log of a Delta table knows of its versions, the first one first.

    Each has `version`, `timestamp` (ms), `user`, `operation`, `parameters` and `metrics`.

    Raises:
        As `open_delta`.
    """
    with errors_named(folder):
        found = _opened(folder, None).history()
    return [
        {
            "version": int(entry["version"]),
            "timestamp": int(entry.get("timestamp") or 0),
            "user": entry.get("userName"),
            "operation": str(entry.get("operation", "WRITE")),
            "parameters": entry.get("operationParameters") or {},
            "metrics": entry.get("operationMetrics") or {},
        }
        for entry in sorted(found, key=lambda entry: int(entry["version"]))
    ]


def delta_detail(folder: Path, version: int | None = None) -> dict[str, Any]:
    """What the log of a Delta table says of it, or of a version of it.

    These are `id`, `name`, `description`, `created_at` (ms), `partitions`, `properties`, `files`,
    `bytes`, and the protocol's `reader`, `writer` and `features`.

    Raises:
        As `open_delta`.
    """
    with errors_named(folder):
        table = _opened(folder, version)
        metadata, protocol = table.metadata(), table.protocol()
        sizes = pa.table(table.get_add_actions()).column("size_bytes").to_pylist()
    features = {*(protocol.reader_features or ()), *(protocol.writer_features or ())}
    return {
        "id": str(metadata.id),
        "name": metadata.name,
        "description": metadata.description,
        "created_at": metadata.created_time,
        "partitions": list(metadata.partition_columns),
        "properties": dict(metadata.configuration),
        "files": len(sizes),
        "bytes": sum(sizes),
        "reader": protocol.min_reader_version,
        "writer": protocol.min_writer_version,
        "features": sorted(features),
    }


def _opened(folder: Path, version: int | None) -> Any:
    """A DeltaTable of deltalake; see `open_delta`."""
    if not is_delta(folder):
        raise BadSourceFile(
            "not a Delta table: a folder with a _delta_log in it was expected", file=str(folder)
        )
    misread = misread_part(folder)
    if misread is not None:
        raise BadSourceFile(
            f"its path has {misread!r} in it, which deltalake misreads: rename the folder",
            file=str(folder),
        )
    return _deltalake().DeltaTable(folder.absolute(), version)


def _deltalake() -> ModuleType:
    return require("deltalake", "reading a Delta table")


def _is_mapped(table: Any) -> bool:
    """Whether the files name the columns otherwise than the table does."""
    mode = table.metadata().configuration.get("delta.columnMapping.mode")
    return mode not in (None, "none")


def _count(table: Any, column: str) -> int:
    """Rows of a table, from the log where it says, else from the files.

    Also the moment when deltalake finds that a table needs a feature that it lacks.
    """
    count = "count(*)"
    if _is_mapped(table):  # of which deltalake can't count rows without a column
        name = _quoted(column)
        count = f"count({name}) + count(CASE WHEN {name} IS NULL THEN 1 END)"
    schema = pa.schema([("n", pa.int64())])
    (counted,) = _query(table, f"SELECT {count} AS n FROM source", schema, BATCH_ROWS)
    return int(counted.column(0)[0].as_py())


def _bytes_in_log(table: Any, fields: pa.Schema) -> list[int]:
    """Places of partition columns of bytes, which the log writes in signs that deltalake leaves so."""
    partitions = table.metadata().partition_columns
    return [n for n, f in enumerate(fields) if f.name in partitions and pa.types.is_binary(f.type)]


def _unescaped(value: bytes | None) -> bytes | None:
    if value is None or _ESCAPED.fullmatch(value) is None:
        return value
    return bytes(int(sign, 16) for sign in value.decode().split("\\u")[1:])


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _is_true(text: str | None) -> bool:
    return text is not None and text.lower() == "true"


def _check_types(table: Any, fields: pa.Schema, folder: Path) -> None:
    """Refuse files whose values are not of the table's types: deltalake's engine would cast 19.99 to 19.

    Raises:
        BadSourceFile: names file, column and both types, and the value where it depends on that; or a
            file that can't be read.
    """
    physical = {f.name: f.metadata.get(_PHYSICAL_NAME, f.name) for f in table.schema().fields}
    for file in _files_of(table, folder):
        try:
            schema = footer(file).schema
        except BadSourceFile as error:
            raise BadSourceFile(
                f"its file {file.name} can't be read: {error.reason}. If it is gone or damaged, put "
                "it back, or write the table again.",
                file=str(folder),
            ) from None
        for wanted in fields:
            name = physical[wanted.name]
            if name not in schema.names or (_is_mapped(table) and pa.types.is_nested(wanted.type)):
                continue  # a partition, or added later; or fields whose names are mapped too
            found = logical_type(schema.field(name).type)
            if not fits(found, wanted.type):
                raise BadSourceFile(
                    f"column {wanted.name!r} is of type {found}, but {wanted.type} in the Delta table "
                    f"{table.table_uri}, which does not hold its values as they are. Write the file or "
                    "the table anew with one type.",
                    file=str(file),
                )
            if not is_always_exact(found, logical_type(wanted.type)):
                check_exact(file, name, wanted)


def _files_of(table: Any, folder: Path) -> Iterator[Path]:
    """The files of a version that lie on this machine."""
    # deltalake names a file by the table's address, in signs for spaces and the like, and the path below
    # it as it is.
    root = urlsplit(table.table_uri).path
    for uri in table.file_uris():
        path = folder / uri[len(root) :] if uri.startswith(root) else _path_of(uri)
        if path is not None:
            yield path


def _path_of(uri: str) -> Path | None:
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if len(parts.scheme) > 1 else Path(uri)


def _query(table: Any, sql: str, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    """Ask deltalake's engine about the table `source`; the result is cast to `schema`."""
    builder = _deltalake().QueryBuilder()
    # One file after another, in small pieces: what keeps memory flat.
    builder.execute("SET datafusion.execution.target_partitions = 1")
    builder.execute(f"SET datafusion.execution.batch_size = {rows}")
    found = builder.register("source", table).execute(sql)
    yield from pa.RecordBatchReader.from_stream(found, schema=schema)


@contextlib.contextmanager
def errors_named(folder: Path) -> Iterator[None]:
    """Make an error of the reading one that names the table."""
    failures = (_deltalake().exceptions.DeltaError, pa.ArrowException, OSError)
    try:
        yield
    except failures as error:
        reason = _said(str(error))
        raise BadSourceFile(
            f"this Delta table can't be read ({reason}). If a file of it is gone, put it back or "
            f"write the table again; if it needs a feature that deltalake lacks, write a copy "
            f"without it.",
            file=str(folder),
        ) from None


def _said(text: str) -> str:
    """What an error says, without a backtrace and the insides of deltalake's records."""
    first = text.partition("\n")[0]
    if "found gap" in first:
        return "its log lacks a commit between others"
    return first.partition(" { ")[0][:300]
