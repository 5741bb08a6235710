"""Endpoints and indexes of a workspace: the operations, one method each. Knows no photos or queries."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.names import ENDPOINT, KEY, table_name
from engine.core.schema import IndexSpec, SyncReport
from engine.errors import BadRequest, CorruptFile, InvalidParameterValue, NotFound
from engine.service.indexes import direct_access as direct
from engine.service.indexes import maintenance
from engine.service.indexes.registry import UNREADABLE, Catalog
from engine.service.near_names import full_index_name, is_empty, is_there, whereabouts
from engine.service.serving.models import Models
from engine.service.sql.statements import execute
from engine.service.sync.failures import failure_of
from engine.service.sync.run import sync
from engine.settings import Settings
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore


class Indexes(Models):
    """The part of a workspace that the API mirrors; see `Workspace`."""

    def __init__(self, layout: Layout, settings: Settings) -> None:
        super().__init__(layout, settings)
        self.tables = TableStore(layout)
        self.catalog = Catalog(layout, self.tables, self.serving, self.whereabouts)

    def whereabouts(self) -> str:
        """Which folder is the workspace, who chose it, and what is wrong with it, if anything is."""
        return whereabouts(self._layout.root, self.settings.path_from)

    def check_is_there(self) -> None:
        """Raise NotFound where the workspace's folder is missing or holds something else."""
        root = self._layout.root
        if not is_there(root) and not is_empty(root):
            error = NotFound(self.whereabouts())
            error.hint = ""
            raise error

    # ------------------------------------------------------------------ endpoints
    def create_endpoint(
        self,
        name: str,
        endpoint_type: str = "STANDARD",
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        target_qps: int | None = None,
    ) -> dict[str, Any]:
        """Create an endpoint; see `Endpoints.create`."""
        return self.catalog.endpoints.create(
            name, endpoint_type, budget_policy_id, usage_policy_id, target_qps
        )

    def get_endpoint(self, name: str) -> dict[str, Any]:
        """An endpoint as the API shows it. Raises NotFound."""
        return self.catalog.endpoints.get(name)

    def list_endpoints(self) -> list[dict[str, Any]]:
        """All endpoints, by name."""
        return self.catalog.endpoints.list()

    def endpoint_exists(self, name: str) -> bool:
        return self.catalog.endpoints.exists(name)

    def delete_endpoint(self, name: str) -> None:
        """Delete an endpoint without indexes. Raises NotFound, InvalidState."""
        self.catalog.endpoints.delete(name)

    def update_endpoint(self, name: str, target_qps: int | None = None) -> dict[str, Any]:
        """Change how many queries a second are wanted; see `Endpoints.update`."""
        return self.catalog.endpoints.update(name, target_qps)

    def stop_endpoint(self, name: str) -> dict[str, Any]:
        """Stop an endpoint, which refuses queries and writes from then on; see `Endpoints.stop`."""
        return self.catalog.endpoints.stop(name)

    def start_endpoint(self, name: str) -> dict[str, Any]:
        """Start a stopped endpoint. Raises NotFound."""
        return self.catalog.endpoints.start(name)

    def update_endpoint_budget_policy(self, name: str, budget_policy_id: str) -> dict[str, Any]:
        """Give an endpoint another policy; see `Endpoints.update_budget_policy`."""
        return self.catalog.endpoints.update_budget_policy(name, budget_policy_id)

    def update_endpoint_custom_tags(self, name: str, custom_tags: object) -> dict[str, Any]:
        """Replace an endpoint's tags; see `Endpoints.update_custom_tags`."""
        return self.catalog.endpoints.update_custom_tags(name, custom_tags)

    def retrieve_user_visible_metrics(
        self,
        name: str,
        start_time: str | None = None,
        end_time: str | None = None,
        granularity_in_seconds: int | None = None,
        metrics: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> dict[str, Any]:
        """An endpoint's measurements of a time: none, whatever is asked for. Raises NotFound."""
        return self.catalog.endpoints.metrics(name)

    def get_permissions(self, endpoint_id: str) -> dict[str, Any]:
        """Who may do what on an endpoint: kept, not enforced; see `Endpoints.permissions`."""
        return self.catalog.endpoints.permissions(endpoint_id)

    def set_permissions(
        self, endpoint_id: str, access_control_list: object = None
    ) -> dict[str, Any]:
        """Replace an endpoint's permissions; see `Endpoints.set_permissions`."""
        return self.catalog.endpoints.set_permissions(endpoint_id, access_control_list, add=False)

    def update_permissions(
        self, endpoint_id: str, access_control_list: object = None
    ) -> dict[str, Any]:
        """Add to an endpoint's permissions; see `Endpoints.set_permissions`."""
        return self.catalog.endpoints.set_permissions(endpoint_id, access_control_list, add=True)

    def get_permission_levels(self, endpoint_id: str) -> dict[str, Any]:
        """The levels that permissions know. Raises NotFound."""
        return self.catalog.endpoints.permission_levels(endpoint_id)

    # ------------------------------------------------------------------ indexes
    def create_index(
        self,
        name: str,
        *,
        source_table: str,
        vector_column: str | None = None,
        source_column: str | None = None,
        model_endpoint: str | None = None,
        query_model_endpoint: str | None = None,
        sync_computed_embeddings: bool = False,
        primary_key: str = KEY,
        endpoint: str = ENDPOINT,
        dimension: int | None = None,
        pipeline_type: str = "TRIGGERED",
        columns_to_sync: Sequence[str] | None = None,
        index_subtype: str | None = None,
        usage_policy_id: str | None = None,
        payload_logging_enabled: bool | None = None,
        create_endpoint: bool = False,
        faiss_factory: str | None = None,
    ) -> SyncReport:
        """Create a delta sync index and fill it with its first sync.

        Args:
            vector_column: the table's column of vectors.
            source_column: instead, a column of texts, which the serving endpoint `model_endpoint`
                encodes at each sync. Neither of both for an index without vectors.
            query_model_endpoint: another serving endpoint for the texts of queries.
            sync_computed_embeddings: write computed embeddings to the table
                `<index>_writeback_table` after each sync; it stays when the index is deleted.
            index_subtype: HYBRID (default), or FULL_TEXT for an index without vectors.
            create_endpoint: make the endpoint too where it does not exist.
            dimension: length of the vectors; None reads it from the table's first vector.
            faiss_factory: fix the approximate index, as a FAISS factory string such as "HNSW32";
                None leaves it to the engine.

        Raises:
            see `Catalog.create_index`; InvalidParameterValue also when there is no vector to
            read the dimension from.
        """
        size = dimension
        if size is None and vector_column is not None:
            size = self._dimension_of(source_table, vector_column)
        if create_endpoint and not self.endpoint_exists(endpoint):
            self.create_endpoint(endpoint)
        self.catalog.endpoints.refuse_stopped(endpoint)
        spec = self.catalog.create_index(
            name,
            endpoint=endpoint,
            primary_key=primary_key,
            source_table=source_table,
            vector_column=vector_column,
            dimension=size,
            source_column=source_column,
            model_endpoint=model_endpoint,
            query_model_endpoint=query_model_endpoint,
            sync_computed_embeddings=sync_computed_embeddings,
            pipeline_type=pipeline_type,
            columns_to_sync=columns_to_sync,
            index_subtype=index_subtype,
            usage_policy_id=usage_policy_id,
            payload_logging_enabled=payload_logging_enabled,
            faiss_factory=faiss_factory,
        )
        return self._bring_up_to_date(spec, self.catalog.open(name)[1])

    def create_direct_access_index(
        self,
        name: str,
        *,
        dimension: int,
        vector_column: str,
        schema: Mapping[str, str],
        primary_key: str = KEY,
        endpoint: str = ENDPOINT,
        model_endpoint: str | None = None,
        payload_logging_enabled: bool | None = None,
        create_endpoint: bool = False,
        faiss_factory: str | None = None,
    ) -> None:
        """Create an empty direct access index; see `Catalog.create_direct_access_index`."""
        if create_endpoint and not self.endpoint_exists(endpoint):
            self.create_endpoint(endpoint)
        self.catalog.endpoints.refuse_stopped(endpoint)
        self.catalog.create_direct_access_index(
            name,
            endpoint=endpoint,
            primary_key=primary_key,
            dimension=dimension,
            vector_column=vector_column,
            schema=schema,
            model_endpoint=model_endpoint,
            payload_logging_enabled=payload_logging_enabled,
            faiss_factory=faiss_factory,
        )

    def update_index(
        self,
        name: str,
        *,
        usage_policy_id: str | None = None,
        payload_logging_enabled: bool | None = None,
    ) -> None:
        """Change what can change of an index; see `Catalog.update_index`."""
        self.catalog.update_index(
            name, usage_policy_id=usage_policy_id, payload_logging_enabled=payload_logging_enabled
        )

    def upsert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Write rows of a direct access index; durable on return, seen by the next query.

        Returns:
            the API's reply, with the keys of rows that failed.

        Raises:
            NotFound: no such index. InvalidParameterValue: a delta sync index, or bad rows.
        """
        versions = self._direct(name, "Upsert")
        reply = direct.upsert(versions, rows)
        maintenance.compact_in_background(versions)
        return reply

    def delete_rows(self, name: str, primary_keys: Sequence[Any]) -> dict[str, Any]:
        """Delete rows of a direct access index by key; see `upsert`."""
        versions = self._direct(name, "Delete")
        reply = direct.delete(versions, primary_keys)
        maintenance.compact_in_background(versions)
        return reply

    def _direct(self, name: str, verb: str) -> VersionStore:
        spec, versions = self.catalog.open(name)
        self.catalog.endpoints.refuse_stopped(spec.endpoint_name)
        if not spec.is_direct_access:
            raise InvalidParameterValue(
                f"{verb} needs a Direct Vector Access Index; {name} is a Delta Sync Index. Change "
                "its source table and sync."
            )
        return versions

    def sql(self, statement: str) -> SyncReport | None:
        """Run `CREATE VECTOR SEARCH INDEX [IF NOT EXISTS] i ON t(column) USING ENDPOINT e`.

        The primary key is `product_id`, and the dimension that of the column's first vector.

        Returns:
            what the first sync did; None where the index exists and `IF NOT EXISTS` was said.

        Raises:
            NotSupported: any other statement. Otherwise as `create_index`.
        """
        return execute(self, statement)

    def _dimension_of(self, table: str, column: str) -> int:
        source = self.tables.get(table_name(table))
        if column in source.schema.names:
            for batch in source.batches([column], rows=64):
                for value in batch.column(0):
                    if value.is_valid:
                        return len(value)
        raise BadRequest(
            f"Table {source.name} has no vector in a column {column!r} to read the dimension from. "
            f"Columns: {', '.join(source.schema.names)}."
        )

    def sync(self, name: str) -> SyncReport:
        """Bring an index to the state of its source table.

        Raises:
            NotFound: no such index. BadRequest: a sync is running.
            InvalidParameterValue: the index is CONTINUOUS and does this by itself.
        """
        spec, versions = self.catalog.open(name)
        self.catalog.endpoints.refuse_stopped(spec.endpoint_name)
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
        return self._bring_up_to_date(spec, versions)

    def _bring_up_to_date(
        self, spec: IndexSpec, versions: VersionStore, asked: bool = True
    ) -> SyncReport:
        return sync(self._layout, self.tables, self.serving, spec, versions, asked)

    def _follow(self, spec: IndexSpec, versions: VersionStore) -> None:
        """Sync a CONTINUOUS index; where that fails, what is there goes on serving.

        A sync remembers its failure, whatever it is, and `get_index` shows it.
        """
        if spec.pipeline_type == "CONTINUOUS":
            with contextlib.suppress(Exception):
                self.catalog.endpoints.refuse_stopped(spec.endpoint_name)
                self._bring_up_to_date(spec, versions, asked=False)

    def version_of(self, name: str) -> tuple[IndexSpec, VersionStore, Version]:
        """An index and the version that a query reads; a CONTINUOUS index is synced before.

        Raises:
            NotFound: no such index. BadRequest: it has no version yet, or its endpoint is stopped.
        """
        settled = self.catalog.settled(name)
        if settled is not None:
            self.catalog.endpoints.refuse_stopped(settled[0].endpoint_name)
            return settled
        spec, versions = self.catalog.open(name)
        self.catalog.endpoints.refuse_stopped(spec.endpoint_name)
        self._follow(spec, versions)
        version = versions.current()
        if version is None:
            what = "Upsert rows" if spec.is_direct_access else "Sync it"
            failure = failure_of(self._layout, name)
            why = f" Its last sync failed: {failure.message}" if failure is not None else ""
            raise BadRequest(
                f"Index {name} is not ready: it has no version yet. {what} first.{why}"
            )
        return spec, versions, version

    def get_index(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """An index as the API's `describe()` shows it; a CONTINUOUS one is synced before.

        Raises:
            NotFound: no such index.
        """
        with contextlib.suppress(*UNREADABLE):  # which the description says
            self._follow(*self.catalog.open(name, endpoint))
        return self.catalog.get_index(name, endpoint)

    def list_indexes(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The indexes of an endpoint, or of all, by name. Raises NotFound."""
        return self.catalog.list_indexes(endpoint)

    def full_index_name(self, name: str) -> str:
        """An index's full name by its last part or last two, where no other index has them."""
        return full_index_name(name, self.catalog.names)

    def index_exists(self, name: str) -> bool:
        return self.catalog.exists(name)

    def delete_index(self, name: str, endpoint: str | None = None) -> None:
        """Delete an index and its files, a damaged one too. Raises NotFound, NewerRelease."""
        self.catalog.delete_index(name, endpoint)

    # ------------------------------------------------------------------ maintenance
    def check_index(self, name: str) -> list[str]:
        """Read every file of an index; returns what is wrong, in sentences; empty when all is well.

        Raises:
            NotFound: no such index. NewerRelease: it is for another release to check.
            StorageFailed: the system refused to read a file.
        """
        try:
            return maintenance.check(self.catalog.open(name)[1])
        except CorruptFile as error:
            copy = self.catalog.copied(name)
            return [error.message, *(maintenance.check(copy) if copy is not None else [])]

    def index_versions(self, name: str) -> list[int]:
        """Numbers of the versions that are kept, ascending; the last is published. Raises NotFound."""
        return self.catalog.open(name)[1].numbers()

    def compact_index(self, name: str) -> bool:
        """Merge all segments of an index and drop deleted rows; whether there was anything to do.

        Raises:
            NotFound: no such index. BadRequest: it has no version yet.
        """
        _, versions, version = self.version_of(name)
        return maintenance.compact_all(versions, version)

    def restore_index(self, name: str) -> int:
        """Publish the newest intact version of an index again; returns the new version's number.

        A damaged description of the index is restored from its copy before. Where that was all, and
        the index never had a version, the number is 0.

        Raises:
            NotFound: no such index. CorruptFile: none is intact. NewerRelease: see `check_index`.
        """
        described_again = self.catalog.restore_spec(name)
        versions = self.catalog.open(name)[1]
        if described_again and not versions.numbers():
            return 0
        return maintenance.restore(versions)
