"""A sync: the state of a source table becomes a new version of its index. Knows the steps; not rows.

Only the difference is read, encoded and written, as far as it can be known; see `difference`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from engine.core.assumptions import RETRY_SECONDS
from engine.core.names import table_name
from engine.core.schema import MAX_LISTED_FAILURES, IndexSpec, SyncReport
from engine.errors import BadRequest, CorruptFile, InvalidState, Locked, StorageFailed
from engine.progress import bar
from engine.service.pacing.passages import BUSY, Passages
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sync.difference import (
    build_in_stages,
    changed_at,
    is_made_from,
    state_of,
    take_difference,
)
from engine.service.sync.encoded_texts import EncodedTexts, encoding_progress
from engine.service.sync.failures import SyncAttempt
from engine.service.sync.row_vectors import NoVectors, RowVectors, StoredVectors
from engine.service.sync.source_rows import KEYLESS, REPEATED, RowCounts, SourceRows
from engine.service.sync.stored_columns import index_columns, stored_fields, type_texts
from engine.service.sync.writeback import write_back
from engine.store.indexes.changes import Change
from engine.store.indexes.compaction import compact, due
from engine.store.indexes.staging import staged
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout
from engine.store.segments.hashing import HASH_KIND
from engine.store.tables.table import Table
from engine.store.tables.table_store import TableStore


class SyncRunning(BadRequest):
    """Another sync of the index is running."""


class SyncRun:
    """One sync of one index, to be run once: from the source table's state to a published version.

    Rows without key or usable vector, and later rows of a repeated key, are left out and reported.
    Where it fails, what was published before goes on serving, and the index remembers why until a
    sync succeeds: see `failures`.

    Attributes:
        until: by the workspace's clock, when it is over and what it brings is read, once it is
            accepted; None where that is when it is done.
    """

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        serving: ServingEndpoints,
        versions: VersionStore,
        passages: Passages,
        *,
        asked: bool = True,
    ) -> None:
        """
        Args:
            passages: how long the sync takes, and until when what it brings is not read.
            asked: somebody asked for this sync. Otherwise what failed, and rows that a model failed
                on, are tried again only once in `RETRY_SECONDS`.
        """
        self._tables, self._serving, self._versions = tables, serving, versions
        self._spec: IndexSpec = versions.spec
        self._passages = passages
        self.until: int | None = None
        self._attempt = SyncAttempt(layout, self._spec.name, asked)
        self._started = time.monotonic()
        self._lock = contextlib.ExitStack()

    @property
    def index(self) -> str:
        """Name of the index."""
        return self._spec.name

    def run(self) -> SyncReport:
        """Bring the index to the state of its source table and publish that as a new version.

        Raises:
            as `accept` and `finish`.
        """
        self.accept()
        return self.finish()

    def accept(self) -> None:
        """Take the index's lock, which `finish` gives back.

        Raises:
            SyncRunning: another sync is. NotFound: the index was deleted meanwhile.
            StorageFailed: the system refused the lock.
        """
        try:
            with contextlib.ExitStack() as lock:
                lock.enter_context(self._versions.writing(wait_seconds=0.1))
                is_first = not self._versions.current_number()
                self.until = self._passages.begin(self._spec, is_first)
                self._lock = lock.pop_all()
        except Locked as error:
            if error.lock == f"index-{self._spec.name}":
                raise SyncRunning(BUSY) from None
            raise
        except StorageFailed as error:
            self._attempt.failed(error)
            raise

    def hand_over(self) -> None:
        """Let another thread `finish` what this one accepted, which waits for the index as others do."""
        self._versions.layout.hand_over(f"index-{self.index}")

    def give_up(self) -> None:
        """Give the lock back, with nothing done."""
        self._lock.close()

    def finish(self) -> SyncReport:
        """The sync itself, once it is accepted.

        Raises:
            NotFound: the source table is gone, or the serving endpoint.
            InvalidState: the table lost a column of the index, or its type no longer fits, or no row
                of it can be used while the index holds rows.
            InvalidParameterValue: the serving endpoint's model can't be had.
            StorageFailed: the system refused a file.
        """
        with (
            self._lock,
            self._attempt.remembered(),
            encoding_progress() as progress,
        ):
            report = self._follow_source(self._vectors(progress))
            current = self._versions.current()
            if self._spec.writeback_table is not None and current is not None:
                write_back(self._tables, self._spec, current)
        if report.changed and current is not None:
            self._compact(current)
        return report

    def _vectors(self, progress: Callable[[int], object]) -> RowVectors:
        if self._spec.is_managed:
            return EncodedTexts(self._serving, self._spec, progress)
        return StoredVectors(self._spec) if self._spec.has_vectors else NoVectors()

    def _follow_source(self, vectors: RowVectors) -> SyncReport:
        """Publish the source table's state, unless the current version is made from it already."""
        assert self._spec.source_table is not None
        source = self._tables.get(table_name(self._spec.source_table))
        current = self._intact_version()
        known = current is not None and _is_known(source, current, vectors)
        if current is not None and known and not self._wants_retry(current):
            return self._unchanged(current)
        self._attempt.reads({"state": state_of(source), "model": vectors.model})
        fields = stored_fields(source, self._spec, current)
        with bar(total=source.num_rows, unit="row", desc="sync") as shown:
            rows = SourceRows(source, self._spec, fields, vectors, shown.update)
            return self._publish(rows, current, known)

    def _intact_version(self) -> Version | None:
        """The published version, or None where it is damaged: then everything is written anew."""
        try:
            return self._versions.current()
        except CorruptFile:
            return None

    def _wants_retry(self, version: Version) -> bool:
        """Whether rows that a model failed on are to be tried again, though the table is the same."""
        age = time.time_ns() // 1_000_000 - version.facts["created_at"]
        is_due = self._attempt.asked or age > 1000 * RETRY_SECONDS
        return bool(version.facts.get("retry")) and is_due

    def _unchanged(self, version: Version) -> SyncReport:
        """The report of a sync that found nothing to do."""
        old = {**version.facts["report"], "inserted": 0, "updated": 0, "deleted": 0}
        old |= {"seconds": time.monotonic() - self._started, "changed": False}
        return SyncReport(**{**old, "failures": [tuple(pair) for pair in old["failures"]]})

    def _publish(self, rows: SourceRows, current: Version | None, known: bool) -> SyncReport:
        """Publish the difference between the source table's rows and the current version.

        Args:
            known: the version was made from this state of the table; rows that its model failed on
                are tried again.
        """
        is_comparable = current is not None and _is_comparable(current, rows)
        base = current if is_comparable else None
        if current is None:
            base = self._stages(rows)
        change = Change(self._versions, base)
        try:
            counts, state = take_difference(rows, base, change)
            if current is None and base is not None:
                counts.inserted += base.rows
            held = current.rows if current is not None else 0
            if held and counts.failures and change.live_rows == counts.kept:
                raise self._emptying(held, counts.failures)
            report = self._report(change, counts, changed=not (known and change.is_empty))
            # Of a damaged version no predecessor is kept.
            facts = self._facts(rows, state, report) | self._read_from(rows.table, current)
            change.publish(facts, alone=current is None)
        except BaseException:
            change.discard()
            raise
        return report

    def _stages(self, rows: SourceRows) -> Version | None:
        """What a first build of a large table has finished, all but its last stage."""

        def facts(state: dict[str, Any], count: int) -> dict[str, Any]:
            report = SyncReport(indexed=count, failed=0, seconds=0.0, changed=True)
            return self._facts(rows, state, report)

        left = staged(self._versions)
        base = left if left is not None and _is_comparable(left, rows) else None
        return build_in_stages(rows, base, self._versions, facts)

    def _report(self, change: Change, counts: RowCounts, changed: bool) -> SyncReport:
        return SyncReport(
            indexed=change.live_rows,
            inserted=counts.inserted,
            updated=counts.updated,
            deleted=counts.deleted,
            failed=len(counts.failures),
            zero_vectors=change.zero_vectors,
            kept=counts.kept,
            seconds=time.monotonic() - self._started,
            changed=changed,
            failures=counts.failures[:MAX_LISTED_FAILURES],
        )

    def _facts(self, rows: SourceRows, state: dict[str, Any], report: SyncReport) -> dict[str, Any]:
        """What the new version's manifest says of how it was made."""
        return {
            "source": state,
            "report": asdict(report),
            "columns": [column.to_dict() for column in index_columns(rows.fields, self._spec)],
            "types": type_texts(rows.fields, self._spec),
            "hash": HASH_KIND,  # for releases before 0.5, which take rows with another as changed
            "encoder": rows.vectors.model or _recorded_model(rows.table),
            "retry": rows.vectors.retry,
            "created_at": time.time_ns() // 1_000_000,
        }

    def _read_from(self, source: Table, before: Version | None) -> dict[str, int]:
        """What the new version's manifest says of when queries read it."""
        if self._passages.clock.pace.is_instant:
            return {}
        if self.until is not None:
            return {"visible_at": self.until}
        known = before.facts["created_at"] if before is not None else 0
        return {"visible_at": self._passages.followed(max(known, changed_at(source)))}

    def _compact(self, version: Version) -> None:
        parts = due(version, self._spec.row_weight)
        if parts:
            compact(self._versions, parts)

    def _emptying(self, held: int, failures: list[tuple[str, str]]) -> InvalidState:
        """The refusal to leave nothing of an index because every row of its source table fails.

        Args:
            held: rows that the index holds.
        """
        spec = self._spec
        keys: dict[str, list[str]] = {}
        for key, reason in failures:
            keys.setdefault(reason, []).append(key)
        often = sorted(keys, key=lambda reason: -len(keys[reason]))[:3]
        embedded = spec.source_column or spec.vector_column
        found = " ".join(
            f"Column {spec.primary_key if reason in (KEYLESS, REPEATED) else embedded}: "
            f"{reason:.500} (rows: {len(keys[reason]):,}, such as key {keys[reason][0]})."
            for reason in often
        )
        return InvalidState(
            f"No row of source table {spec.source_table} can be used, so index {spec.name} stays as it "
            f"was, with {held:,} rows. {found} {_repair(spec)}"
        )


def _repair(spec: IndexSpec) -> str:
    if spec.is_managed:
        return f"Repair the table or serving endpoint {spec.model_endpoint} and sync again."
    if not spec.has_vectors:
        return "Repair the table and sync again."
    return (
        f"Repair the table and sync again. Where its vectors have another length than {spec.dimension} "
        "on purpose, delete the index and create it again."
    )


# ------------------------------------------------------------------ a version and its source
def _is_known(source: Table, version: Version, vectors: RowVectors) -> bool:
    """Whether a version is what a sync would make of the table now."""
    if not _is_same_model(version, vectors) or _is_older(version):
        return False
    return is_made_from(version, source)


def _is_same_model(version: Version, vectors: RowVectors) -> bool:
    """Whether the encoder that would make vectors today made those of the version."""
    model = vectors.model
    return model is None or version.facts["encoder"]["fingerprint"] == model["fingerprint"]


def _is_older(version: Version) -> bool:
    """Whether a release before 0.5 wrote it, which stored decimals and float16 as other numbers."""
    return any("single" not in column for column in version.facts["columns"])


def _is_comparable(version: Version, rows: SourceRows) -> bool:
    """Whether rows are stored now as they were then, so that hashes show what changed."""
    same_types = version.facts["types"] == type_texts(rows.fields, rows.spec)
    return bool(same_types and _is_same_model(version, rows.vectors))


def _recorded_model(source: Table) -> dict[str, Any]:
    """The model of a table's vectors, where the table's maker wrote it down."""
    return {name: source.properties.get(name) for name in ("encoder", "fingerprint")}
