"""Source table to a new index version: the difference only. Knows what an index holds; not queries.

First the table's files are compared with those that were read before, then the rows of changed files
by key and content hash. What is equal stays where it is. A Delta table with a change feed tells its
changes itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from engine.core.names import table_name
from engine.core.schema import MAX_LISTED_FAILURES, Column, IndexSpec, SyncReport
from engine.errors import BadRequest, CorruptFile, InvalidState
from engine.service.columns import column_of, stored_field
from engine.service.difference import delta_state, take_difference
from engine.service.origins import Origins
from engine.store.changes import Change
from engine.store.compaction import compact, due
from engine.store.layout import Layout
from engine.store.metadata import hash_kind
from engine.store.tables import Table, TableStore
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
            report = _sync(tables, spec, versions, started)
    except InvalidState as error:
        if "is being written" in error.message:
            raise BadRequest(BUSY) from None
        raise
    current = versions.current()
    if report.changed and current is not None and (parts := due(current, spec.dimension)):
        compact(versions, parts)
    return report


def _sync(
    tables: TableStore, spec: IndexSpec, versions: VersionStore, started: float
) -> SyncReport:
    assert spec.source_table is not None
    source = tables.get(table_name(spec.source_table))
    current = _intact(versions)
    damaged = current is None
    if current is not None and _is_known(source, current.facts["source"]):
        old = {**current.facts["report"], "inserted": 0, "updated": 0, "deleted": 0}
        old |= {"seconds": time.monotonic() - started, "changed": False}
        return SyncReport(**{**old, "failures": [tuple(pair) for pair in old["failures"]]})
    lost = [name for name in spec.columns if name not in source.schema.names]
    if lost:
        raise InvalidState(
            f"Source table {spec.source_table} no longer has the column {', '.join(lost)} of index "
            f"{spec.name}. Put it back, or delete the index and create it again."
        )
    fields = [stored_field(source.schema.field(name)) for name in spec.columns]
    if current is not None and not _comparable(current, fields, spec):
        current = None
    change = Change(versions, current)
    try:
        difference, state = take_difference(source, current, spec, fields, change)
        report = SyncReport(
            indexed=change.live_rows,
            inserted=difference.inserted,
            updated=difference.updated,
            deleted=difference.deleted,
            failed=len(difference.failures),
            zero_vectors=change.zero_vectors,
            seconds=time.monotonic() - started,
            changed=True,
            failures=difference.failures[:MAX_LISTED_FAILURES],
        )
        facts = {
            "source": state,
            "report": asdict(report),
            "columns": [asdict(column) for column in _columns(fields, spec)],
            "types": _types(fields, spec),
            "hash": hash_kind(),
            "encoder": {k: source.properties.get(k) for k in ("encoder", "fingerprint")},
            "created_at": time.time_ns() // 1_000_000,
        }
        change.publish(facts, alone=damaged)
    except BaseException:
        change.discard()
        raise
    return report


def _intact(versions: VersionStore) -> Version | None:
    """The published version, or None where it is damaged: then everything is written anew."""
    try:
        return versions.current()
    except CorruptFile:
        return None


def _types(fields: list[pa.Field], spec: IndexSpec) -> dict[str, str]:
    return {f.name: str(f.type) for f in fields if f.name != spec.vector_column}


def _comparable(version: Version, fields: list[pa.Field], spec: IndexSpec) -> bool:
    """Whether rows are stored now as they were then, so that hashes tell what changed."""
    facts = version.facts
    return bool(facts["types"] == _types(fields, spec) and facts["hash"] == hash_kind())


def _columns(fields: list[pa.Field], spec: IndexSpec) -> list[Column]:
    vector = Column(spec.vector_column, "other", is_array=True)
    return [vector if f.name == spec.vector_column else column_of(f) for f in fields]


def _is_known(source: Table, state: Mapping[str, Any]) -> bool:
    if source.delta is not None or state["delta"] is not None:
        return source.delta is not None and delta_state(source.delta) == state["delta"]
    return Origins.from_dict(state["origins"]).is_of(source.identity())
