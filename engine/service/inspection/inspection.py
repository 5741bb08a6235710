"""What an operator asks of a workspace: its tables, indexes, disk and process; jobs of its indexes."""

from __future__ import annotations

import time
from typing import Any, Final

from engine.core.arrow.objects import rows_of
from engine.core.names import table_name
from engine.errors import InvalidParameterValue
from engine.service.indexes.operations import Indexes
from engine.service.indexes.registry import IndexRegistry
from engine.service.inspection.folders import FolderSizes
from engine.service.inspection.indexes import IndexInspection, IndexState
from engine.service.inspection.jobs import Job, Jobs, Outcome, Progress, Work
from engine.service.inspection.process import DiskState, ProcessState, disk_state, process_state
from engine.service.inspection.recent import RecentQueries
from engine.service.inspection.tables import TableInspection, TableStates, VolumeState
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore
from engine.store.volumes import VolumeStore

SYNC, COMPACT, CHECK = "sync", "compact", "check"
KINDS = (SYNC, COMPACT, CHECK)
_COUNTS = ("inserted", "updated", "deleted", "kept", "failed")


class Inspection:
    """Looks at a workspace, and starts what an operator starts. Safe to use from many threads.

    Attributes:
        recent: the last queries of this process.
    """

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        views: ViewStore,
        volumes: VolumeStore,
        registry: IndexRegistry,
        indexes: Indexes,
        recent: RecentQueries,
    ) -> None:
        self._layout, self._store, self._operations = layout, tables, indexes
        self._tables = TableInspection(tables, views, volumes)
        self._indexes = IndexInspection(layout, registry, indexes, tables)
        self._jobs, self._since = Jobs(layout), time.time()
        self._folders = FolderSizes()
        self.recent: Final = recent

    def tables(
        self, start: int = 0, most: int = 50, part: str = "", damaged: bool = False
    ) -> TableStates:
        """Some tables by name; see `TableInspection.states`."""
        return self._tables.states(start, most, part, damaged)

    def volumes(self) -> list[VolumeState]:
        """Every volume, and every path that was registered."""
        return self._tables.volumes()

    def indexes(self, start: int = 0, most: int = 50) -> tuple[list[IndexState], int]:
        """`most` indexes by name from the place `start` on, and how many there are."""
        return self._indexes.states(start, most)

    def index(self, name: str) -> IndexState:
        """One index. Raises NotFound."""
        return self._indexes.state(name)

    def indexes_with_vectors(self) -> list[str]:
        """Names of the indexes that have vectors, sorted."""
        return self._indexes.with_vectors()

    def table_rows(self, name: str, start: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """`most` rows of a table from the place `start` on, and how many it has.

        Raises:
            NotFound: no such table. BadSourceFile, CorruptFile: it can't be read.
        """
        table = self._store.get(table_name(name))
        rows: list[dict[str, Any]] = []
        before = 0
        for batch in table.batches():
            first = max(start - before, 0)
            rows += rows_of(batch.slice(first, most - len(rows)))
            before += batch.num_rows
            if len(rows) >= most:
                break
        return rows, table.num_rows

    def disk(self) -> DiskState:
        """What the workspace's files take."""
        return disk_state(self._layout.root, self._folders)

    def process(self) -> ProcessState:
        """This process."""
        return process_state(self._since)

    # ------------------------------------------------------------------ jobs
    def start(self, kind: str, index: str) -> Job:
        """Start a step of an index's care, unless it runs: "sync", "compact" or "check".

        Raises:
            NotFound: no such index. InvalidParameterValue: no such step.
            StorageFailed: the system refused a lock, a file or a thread.
        """
        works: dict[str, Work] = {
            SYNC: lambda _: self._synced(index),
            COMPACT: lambda _: self._compacted(index),
            CHECK: lambda progress: self._checked(index, progress),
        }
        if kind not in works:
            raise InvalidParameterValue(f"{kind[:80]!r} is no step; expected {', '.join(KINDS)}.")
        self._indexes.state(index)
        return self._jobs.start(kind, index, works[kind], changes=kind != CHECK)

    def jobs(self, index: IndexState) -> list[Job]:
        """The last job of each kind for an index, the newest first."""
        found = [self._jobs.get(kind, index.name) for kind in KINDS]
        mine = [job for job in found if job is not None and job.started_at >= index.created_at]
        return sorted(mine, key=lambda job: -job.started_at)

    def _synced(self, index: str) -> Outcome:
        report = self._operations.sync(index)
        if not report.changed:
            return Outcome(True, ("The table is as the index has it: nothing to do.",))
        counts = ", ".join(f"{getattr(report, name):,} {name}" for name in _COUNTS)
        text = f"{report.indexed:,} rows: {counts}, in {report.seconds:.1f} s."
        return Outcome(not report.failed, (text,))

    def _compacted(self, index: str) -> Outcome:
        done = self._operations.compact(index)
        return Outcome(True, ("One segment now." if done else "Nothing to compact.",))

    def _checked(self, index: str, progress: Progress) -> Outcome:
        progress(0, 0, "reading every file")
        faults = self._operations.check(index)
        if faults:
            return Outcome(False, tuple(faults))
        count = len(self._operations.version_numbers(index))
        return Outcome(True, (f"{count:,} version{'' if count == 1 else 's'}, all intact.",))
