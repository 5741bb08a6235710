"""Delta tables, read where they lie. Knows their log and change feed; not what the rows mean.

Rows come through deltalake's query engine, which knows deletion vectors and mapped columns. Changes
are read from the files that the log names: deltalake's own feed comes in no order and fails on some
partition values.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import BadSourceFile
from engine.optional import require
from engine.store.tables.parquet_files import BATCH_ROWS, check_exact, chosen_fields, footer
from engine.store.tables.partitions import is_delta
from engine.store.tables.widening import common_type, is_always_exact

_PHYSICAL_NAME = "delta.columnMapping.physicalName"
CHANGE_TYPE, COMMIT_VERSION = "_change_type", "_commit_version"
# A row before an update counts as deleted: the update may have changed its key.
_SEEN_AS = {
    "insert": "insert",
    "update_postimage": "update_postimage",
    "update_preimage": "delete",
    "delete": "delete",
}


@dataclass(frozen=True)
class DeltaSource:
    """One version of a Delta table, the latest one when it was opened.

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
        with _errors_named(self.folder):
            _check_types(self._table, schema)
            yield from _query(self._table, f"SELECT {names} FROM source", schema, rows)

    def changes(
        self, since_version: int, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch] | None:
        """What was committed after `since_version`, at most `rows` changes at a time.

        The batches hold the columns, `_change_type` ("delete", "insert", "update_postimage") and
        `_commit_version` (int64). Commits are in order, and the deletes of a commit come before its
        other changes, so the last change of a key is its present state. An updated row comes twice:
        as it was, a "delete", and as it is, an "update_postimage".

        Returns None where the feed can't tell: no feed, or its files are gone, or the table's
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
                (version, _changed_files(self.folder, version, fields))
                for version in range(since_version + 1, self.version + 1)
            ]
        except _NoAnswer:
            return None
        return self._changes(commits, fields, rows)

    def _changes(
        self, commits: list[tuple[int, list[_ChangedFile]]], fields: pa.Schema, rows: int
    ) -> Iterator[pa.RecordBatch]:
        with _errors_named(self.folder):
            for version, files in commits:
                for deletes in (True, False):
                    for file in files:
                        yield from _read_changes(file, version, fields, rows, deletes)

    def _fields(self, columns: Sequence[str] | None) -> pa.Schema:
        return chosen_fields(self.schema, columns, str(self.folder))


def open_delta(folder: Path) -> DeltaSource:
    """Open the latest version of a Delta table.

    Raises:
        BadSourceFile: no Delta table, a damaged one, or one that needs more than deltalake can.
        MissingExtra: the package deltalake is not installed.
    """
    if not is_delta(folder):
        raise BadSourceFile(
            "not a Delta table: a folder with a _delta_log in it was expected", file=str(folder)
        )
    deltalake = _deltalake()
    with _errors_named(folder):
        table = deltalake.DeltaTable(folder.absolute())
        schema = pa.schema(table.schema().to_arrow())
        metadata = table.metadata()
        return DeltaSource(
            folder=folder,
            version=table.version(),
            table_id=str(metadata.id),
            schema=pa.schema([pa.field(f.name, _plain(f.type)) for f in schema]),
            num_rows=_count(table, schema.names[0]),
            change_feed=_is_true(metadata.configuration.get("delta.enableChangeDataFeed")),
            _table=table,
        )


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
    if _is_mapped(table):  # deltalake can't count rows without a column there
        name = _quoted(column)
        count = f"count({name}) + count(CASE WHEN {name} IS NULL THEN 1 END)"
    schema = pa.schema([("n", pa.int64())])
    (counted,) = _query(table, f"SELECT {count} AS n FROM source", schema, BATCH_ROWS)
    return int(counted.column(0)[0].as_py())


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _is_true(text: str | None) -> bool:
    return text is not None and text.lower() == "true"


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    return kind


def _check_types(table: Any, fields: pa.Schema) -> None:
    """Refuse files whose values are not of the table's types: deltalake's engine would cast 19.99 to 19.

    Raises:
        BadSourceFile: names file, column and both types, and the value where it depends on that.
    """
    physical = {f.name: f.metadata.get(_PHYSICAL_NAME, f.name) for f in table.schema().fields}
    for file in filter(None, map(_path_of, table.file_uris())):
        try:
            schema = footer(file).schema
        except BadSourceFile:  # reading it will say so, for the whole table
            continue
        for wanted in fields:
            name = physical[wanted.name]
            if name not in schema.names or (_is_mapped(table) and pa.types.is_nested(wanted.type)):
                continue  # a partition, or added later; or fields whose names are mapped too
            found = _small(schema.field(name).type)
            if not _fits(found, wanted.type):
                raise BadSourceFile(
                    f"column {wanted.name!r} is of type {found}, but {wanted.type} in the Delta table "
                    f"{table.table_uri}, which does not hold its values as they are. Write the file or "
                    "the table anew with one type.",
                    file=str(file),
                )
            if not is_always_exact(found, _small(wanted.type)):
                check_exact(file, name, wanted)


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    return bool(common_type([_small(found), _small(wanted)]) == _small(wanted))


def _small(kind: pa.DataType) -> pa.DataType:
    """A type without regard to how its values lie in memory, large or as a dictionary; times as Delta
    has them."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_dictionary(kind):
        return _small(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
        return pa.list_(_small(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _small(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_small(kind.key_type), _small(kind.item_type))
    return kind


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
def _errors_named(folder: Path) -> Iterator[None]:
    """Make an error of the reading one that names the table."""
    failures = (_deltalake().exceptions.DeltaError, pa.ArrowException, OSError)
    try:
        yield
    except failures as error:
        reason = str(error).partition("\n")[0]  # a backtrace may follow
        raise BadSourceFile(
            f"this Delta table can't be read ({reason}). If a file of it is gone, put it back or "
            f"write the table again; if it needs a feature that deltalake lacks, write a copy "
            f"without it.",
            file=str(folder),
        ) from None


# ------------------------------------------------------------------ the change feed
class _NoAnswer(Exception):
    """The feed can't tell what changed."""


@dataclass(frozen=True)
class _ChangedFile:
    """Rows that a commit changed: all in one way (`change`), or as their own column says (None)."""

    path: Path
    change: str | None
    constants: Mapping[str, pa.Scalar]  # columns that are not in the file: partitions, added later


def _changed_files(folder: Path, version: int, fields: pa.Schema) -> list[_ChangedFile]:
    """The files to read for one commit's changes, each found to be there and readable."""
    log = folder / "_delta_log" / f"{version:020}.json"
    try:
        # Not splitlines: a value may hold a line separator of Unicode.
        lines = log.read_bytes().split(b"\n")
        actions = [action for line in lines if line.strip() for action in json.loads(line).items()]
    except (OSError, ValueError):
        raise _NoAnswer from None
    if any(kind == "metaData" for kind, _ in actions):
        raise _NoAnswer  # the columns, or whether there is a feed, may have changed
    recorded = [body for kind, body in actions if kind == "cdc"]
    if recorded:
        return [_changed_file(folder, body, None, fields) for body in recorded]
    changes = {"add": "insert", "remove": "delete"}
    return [
        _changed_file(folder, body, changes[kind], fields)
        for kind, body in actions
        if kind in changes and body.get("dataChange", True)
    ]


def _changed_file(
    folder: Path, body: Mapping[str, Any], change: str | None, fields: pa.Schema
) -> _ChangedFile:
    if body.get("deletionVector") is not None or urlsplit(body["path"]).scheme:
        raise _NoAnswer  # only some of the file's rows, or a file elsewhere
    path = folder / unquote(body["path"])
    try:
        found = pq.read_schema(path)
        constants = {}
        for wanted in fields:
            if wanted.name in (body.get("partitionValues") or {}):
                text = body["partitionValues"][wanted.name]
                constants[wanted.name] = _partition_value(text, wanted.type)
            elif wanted.name in found.names:
                if not _fits(found.field(wanted.name).type, wanted.type):
                    raise _NoAnswer  # reading all rows will name it
            elif change == "delete" and body.get("partitionValues") is None:
                raise _NoAnswer  # the log need not say the partition of a removed file
            else:
                constants[wanted.name] = pa.scalar(None, wanted.type)
    except (OSError, pa.ArrowException):
        raise _NoAnswer from None
    if change is None and CHANGE_TYPE not in found.names:
        raise _NoAnswer
    return _ChangedFile(path, change, constants)


def _partition_value(text: str | None, kind: pa.DataType) -> pa.Scalar:
    """A value that the log has as text; an empty one is null."""
    plain = pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind)
    if not (plain or pa.types.is_integer(kind)):
        raise _NoAnswer  # numbers and times have several forms, which writers disagree about
    return pa.array([text or None], pa.string()).cast(kind)[0]


def _read_changes(
    file: _ChangedFile, version: int, fields: pa.Schema, rows: int, deletes: bool
) -> Iterator[pa.RecordBatch]:
    """A file's deletes, or its other changes."""
    if file.change is not None and (file.change == "delete") != deletes:
        return
    names = [name for name in fields.names if name not in file.constants]
    if file.change is None:
        names.append(CHANGE_TYPE)
    with pq.ParquetFile(
        file.path, pre_buffer=False, buffer_size=1 << 20, coerce_int96_timestamp_unit="us"
    ) as parquet:
        for batch in parquet.iter_batches(rows, columns=names):
            changes = [file.change or "delete"] * batch.num_rows
            if file.change is None:
                changes = [
                    _seen_as(change, file) for change in batch.column(CHANGE_TYPE).to_pylist()
                ]
            whole = _with_changes(batch, changes, version, file, fields)
            kept = whole.filter(pa.array([(change == "delete") == deletes for change in changes]))
            if kept.num_rows:
                yield kept


def _seen_as(change: str, file: _ChangedFile) -> str:
    if change not in _SEEN_AS:
        raise BadSourceFile(
            f"{CHANGE_TYPE} {change!r} is none of a change feed: {', '.join(_SEEN_AS)}",
            file=str(file.path),
        )
    return _SEEN_AS[change]


def _with_changes(
    batch: pa.RecordBatch, changes: list[str], version: int, file: _ChangedFile, fields: pa.Schema
) -> pa.RecordBatch:
    count = batch.num_rows
    columns = [
        pa.array([file.constants[wanted.name].as_py()] * count, wanted.type)
        if wanted.name in file.constants
        else batch.column(wanted.name).cast(wanted.type)
        for wanted in fields
    ]
    columns += [pa.array(changes, pa.string()), pa.array([version] * count, pa.int64())]
    schema = fields.append(pa.field(CHANGE_TYPE, pa.string()))
    return pa.record_batch(columns, schema.append(pa.field(COMMIT_VERSION, pa.int64())))
