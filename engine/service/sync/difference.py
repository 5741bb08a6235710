"""The way from a version to the state of its source table. Knows states; not single rows.

Three ways, the cheapest that is sure: a Delta table's change feed; the changed files of a table of
Parquet files; every row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from engine.service.sync.change_feed import apply_feed
from engine.service.sync.comparison import compare
from engine.service.sync.origins import NeedsFullRead, Origins
from engine.service.sync.source_rows import WHOLE_TABLE, RowCounts, SourceRows
from engine.store.indexes.changes import Change
from engine.store.indexes.versions import Version
from engine.store.tables.delta import DeltaSource
from engine.store.tables.table import Table


def state_of(source: Table) -> dict[str, Any]:
    """The identity of a table's present state: equal for two tables of the same content."""
    if source.delta is not None:
        return _delta_state(source.delta)
    return {"files": source.identity()}


def changed_at(source: Table) -> int:
    """When a table's content was changed last, by the system's clock, in milliseconds."""
    if source.delta is not None:
        return source.delta.changed_at
    return max((changed // 1_000_000 for _, _, changed in source.identity()), default=0)


def is_made_from(version: Version, source: Table) -> bool:
    """Whether a version was made from a table in its present state."""
    state: Mapping[str, Any] = version.facts["source"]
    if source.delta is not None or state["delta"] is not None:
        return source.delta is not None and _delta_state(source.delta) == state["delta"]
    return Origins.from_dict(state["origins"]).is_of(source.identity())


def take_difference(
    rows: SourceRows, version: Version | None, change: Change
) -> tuple[RowCounts, dict[str, Any]]:
    """Fill a change with what brings a version to the state of a table.

    Vectors are asked for of new and changed rows only.

    Args:
        version: what the change starts from; None for an empty index.

    Returns:
        counts and failures, and the state of the table for the facts of the version that is made.
    """
    if rows.table.delta is not None:
        return _of_delta(rows, rows.table.delta, version, change)
    return _of_files(rows, version, change)


def _of_delta(
    rows: SourceRows, delta: DeltaSource, version: Version | None, change: Change
) -> tuple[RowCounts, dict[str, Any]]:
    state = {"delta": _delta_state(delta), "origins": Origins().to_dict()}
    feed = _feed(delta, version, rows)
    if feed is not None:
        try:
            return apply_feed(rows, feed, change), state
        except NeedsFullRead:
            change.start_again()
    return compare(rows, Origins().to_read([WHOLE_TABLE], every=True), change), state


def _feed(
    delta: DeltaSource, version: Version | None, rows: SourceRows
) -> Iterator[pa.RecordBatch] | None:
    """The changes since a version; None where all rows must be read."""
    before = version.facts["source"]["delta"] if version is not None else None
    if version is None or before is None or before["table_id"] != delta.table_id:
        return None
    if version.facts["report"]["failed"]:
        return None  # a row that could not be used may be usable now, without having changed
    return delta.changes(before["version"], rows.spec.columns)


def _of_files(
    rows: SourceRows, version: Version | None, change: Change
) -> tuple[RowCounts, dict[str, Any]]:
    state = version.facts["source"] if version is not None else None
    by_file = state is not None and state["delta"] is None
    origins = Origins.from_dict(state["origins"]) if state is not None and by_file else Origins()
    files = rows.table.identity()
    reading = origins.to_read(files, every=not by_file)
    try:
        counts = compare(rows, reading, change)
    except NeedsFullRead:
        # Which of the two rows comes first can only be said by reading all files in order.
        change.start_again()
        reading = origins.to_read(files, every=True)
        counts = compare(rows, reading, change)
    return counts, {"delta": None, "origins": reading.result().to_dict()}


def _delta_state(delta: DeltaSource) -> dict[str, Any]:
    """The identity of one state of a Delta table."""
    return {"table_id": delta.table_id, "version": delta.version}
