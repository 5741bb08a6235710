"""Indexes of a workspace: the operations, one method each. Knows no photos or queries."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.core.schema import IndexSpec, SyncReport
from engine.errors import BadRequest, CorruptFile, InvalidParameterValue, NotFound
from engine.service.indexes import direct_access as direct
from engine.service.indexes import maintenance
from engine.service.indexes.creation import IndexCreation
from engine.service.indexes.descriptions import Descriptions
from engine.service.indexes.endpoints import Endpoints
from engine.service.indexes.registry import UNREADABLE, IndexRegistry
from engine.service.near_names import full_index_name
from engine.service.pacing.clock import Clock
from engine.service.pacing.passages import Passages
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sync.failures import failure_of
from engine.service.sync.pipelines import Pipelines
from engine.service.sync.run import SyncRun
from engine.settings import Settings
from engine.store.indexes.specs import write_spec
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore

_LATER = "Try again when its status is ready."


class Indexes:
    """The indexes of a workspace. Safe to use from many threads."""

    def __init__(
        self,
        layout: Layout,
        settings: Settings,
        tables: TableStore,
        serving: ServingEndpoints,
        registry: IndexRegistry,
        endpoints: Endpoints,
        clock: Clock,
    ) -> None:
        """
        Args:
            settings: say whether `start_sync` returns when the sync is done, and how the vectors of new
                indexes are stored.
            clock: says when what was begun is over and seen.
        """
        self._passages = Passages(layout, clock, endpoints.states.until)
        self._layout, self._tables, self._serving = layout, tables, serving
        self._registry, self._states = registry, endpoints.states
        self._pipelines, self._waiting_syncs = Pipelines(layout, clock), settings.waiting_syncs
        self._creation = IndexCreation(
            layout, settings, tables, serving, registry, endpoints, self._passages
        )
        self._descriptions = Descriptions(
            layout, registry, endpoints, self._pipelines, self._passages
        )

    def create(self, request: IndexRequest) -> SyncReport:
        """Create a delta sync index and fill it with its first sync.

        Raises:
            see `IndexCreation.delta_sync`.
        """
        self._creation.delta_sync(request)
        return self._bring_up_to_date(self._registry.open(request.name)[1])

    def create_direct_access(self, request: DirectAccessRequest) -> None:
        """Create an empty direct access index; see `IndexCreation.direct_access`."""
        self._creation.direct_access(request)

    def update(
        self,
        name: str,
        *,
        usage_policy_id: str | None = None,
        payload_logging_enabled: bool | None = None,
    ) -> None:
        """Change what can change of an index; None leaves as it is.

        Raises:
            NotFound: no such index.
            InvalidParameterValue: a usage policy for a direct access index.
        """
        self._registry.open(name)
        # Not the index's own lock, which a long sync holds.
        with self._layout.writing(f"spec-{name}"):
            spec, _ = self._registry.open(name)
            if usage_policy_id is not None:
                if spec.is_direct_access:
                    raise InvalidParameterValue(
                        "Usage policy is not supported for direct access index"
                    )
                spec = replace(spec, usage_policy_id=usage_policy_id)
            if payload_logging_enabled is not None:
                spec = replace(spec, payload_logging_enabled=payload_logging_enabled)
            write_spec(self._layout, spec)

    def upsert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Write rows of a direct access index; durable on return, seen by the next query.

        Returns:
            the API's reply, with the keys of rows that failed.

        Raises:
            NotFound: no such index. InvalidParameterValue: a delta sync index, or bad rows.
        """
        versions = self._direct(name, "Upsert")
        reply = direct.upsert(versions, rows, self._passages.written())
        maintenance.compact_in_background(versions)
        return reply

    def changed_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Those of some rows that an upsert would add, change or refuse; see `upsert`."""
        return direct.changed_rows(self._direct(name, "Upsert"), rows)

    def delete_rows(self, name: str, primary_keys: Sequence[Any]) -> dict[str, Any]:
        """Delete rows of a direct access index by key; see `upsert`."""
        versions = self._direct(name, "Delete")
        reply = direct.delete(versions, primary_keys, self._passages.written())
        maintenance.compact_in_background(versions)
        return reply

    def _direct(self, name: str, verb: str) -> VersionStore:
        spec, versions = self.open_served(name)
        if not spec.is_direct_access:
            raise InvalidParameterValue(
                f"{verb} needs a Direct Vector Access Index; {name} is a Delta Sync Index. Change "
                "its source table and sync."
            )
        passage = self._passages.of(name)
        if passage is not None:
            raise BadRequest(f"Index {name} is not ready: it is being provisioned. {_LATER}")
        return versions

    def sync(self, name: str) -> SyncReport:
        """Bring an index to the state of its source table; done, and seen by queries, on return.

        Raises:
            NotFound: no such index. BadRequest: a sync is running.
            InvalidParameterValue: the index is CONTINUOUS and does this by itself. Else as
                `SyncRun.finish`.
        """
        return self._done(self._run_of(self._triggered(name)))

    def _done(self, run: SyncRun) -> SyncReport:
        """What a sync did, when it is over by the workspace's clock."""
        report = run.run()
        if run.until is not None:
            self._passages.clock.wait(run.until)
        return report

    def start_sync(self, name: str) -> None:
        """As the API's sync: begin to bring an index to the state of its source table, and return.

        `get` shows how far it is; a failure is shown there too, and raised nowhere. In a workspace of
        which `waiting_syncs` is set, as `sync`.

        Raises:
            NotFound: no such index. BadRequest: a sync is running.
            InvalidParameterValue: the index is CONTINUOUS and does this by itself.
        """
        run = self._run_of(self._triggered(name))
        if self._waiting_syncs:
            self._done(run)
        else:
            self._pipelines.start(run)

    def _triggered(self, name: str) -> VersionStore:
        """The versions of an index that is synced by a call. Raises as `start_sync`."""
        spec, versions = self.open_served(name)
        if spec.is_direct_access:
            raise InvalidParameterValue(
                f"Sync needs a Delta Sync Index; {name} is a Direct Vector Access Index, whose rows "
                "come by upsert."
            )
        if spec.pipeline_type == "CONTINUOUS":
            raise InvalidParameterValue(
                f"Index {name} is CONTINUOUS: it follows its source table by itself, and only "
                "TRIGGERED indexes are synced by a call."
            )
        return versions

    def _bring_up_to_date(self, versions: VersionStore, asked: bool = True) -> SyncReport:
        return self._run_of(versions, asked).run()

    def _run_of(self, versions: VersionStore, asked: bool = True) -> SyncRun:
        return SyncRun(
            self._layout, self._tables, self._serving, versions, self._passages, asked=asked
        )

    def _follow(self, spec: IndexSpec, versions: VersionStore) -> None:
        """Sync a CONTINUOUS index; where that fails, its published version goes on serving.

        A sync remembers its failure, whatever it is, and `get_index` shows it.
        """
        if spec.pipeline_type == "CONTINUOUS":
            with contextlib.suppress(Exception):
                self._states.refuse_idle(spec.endpoint_name)
                self._bring_up_to_date(versions, asked=False)

    def open_served(self, name: str) -> tuple[IndexSpec, VersionStore]:
        """An index whose endpoint answers.

        Raises:
            NotFound: no such index. BadRequest: its endpoint is stopped, or not online yet.
        """
        spec, versions = self._registry.open(name)
        self._states.refuse_idle(spec.endpoint_name)
        return spec, versions

    def version_of(self, name: str) -> tuple[IndexSpec, VersionStore, Version]:
        """An index and the version that a query reads; a CONTINUOUS index is synced before.

        Raises:
            NotFound: no such index. BadRequest: it has no version yet, or its endpoint is stopped.
        """
        settled = self._registry.settled(name)
        if settled is not None:
            self._states.refuse_idle(settled[0].endpoint_name)
            return settled
        spec, versions = self.open_served(name)
        self._follow(spec, versions)
        version = versions.visible()
        if version is None:
            if self._passages.of(name) is not None:
                raise BadRequest(f"Index {name} is not ready: it is being provisioned. {_LATER}")
            what = "Upsert rows" if spec.is_direct_access else "Sync it"
            failure = failure_of(self._layout, name)
            why = f" Its last sync failed: {failure.message}" if failure is not None else ""
            raise BadRequest(
                f"Index {name} is not ready: it has no version yet. {what} first.{why}"
            )
        return spec, versions, version

    def published(self) -> Iterator[tuple[IndexSpec, Version]]:
        """The indexes that can be read and their published versions; nothing is synced."""
        for name in self._registry.names():
            with contextlib.suppress(NotFound, *UNREADABLE):
                spec, versions = self._registry.open(name)
                version = versions.visible()
                if version is not None:
                    yield spec, version

    def get(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """An index as the API's `describe()` shows it; a CONTINUOUS one is synced before.

        Raises:
            NotFound: no such index.
        """
        with contextlib.suppress(*UNREADABLE):  # which the description says
            self._follow(*self._registry.open(name, endpoint))
        return self._descriptions.get(name, endpoint)

    def described(self, name: str) -> dict[str, Any]:
        """As `get`, of what is there now: nothing is synced. Raises NotFound."""
        return self._descriptions.get(name)

    def full_name(self, name: str) -> str:
        """An index's full name by its last part or last two, where no other index has them."""
        return full_index_name(name, self._registry.names)

    def exists(self, name: str) -> bool:
        return self._registry.exists(name)

    def delete(self, name: str, endpoint: str | None = None, *, orphaned: bool = False) -> None:
        """Delete an index and its files, a damaged one too.

        Args:
            orphaned: also one whose endpoint was deleted, which the API does not find any more; this
                engine's own.

        Raises:
            NotFound: no such index. NewerRelease: another release made it, which must delete it.
        """
        self._registry.delete(name, endpoint, orphaned)

    # ------------------------------------------------------------------ maintenance
    def check(self, name: str) -> list[str]:
        """Read every file of an index; returns what is wrong, in sentences; empty when all is well.

        Raises:
            NotFound: no such index. NewerRelease: it is for another release to check.
            StorageFailed: the system refused to read a file.
        """
        try:
            return maintenance.check(self._registry.open(name)[1])
        except CorruptFile as error:
            copy = self._registry.copied(name)
            return [error.message, *(maintenance.check(copy) if copy is not None else [])]

    def version_numbers(self, name: str) -> list[int]:
        """Numbers of the versions that are kept, ascending; the last is published. Raises NotFound."""
        return self._registry.open(name)[1].numbers()

    def compact(self, name: str) -> bool:
        """Merge all segments of an index and drop deleted rows; whether there was anything to do.

        Raises:
            NotFound: no such index. BadRequest: it has no version yet.
        """
        _, versions, version = self.version_of(name)
        return maintenance.compact_all(versions, versions.current() or version)

    def restore(self, name: str) -> int:
        """Publish the newest intact version of an index again; returns the new version's number.

        A damaged description of the index is restored from its copy before. Where that was all, and
        the index never had a version, the number is 0.

        Raises:
            NotFound: no such index. CorruptFile: none is intact. NewerRelease: see `check_index`.
        """
        described_again = self._registry.restore_spec(name)
        versions = self._registry.open(name)[1]
        if described_again and not versions.numbers():
            return 0
        return maintenance.restore(versions)

    def list(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The indexes of an endpoint, or of all, by name. Raises NotFound."""
        return self._descriptions.list(endpoint)
