"""Indexes as an operator sees them: what they hold, their last sync, what failed. Knows versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.core.names import table_name
from engine.core.schema import IndexSpec
from engine.errors import NotFound, VitrineError
from engine.service.indexes.operations import Indexes
from engine.service.indexes.registry import IndexRegistry, Unreadable, is_orphan
from engine.service.inspection.folders import folder_bytes
from engine.service.sync.difference import is_made_from
from engine.service.sync.failures import SyncFailure, failure_of
from engine.store.indexes.versions import Version
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore

Source = Literal["same", "moved on", "gone", "unreadable", "none"]


@dataclass(frozen=True)
class IndexState:
    """One index, as far as it can be read.

    Attributes:
        kind: DELTA_SYNC or DIRECT_ACCESS; "" for not known. pipeline: TRIGGERED or CONTINUOUS.
        model: that made its vectors, as far as it is known. query_model: a serving endpoint.
        ready, state, message: as the API's `describe()` says.
        rows: None without a version. deleted: rows that its segments hold and it has not any more.
        bytes: of its segments' files.
        made_at: when the version was published, in milliseconds since the epoch; 0 for none.
        report: counts of the last sync that changed something. failures: first (key, reason).
        failed: how the last sync failed; None where it succeeded.
        source: whether the source table is as the version has it. source_fault: why that is not known.
        fault: why the index can't be read or used, and what to do; None where it can.
    """

    name: str
    endpoint: str = ""
    kind: str = ""
    subtype: str = ""
    pipeline: str = ""
    source_table: str | None = None
    primary_key: str = ""
    dimension: int = 0
    model: str = ""
    query_model: str = ""
    ready: bool = False
    state: str = ""
    message: str = ""
    rows: int | None = None
    version: int = 0
    columns: int = 0
    segments: int = 0
    deleted: int = 0
    bytes: int = 0
    made_at: int = 0
    created_at: int = 0
    report: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[tuple[str, str], ...] = ()
    failed: SyncFailure | None = None
    source: Source = "none"
    source_fault: str = ""
    fault: str | None = None

    @property
    def can_sync(self) -> bool:
        """Whether it is synced by a call."""
        return self.pipeline == "TRIGGERED" and self.fault is None


class IndexInspection:
    """What looks at the indexes of a workspace; none is synced by that."""

    def __init__(
        self, layout: Layout, registry: IndexRegistry, indexes: Indexes, tables: TableStore
    ) -> None:
        self._layout, self._registry = layout, registry
        self._indexes, self._tables = indexes, tables

    def states(self, start: int, most: int) -> tuple[list[IndexState], int]:
        """`most` indexes by name from the place `start` on, and how many there are."""
        found = self._registry.found()
        return [self._state(index) for index in found[start : start + most]], len(found)

    def state(self, name: str) -> IndexState:
        """One index. Raises NotFound."""
        for index in self._registry.found():
            if index.name == name:
                return self._state(index)
        self._registry.open(name)  # which raises, with names that are near
        raise NotFound(f"Vector search index {name} not found")

    def with_vectors(self) -> list[str]:
        """Names of the indexes that have vectors and can be read, sorted."""
        return [
            index.name
            for index in self._registry.found()
            if isinstance(index, IndexSpec) and index.has_vectors and not is_orphan(index)
        ]

    def _state(self, index: IndexSpec | Unreadable) -> IndexState:
        if isinstance(index, Unreadable):
            return IndexState(index.name, index.endpoint_name or "", fault=index.reason)
        known = _of_spec(index)
        try:
            status = self._indexes.described(index.name)["status"]
            versions = self._registry.open(index.name)[1]
            known |= {"ready": status["ready"], "state": status["detailed_state"]}
            known["message"] = status["message"]
            known["failed"] = failure_of(self._layout, index.name)
            version = versions.visible()
        except VitrineError as error:  # damaged, or its endpoint was deleted
            return IndexState(**known, fault=error.message)
        if version is None:
            return IndexState(**known)
        known |= _of_version(version)
        known["bytes"] = sum(
            part.segment.held_bytes or folder_bytes(versions.segments_dir / part.segment.id)
            for part in version.parts
        )
        return IndexState(**known, **self._source(index, version))

    def _source(self, spec: IndexSpec, version: Version) -> dict[str, Any]:
        """Whether the source table is still what the version was made from."""
        if spec.source_table is None:
            return {}
        try:
            table = self._tables.get(table_name(spec.source_table))
            return {"source": "same" if is_made_from(version, table) else "moved on"}
        except NotFound as error:
            return {"source": "gone", "source_fault": error.message}
        except VitrineError as error:
            return {"source": "unreadable", "source_fault": error.message}


def _of_spec(spec: IndexSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "endpoint": spec.endpoint_name,
        "kind": "DIRECT_ACCESS" if spec.is_direct_access else "DELTA_SYNC",
        "subtype": spec.index_subtype,
        "pipeline": spec.pipeline_type or "",
        "source_table": spec.source_table,
        "primary_key": spec.primary_key,
        "dimension": spec.dimension,
        "query_model": spec.query_model_endpoint or spec.model_endpoint or "",
        "created_at": spec.created_at,
    }


def _of_version(version: Version) -> dict[str, Any]:
    facts = version.facts
    report = facts.get("report") or {}
    return {
        "model": str((facts.get("encoder") or {}).get("encoder") or ""),
        "rows": version.rows,
        "version": version.number,
        "columns": len(version.columns),
        "segments": len(version.parts),
        "deleted": sum(part.segment.rows - part.live_rows for part in version.parts),
        "made_at": facts.get("created_at", 0),
        "report": report,
        "failures": tuple((str(key), str(why)) for key, why in report.get("failures", ())),
    }
