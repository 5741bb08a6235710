"""The change feed of a Delta table, read from the files that its log names. Knows one commit's files.

Without deltalake: its own feed comes in no order and fails on some partition values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import BadSourceFile
from engine.store.tables.delta_types import fits

CHANGE_TYPE, COMMIT_VERSION = "_change_type", "_commit_version"
# A row before an update counts as deleted: the update may have changed its key.
_COUNTS_AS = {
    "insert": "insert",
    "update_postimage": "update_postimage",
    "update_preimage": "delete",
    "delete": "delete",
}


class FeedUnusable(Exception):
    """What changed is not known from the feed: read all rows."""


@dataclass(frozen=True)
class ChangedFile:
    """Rows that a commit changed: all in one way (`change`), or as their own column says (None)."""

    path: Path
    change: str | None
    constants: Mapping[str, pa.Scalar]  # columns that are not in the file: partitions, added later


def changed_files(folder: Path, version: int, fields: pa.Schema) -> list[ChangedFile]:
    """The files to read for one commit's changes, each of which exists and is readable.

    Raises:
        FeedUnusable: one is gone, or the log does not say all that reading it takes.
    """
    log = folder / "_delta_log" / f"{version:020}.json"
    try:
        # Not splitlines: a value may hold a line separator of Unicode.
        lines = log.read_bytes().split(b"\n")
        actions = [action for line in lines if line.strip() for action in json.loads(line).items()]
    except (OSError, ValueError):
        raise FeedUnusable from None
    if any(kind == "metaData" for kind, _ in actions):
        raise FeedUnusable  # the columns, or whether there is a feed, may have changed
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
) -> ChangedFile:
    if body.get("deletionVector") is not None or urlsplit(body["path"]).scheme:
        raise FeedUnusable  # only some of the file's rows, or a file elsewhere
    path = folder / unquote(body["path"])
    try:
        found = pq.read_schema(path)
        constants = {}
        for wanted in fields:
            if wanted.name in (body.get("partitionValues") or {}):
                text = body["partitionValues"][wanted.name]
                constants[wanted.name] = _partition_value(text, wanted.type)
            elif wanted.name in found.names:
                if not fits(found.field(wanted.name).type, wanted.type):
                    raise FeedUnusable  # reading all rows will name it
            elif change == "delete" and body.get("partitionValues") is None:
                raise FeedUnusable  # the log need not say the partition of a removed file
            else:
                constants[wanted.name] = pa.scalar(None, wanted.type)
    except (OSError, pa.ArrowException):
        raise FeedUnusable from None
    if change is None and CHANGE_TYPE not in found.names:
        raise FeedUnusable
    return ChangedFile(path, change, constants)


def _partition_value(text: str | None, kind: pa.DataType) -> pa.Scalar:
    """A value that the log has as text; an empty one is null."""
    plain = pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind)
    if not (plain or pa.types.is_integer(kind)):
        raise FeedUnusable  # numbers and times have several forms, which writers disagree about
    return pa.array([text or None], pa.string()).cast(kind)[0]


def read_changes(
    file: ChangedFile, version: int, fields: pa.Schema, rows: int, deletes: bool
) -> Iterator[pa.RecordBatch]:
    """A file's deletes, or its other changes, at most `rows` at a time."""
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
                    _counts_as(change, file) for change in batch.column(CHANGE_TYPE).to_pylist()
                ]
            whole = _with_changes(batch, changes, version, file, fields)
            kept = whole.filter(pa.array([(change == "delete") == deletes for change in changes]))
            if kept.num_rows:
                yield kept


def _counts_as(change: str, file: ChangedFile) -> str:
    if change not in _COUNTS_AS:
        raise BadSourceFile(
            f"{CHANGE_TYPE} {change!r} is none of a change feed: {', '.join(_COUNTS_AS)}",
            file=str(file.path),
        )
    return _COUNTS_AS[change]


def _with_changes(
    batch: pa.RecordBatch, changes: list[str], version: int, file: ChangedFile, fields: pa.Schema
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
