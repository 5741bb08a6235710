"""The way from a version to the state of its source table. Knows states; not single rows.

Three ways, the cheapest that is sure: a Delta table's change feed; the changed files of a table of
Parquet files; every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.service.sync.change_feed import apply_feed
from engine.service.sync.comparison import compare
from engine.service.sync.origins import FileId, NeedsFullRead, Origins
from engine.service.sync.source_rows import WHOLE_TABLE, RowCounts, SourceRows
from engine.store.indexes.changes import Change
from engine.store.indexes.staging import staged
from engine.store.indexes.versions import Version, VersionStore
from engine.store.tables.delta import DeltaSource
from engine.store.tables.table import Table

# Numbers (rows x dimension) of a stage of a first build: a million rows of 512.
STAGE_NUMBERS = 1 << 29
# More rows of few numbers would have so many cells that finding each row's takes longer than all else.
STAGE_ROWS = 1 << 21
StageFacts = Callable[[dict[str, Any], int], dict[str, Any]]


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


def build_in_stages(
    rows: SourceRows, base: Version | None, versions: VersionStore, facts: StageFacts
) -> Version | None:
    """Take a large table's files into segments that outlast a kill, up to the last stage's.

    Args:
        base: what an earlier build left of these rows. facts: makes a version's facts of the state of
            the source, for the rows that are in.

    Returns:
        what is finished, to take the difference from; None for nothing.
    """
    if rows.table.delta is not None:
        return None  # read as one
    versions.collect()  # what a killed build did not finish
    files = rows.table.identity()
    origins = Origins.from_dict(base.facts["source"]["origins"]) if base else Origins()
    if not origins.files <= set(files):
        base, origins = None, Origins()  # a file was changed since
    rows.skip(base.rows if base is not None else 0)
    while taken := _next_stage(rows, [file for file in files if file not in origins.files]):
        here = [file for file in files if file in origins.files or file in taken]
        reading = replace(origins, failing=frozenset()).to_read(here)
        change = Change(versions, base)
        try:
            compare(rows, reading, change)
            origins = reading.result().failing_too(origins, here)
            change.stage(facts({"delta": None, "origins": origins.to_dict()}, change.live_rows))
        except NeedsFullRead:
            change.discard()
            return base
        except BaseException:
            change.discard()
            raise
        base = staged(versions)
    return base


def _next_stage(rows: SourceRows, left: list[FileId]) -> list[FileId]:
    """The next files that together have the rows of a stage; none where the rest is no more."""
    found: list[FileId] = []
    wanted, count = min(STAGE_NUMBERS // rows.spec.row_weight, STAGE_ROWS), 0
    for file in left:
        if count >= wanted:
            return found
        found.append(file)
        count += rows.table.rows_of(Path(file[0]))
    return []


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
