"""Source table to a new index version. Knows what rows an index can hold; not queries.

For now a changed source is indexed whole, as one new segment; an unchanged one is left alone.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from engine.core.names import table_name
from engine.core.schema import MAX_LISTED_FAILURES, Column, IndexSpec, Kind, SyncReport
from engine.errors import BadRequest, CorruptFile, InvalidState
from engine.store.layout import Layout
from engine.store.segments import SegmentWriter
from engine.store.tables import Table, TableStore
from engine.store.vector_columns import to_matrix
from engine.store.versions import Version, VersionStore

BUSY = (
    "Index is not ready to sync yet. Pipeline is in state RUNNING and needs to be in one of the "
    "following states to sync: COMPLETED, FAILED, CANCELED."
)


def sync(layout: Layout, tables: TableStore, spec: IndexSpec, versions: VersionStore) -> SyncReport:
    """Bring an index to the state of its source table and publish that as a new version.

    Rows without key or usable vector, and later rows of a repeated key, are left out and reported.

    Raises:
        NotFound: the source table is gone.
        InvalidState: the table lost a column of the index. BadRequest: another sync is running.
    """
    started = time.monotonic()
    try:
        with layout.writing(f"index-{spec.name}", wait_seconds=0.1):
            return _sync(tables, spec, versions, started)
    except InvalidState as error:
        if "is being written" in error.message:
            raise BadRequest(BUSY) from None
        raise


def _sync(
    tables: TableStore, spec: IndexSpec, versions: VersionStore, started: float
) -> SyncReport:
    source = tables.get(table_name(spec.source_table))
    identity = source.identity()
    current = _intact(versions)
    if current is not None and current.facts["source"] == identity:
        old = current.facts["report"]
        return SyncReport(
            indexed=current.rows,
            failed=old["failed"],
            seconds=time.monotonic() - started,
            changed=False,
            failures=[(key, reason) for key, reason in old["failures"]],
        )
    lost = [name for name in spec.columns if name not in source.schema.names]
    if lost:
        raise InvalidState(
            f"Source table {spec.source_table} no longer has the column {', '.join(lost)} of index "
            f"{spec.name}. Put it back, or delete the index and create it again."
        )
    writer = SegmentWriter(versions.segments_dir, spec.dimension)
    try:
        failures, columns = _write_rows(source, spec, writer)
        rows = writer.finish()
    except BaseException:
        writer.discard()
        raise
    report = SyncReport(
        indexed=rows,
        failed=len(failures),
        seconds=time.monotonic() - started,
        changed=True,
        failures=failures[:MAX_LISTED_FAILURES],
    )
    facts = {
        "source": identity,
        "report": asdict(report),
        "columns": [asdict(column) for column in columns],
        "encoder": {k: source.properties.get(k) for k in ("encoder", "fingerprint")},
        "created_at": time.time_ns() // 1_000_000,
    }
    versions.publish([writer.id] if rows else [], facts)
    return report


def _intact(versions: VersionStore) -> Version | None:
    """The published version, or None where it is damaged: then everything is written anew."""
    try:
        return versions.current()
    except CorruptFile:
        return None


def _write_rows(
    source: Table, spec: IndexSpec, writer: SegmentWriter
) -> tuple[list[tuple[str, str]], list[Column]]:
    """Append all usable rows; returns the failures as (key, reason) and the index's columns."""
    others = [name for name in spec.columns if name != spec.vector_column]
    fields = [_stored_field(source.schema.field(name)) for name in others]
    schema = pa.schema(fields)
    failures: list[tuple[str, str]] = []
    seen: set[Any] = set()
    for batch in source.batches(columns=spec.columns):
        keys = batch.column(spec.primary_key).to_pylist()
        matrix, good, reasons = to_matrix(batch.column(spec.vector_column), spec.dimension)
        keep = good.copy()
        for row, key in enumerate(keys):
            reason = "the primary key is null" if key is None else reasons.get(row)
            if reason is None and key in seen:
                reason = "the primary key appears a second time"
            if reason is not None:
                failures.append((str(key), reason))
                keep[row] = False
            else:
                seen.add(key)
        table = pa.table(
            [_stored(batch.column(field.name), field.type) for field in fields], schema=schema
        )
        writer.append(table.filter(pa.array(keep)), matrix[keep[good]])
    columns = {field.name: _column(field) for field in fields}
    columns[spec.vector_column] = Column(spec.vector_column, "other", is_array=True)
    return failures, [columns[name] for name in spec.columns]


# ------------------------------------------------------------------ column types
def _stored_type(kind: pa.DataType) -> pa.DataType:
    """The type that an index stores a column in: plain, and times in UTC without a zone."""
    if pa.types.is_dictionary(kind):
        return _stored_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_date64(kind):
        return pa.date32()
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return pa.float64()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_stored_type(kind.value_type))
    return kind


def _stored_field(field: pa.Field) -> pa.Field:
    return pa.field(field.name, _stored_type(field.type))


def _stored(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit, tz="UTC"))
        column = column.cast(pa.timestamp(column.type.unit))
    # Nanoseconds are cut to microseconds, which is all that the API knows.
    return column if column.type == kind else column.cast(kind, safe=False)


_KINDS: list[tuple[Any, Kind]] = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "int"),
    (pa.types.is_floating, "float"),
    (pa.types.is_string, "string"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
]


def _column(field: pa.Field) -> Column:
    is_array = pa.types.is_list(field.type)
    kind = field.type.value_type if is_array else field.type
    return Column(field.name, next((k for test, k in _KINDS if test(kind)), "other"), is_array)


def version_columns(facts: Any) -> dict[str, Column]:
    """The columns of a version by name."""
    return {column["name"]: Column(**column) for column in facts["columns"]}
