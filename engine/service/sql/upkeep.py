"""OPTIMIZE, VACUUM, RESTORE, ANALYZE TABLE, REFRESH: a table's upkeep, answered in the cloud's columns.

Tables of the workspace have their small files joined; they keep no old files, and no statistics beside
those of the files. Registered files are the user's and stay as they are. Knows no grammar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from engine.errors import BadStatement
from engine.service.authorship import user_name
from engine.service.sql.language.forms.replacing import Restore
from engine.service.sql.language.upkeep import Analyze, Optimize, Refresh, Vacuum
from engine.service.sql.relations import Relations
from engine.service.sql.session import Session
from engine.service.sql.writing.schemas import Schemas
from engine.store.tables.changing import Joined, TableChanges, refuse_registered
from engine.store.tables.table import Table
from engine.store.tables.versions import AsOf

_RESTORED = (
    "table_size_after_restore", "num_of_files_after_restore", "num_removed_files",
    "num_restored_files", "removed_files_size", "restored_files_size",
)  # fmt: skip
_FILES = pa.struct(
    [
        ("min", pa.int64()), ("max", pa.int64()), ("avg", pa.float64()), ("totalFiles", pa.int64()),
        ("totalSize", pa.int64()),
    ]
)  # fmt: skip
_METRICS = pa.struct(
    [
        ("numFilesAdded", pa.int64()), ("numFilesRemoved", pa.int64()), ("filesAdded", _FILES),
        ("filesRemoved", _FILES), ("partitionsOptimized", pa.int64()),
        ("totalConsideredFiles", pa.int64()), ("totalFilesSkipped", pa.int64()),
        ("preserveInsertionOrder", pa.bool_()),
    ]
)  # fmt: skip


class Upkeep:
    """What the statements of a table's upkeep do and answer."""

    def __init__(self, relations: Relations, changes: TableChanges, schemas: Schemas) -> None:
        self._relations, self._changes, self._schemas = relations, changes, schemas

    def optimize(self, asked: Optimize, session: Session) -> pa.Table:
        """Join small files. Raises NotFound; BadStatement for a column that the table lacks."""
        table = self._relations.open(session.full_name(asked.table))
        check_columns(table, asked.zorder)
        if table.registered:
            return optimized(location(table), Joined((), (), len(table.files)))
        entry = {"user": user_name(), "parameters": {"zOrderBy": list(asked.zorder)}}
        return optimized(location(table), self._changes.join_files(table.name, entry))

    def vacuum(self, asked: Vacuum, session: Session) -> pa.Table:
        """The table's place; of a dry run the files that would go, which are none. Raises NotFound."""
        table = self._relations.open(session.full_name(asked.table))
        return vacuumed([] if asked.dry_run else [location(table)])

    def restore(self, asked: Restore, session: Session) -> pa.Table:
        """What RESTORE changed: nothing, of the newest version. Raises NotFound; BadStatement,
        NotSupported for any other, which a table of the workspace doesn't keep; InvalidState for
        registered files, which are never changed."""
        name = session.full_name(asked.name)
        refuse_registered(self._relations.open(name))
        table = self._relations.open(name, version_asked(asked))
        return restored(sum(file.stat().st_size for file in table.files), len(table.files), {})

    def refresh(self, asked: Refresh, session: Session) -> pa.Table:
        """Nothing. Raises NotFound for a table that isn't there, unless the statement says IF EXISTS."""
        if asked.lenient or not asked.table:
            return pa.table({})
        name = session.full_name(asked.table)
        temporary = len(asked.table) == 1 and session.view(asked.table[0]) is not None
        if not temporary and self._relations.found(name) is None:
            raise self._relations.missing(name)
        return pa.table({})

    def analyze(self, asked: Analyze, session: Session) -> pa.Table:
        """Nothing. Raises NotFound; BadStatement for a column that the table lacks."""
        if asked.of_schema:
            schema = asked.name[-1] if asked.name else session.schema
            catalog = asked.name[0] if len(asked.name) == 2 else session.catalog
            self._schemas.check(catalog, schema)
        else:
            table = self._relations.open(session.full_name(asked.name))
            check_columns(table, asked.columns)
        return pa.table({})


def version_asked(asked: Restore) -> AsOf:
    """The version that a RESTORE names. Raises BadStatement: no time."""
    if asked.kind == "VERSION":
        return AsOf(version=int(asked.said))
    try:
        moment = datetime.fromisoformat(asked.said.strip().replace("Z", "+00:00"))
    except ValueError:
        raise BadStatement(
            f"[INVALID_TIME_TRAVEL_TIMESTAMP_EXPR] {asked.said!r:.80} is no time; expected one such as "
            "'2026-01-31 12:00:00'."
        ) from None
    return AsOf(moment=moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


def restored(size: int, files: int, metrics: Mapping[str, int]) -> pa.Table:
    """What RESTORE answers: bytes and number of the files behind it, and what changed."""
    values = {_RESTORED[0]: size, _RESTORED[1]: files, **metrics}
    return pa.table({name: pa.array([values.get(name, 0)], pa.int64()) for name in _RESTORED})


def check_columns(table: Table, names: Sequence[str]) -> None:
    """Raises BadStatement for a column that a table lacks."""
    known = {name.lower() for name in table.schema.names}
    for name in names:
        if name.lower() not in known:
            raise BadStatement(
                f"[UNRESOLVED_COLUMN] {name!r:.80} is no column of {table.name}, which has "
                f"{', '.join(table.schema.names)}."
            )


def location(table: Table) -> str:
    """Where a table lies, as DESCRIBE DETAIL says it."""
    return str(table.folder or (table.files[0].parent if table.files else ""))


def optimized(path: str, joined: Joined) -> pa.Table:
    """What OPTIMIZE answers: the path, and the metrics."""
    return with_metrics(path, _metrics(joined))


def with_metrics(path: str, metrics: Mapping[str, Any]) -> pa.Table:
    """What OPTIMIZE answers, of metrics that were counted; others than the cloud's are left out."""
    schema = pa.schema([("path", pa.string()), ("metrics", _METRICS)])
    return pa.Table.from_pylist([{"path": path, "metrics": metrics}], schema=schema)


def _metrics(joined: Joined) -> dict[str, Any]:
    return {
        "numFilesAdded": len(joined.added),
        "numFilesRemoved": len(joined.removed),
        "filesAdded": _files(joined.added),
        "filesRemoved": _files(joined.removed),
        "partitionsOptimized": 0,
        "totalConsideredFiles": joined.considered,
        "totalFilesSkipped": joined.considered - len(joined.removed),
        "preserveInsertionOrder": True,
    }


def vacuumed(paths: Sequence[str]) -> pa.Table:
    """What VACUUM answers: a path a row."""
    return pa.table({"path": pa.array(paths, pa.string())})


def _files(sizes: Sequence[int]) -> dict[str, float | int | None]:
    some = {"min": min(sizes), "max": max(sizes), "avg": sum(sizes) / len(sizes)} if sizes else {}
    return {**some, "totalFiles": len(sizes), "totalSize": sum(sizes)}
