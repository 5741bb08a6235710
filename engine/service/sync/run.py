"""Source table to a new index version: the difference only. Knows what an index holds; not queries.

First the table's files are compared with those that were read before, then the rows of changed files
by key and content hash. What is equal stays where it is. A Delta table with a change feed tells its
changes itself.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from engine.core.assumptions import RETRY_SECONDS
from engine.core.names import table_name
from engine.core.schema import MAX_LISTED_FAILURES, Column, IndexSpec, SyncReport
from engine.errors import BadRequest, CorruptFile, InvalidState, Locked, StorageFailed
from engine.service.columns import column_of, stored_field
from engine.service.indexes.checks import unfit_columns
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sync.difference import KEYLESS, REPEATED, delta_state, take_difference
from engine.service.sync.encoded_texts import EncodedTexts
from engine.service.sync.failures import (
    SyncFailure,
    digest_of,
    failure_of,
    forget_failure,
    remember_failure,
)
from engine.service.sync.origins import Origins
from engine.service.sync.row_vectors import NoVectors, RowVectors, StoredVectors
from engine.service.sync.writeback import write_back
from engine.store.indexes.changes import Change
from engine.store.indexes.compaction import compact, due
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout, storage_failed
from engine.store.segments.hashing import HASH_KIND
from engine.store.tables.table import Table
from engine.store.tables.table_store import TableStore

BUSY = (
    "Index is not ready to sync yet. Pipeline is in state RUNNING and needs to be in one of the "
    "following states to sync: COMPLETED, FAILED, CANCELED."
)


def sync(
    layout: Layout,
    tables: TableStore,
    serving: ServingEndpoints,
    spec: IndexSpec,
    versions: VersionStore,
    asked: bool = True,
) -> SyncReport:
    """Bring an index to the state of its source table and publish that as a new version.

    Rows without key or usable vector, and later rows of a repeated key, are left out and reported.
    Where it fails, what was published before goes on serving, and the index remembers why until a
    sync succeeds: see `sync_failures`.

    Args:
        asked: somebody asked for this sync. Otherwise rows that a model failed on are tried again
            only once in `RETRY_SECONDS`.

    Raises:
        NotFound: the source table is gone, or the serving endpoint.
        InvalidState: the table lost a column of the index, or its type no longer fits, or no row of
            it can be used while the index holds rows.
        InvalidParameterValue: the serving endpoint's model can't be had.
        BadRequest: another sync is running.
    """
    started = time.monotonic()
    attempt = _Try(layout, spec.name, asked)
    try:
        with (
            versions.writing(wait_seconds=0.1),
            attempt.remembered(),
            _progress(spec.name) as progress,
        ):
            vectors = _vectors(serving, spec, progress)
            report = _sync(tables, spec, versions, vectors, started, attempt)
            current = versions.current()
            if spec.writeback_table is not None and current is not None:
                write_back(tables, spec, current)
    except Locked as error:
        if error.lock == f"index-{spec.name}":
            raise BadRequest(BUSY) from None
        raise
    except StorageFailed as error:
        attempt.failed(error)  # also where the lock itself was refused
        raise
    if report.changed and current is not None and (parts := due(current, spec.row_weight)):
        compact(versions, parts)
    return report


def _sync(
    tables: TableStore,
    spec: IndexSpec,
    versions: VersionStore,
    vectors: RowVectors,
    started: float,
    attempt: _Try,
) -> SyncReport:
    assert spec.source_table is not None
    source = tables.get(table_name(spec.source_table))
    current = _intact(versions)
    damaged = current is None
    known = current is not None and _is_known(source, current, vectors)
    if current is not None and known and not _wants_retry(current, attempt.asked):
        return _as_before(current, started)
    attempt.reads({"state": _state_of(source), "model": vectors.model})
    fields = _fields(source, spec, current)
    rows = current.rows if current is not None else 0
    if current is not None and not _comparable(current, fields, spec, vectors):
        current = None
    change = Change(versions, current)
    try:
        difference, state = take_difference(source, current, spec, fields, vectors, change)
        if rows and difference.failures and change.live_rows == difference.kept:
            _refuse_emptying(spec, rows, difference.failures)
        report = SyncReport(
            indexed=change.live_rows,
            inserted=difference.inserted,
            updated=difference.updated,
            deleted=difference.deleted,
            failed=len(difference.failures),
            zero_vectors=change.zero_vectors,
            kept=difference.kept,
            seconds=time.monotonic() - started,
            changed=not (known and change.is_empty),
            failures=difference.failures[:MAX_LISTED_FAILURES],
        )
        facts = {
            "source": state,
            "report": asdict(report),
            "columns": [asdict(column) for column in _columns(fields, spec)],
            "types": _types(fields, spec),
            "hash": HASH_KIND,  # for releases before 0.5, which take rows with another as changed
            "encoder": vectors.model or _recorded_model(source),
            "retry": vectors.retry,
            "created_at": time.time_ns() // 1_000_000,
        }
        change.publish(facts, alone=damaged)
    except BaseException:
        change.discard()
        raise
    return report


def _as_before(version: Version, started: float) -> SyncReport:
    """The report of a sync that found nothing to do."""
    old = {**version.facts["report"], "inserted": 0, "updated": 0, "deleted": 0}
    old |= {"seconds": time.monotonic() - started, "changed": False}
    return SyncReport(**{**old, "failures": [tuple(pair) for pair in old["failures"]]})


def _vectors(
    serving: ServingEndpoints, spec: IndexSpec, progress: Callable[[int], object]
) -> RowVectors:
    if spec.is_managed:
        return EncodedTexts(serving, spec, progress)
    return StoredVectors(spec) if spec.has_vectors else NoVectors()


@contextlib.contextmanager
def _progress(name: str) -> Iterator[Callable[[int], object]]:
    """What is to be called with the number of texts encoded; the first call makes a bar."""
    bars: list[Any] = []

    def update(count: int) -> None:
        if not bars:
            from engine.service.progress import bar

            # disable=None: silent when standard error is not a terminal; delay: for few texts too
            bars.append(bar(unit="text", desc=f"encode {name}", delay=1))
        bars[0].update(count)

    try:
        yield update
    finally:
        for bar in bars:
            bar.close()


# ------------------------------------------------------------------ what a failed sync leaves
class _Try:
    """One try of a sync: remembers its failure.

    Attributes:
        asked: somebody asked for it.
        tried: digest of what is read; None before reading starts.
    """

    def __init__(self, layout: Layout, name: str, asked: bool) -> None:
        self._layout, self._name, self.asked = layout, name, asked
        self.tried: str | None = None

    def reads(self, state: Mapping[str, Any]) -> None:
        """Reading starts.

        Raises:
            _FailedBefore: nobody asked for it, and reading the same failed just now.
        """
        tried = digest_of(state)
        failure = None if self.asked else failure_of(self._layout, self._name)
        if failure is not None and failure.tried == tried and failure.is_fresh(RETRY_SECONDS):
            raise _FailedBefore
        self.tried = tried

    def failed(self, error: Exception) -> None:
        remember_failure(self._layout, self._name, SyncFailure.of(error, self.tried))

    @contextlib.contextmanager
    def remembered(self) -> Iterator[None]:
        """A block whose failure is remembered until one succeeds."""
        try:
            yield
        except _FailedBefore:
            raise
        except OSError as error:
            refused = storage_failed(f"index {self._name} was not synced", error)
            self.failed(refused)
            raise refused from error
        except Exception as error:
            self.failed(error)
            raise
        forget_failure(self._layout, self._name)


class _FailedBefore(Exception):
    """The same was tried a moment ago, and nobody asks for it now."""


def _refuse_emptying(spec: IndexSpec, rows: int, failures: list[tuple[str, str]]) -> None:
    """Refuse a change that would leave nothing of an index because every row of its table fails.

    Args:
        rows: that the index holds.
    """
    keys: dict[str, list[str]] = {}
    for key, reason in failures:
        keys.setdefault(reason, []).append(key)
    often = sorted(keys, key=lambda reason: -len(keys[reason]))[:3]
    found = " ".join(
        f"Column {spec.primary_key if reason in (KEYLESS, REPEATED) else _embedded(spec)}: "
        f"{reason:.500} (rows: {len(keys[reason]):,}, such as key {keys[reason][0]})."
        for reason in often
    )
    repair = "Repair the table and sync again."
    if spec.is_managed:
        repair = f"Repair the table or serving endpoint {spec.model_endpoint} and sync again."
    elif spec.has_vectors:
        repair += (
            f" Where its vectors have another length than {spec.dimension} on purpose, delete the "
            "index and create it again."
        )
    raise InvalidState(
        f"No row of source table {spec.source_table} can be used, so index {spec.name} stays as it "
        f"was, with {rows:,} rows. {found} {repair}"
    )


def _embedded(spec: IndexSpec) -> str:
    """The source table's column that vectors come from."""
    return spec.source_column or spec.vector_column


# ------------------------------------------------------------------ what there is
def _fields(source: Table, spec: IndexSpec, current: Version | None) -> list[pa.Field]:
    """The index's columns as they are stored.

    Raises:
        InvalidState: the table lost one, or its key or vectors have another kind of type.
    """
    schema = source.schema
    lost = [name for name in spec.columns if name not in schema.names]
    if lost:
        raise InvalidState(
            f"Source table {spec.source_table} no longer has the column {', '.join(lost)} of index "
            f"{spec.name}. Put it back, or delete the index and create it again."
        )
    fields = [stored_field(schema.field(name)) for name in spec.columns]
    before = current.columns.get(spec.primary_key) if current is not None else None
    types = _types_before(spec, current) if current is not None else {}
    unfit = unfit_columns(schema, spec, before.kind if before is not None else None, types)
    if unfit:
        raise InvalidState(
            f"Source table {spec.source_table} changed the type of {'; '.join(unfit)}. Index "
            f"{spec.name} can't take that: change it back, or delete the index and create it again."
        )
    return fields


def _intact(versions: VersionStore) -> Version | None:
    """The published version, or None where it is damaged: then everything is written anew."""
    try:
        return versions.current()
    except CorruptFile:
        return None


def _types(fields: list[pa.Field], spec: IndexSpec) -> dict[str, str]:
    return {f.name: str(f.type) for f in fields if f.name != spec.vector_column}


def _types_before(spec: IndexSpec, version: Version) -> dict[str, str]:
    """Types of an index's columns, in words."""
    vectors = (
        {spec.vector_column: f"vectors of length {spec.dimension}"} if spec.has_vectors else {}
    )
    return {**version.facts["types"], **vectors}


def _comparable(
    version: Version, fields: list[pa.Field], spec: IndexSpec, vectors: RowVectors
) -> bool:
    """Whether rows are stored now as they were then, so that hashes tell what changed."""
    facts = version.facts
    return bool(facts["types"] == _types(fields, spec) and _same_model(version, vectors))


def _same_model(version: Version, vectors: RowVectors) -> bool:
    """Whether the encoder that would make vectors today made those of the version."""
    model = vectors.model
    return model is None or version.facts["encoder"]["fingerprint"] == model["fingerprint"]


def _recorded_model(source: Table) -> dict[str, Any]:
    return {name: source.properties.get(name) for name in ("encoder", "fingerprint")}


def _columns(fields: list[pa.Field], spec: IndexSpec) -> list[Column]:
    vector = Column(spec.vector_column, "other", is_array=True)
    known = [vector if f.name == spec.vector_column else column_of(f) for f in fields]
    return [*known, vector] if spec.is_managed else known


def _state_of(source: Table) -> dict[str, Any]:
    """What tells one state of a table from another."""
    if source.delta is not None:
        return delta_state(source.delta)
    return {"files": source.identity()}


def _is_known(source: Table, version: Version, vectors: RowVectors) -> bool:
    if not _same_model(version, vectors) or _is_older(version):
        return False
    state: Mapping[str, Any] = version.facts["source"]
    if source.delta is not None or state["delta"] is not None:
        return source.delta is not None and delta_state(source.delta) == state["delta"]
    return Origins.from_dict(state["origins"]).is_of(source.identity())


def _is_older(version: Version) -> bool:
    """Whether a release before 0.5 wrote it, which stored decimals and float16 as other numbers."""
    return any("single" not in column for column in version.facts["columns"])


def _wants_retry(version: Version, asked: bool) -> bool:
    """Whether rows that a model failed on are to be tried again, though the table is the same."""
    age = time.time_ns() // 1_000_000 - version.facts["created_at"]
    return bool(version.facts.get("retry")) and (asked or age > 1000 * RETRY_SECONDS)
