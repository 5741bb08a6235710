"""Endpoints and indexes of a workspace: the operations, one method each. Knows no models or photos."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.core.names import ENDPOINT, KEY, table_name
from engine.core.query import DEFAULT_RESULTS, build_query
from engine.core.schema import IndexSpec, SyncReport
from engine.errors import BadRequest, InvalidParameterValue, NotFound, StorageFailed
from engine.service import direct, maintenance
from engine.service import search as searching
from engine.service.batch import search_batch
from engine.service.catalog import Catalog
from engine.service.sql import execute
from engine.service.sync import sync
from engine.settings import Settings
from engine.store.layout import Layout
from engine.store.tables import TableStore
from engine.store.versions import Version, VersionStore

if TYPE_CHECKING:
    import numpy.typing as npt


class Indexes:
    """The part of a workspace that the API mirrors; see `Workspace`."""

    def __init__(self, layout: Layout, settings: Settings) -> None:
        self.settings = settings
        self._layout = layout
        self.tables = TableStore(layout)
        self.catalog = Catalog(layout, self.tables)

    # ------------------------------------------------------------------ endpoints
    def create_endpoint(self, name: str, endpoint_type: str = "STANDARD") -> dict[str, Any]:
        """Create an endpoint; see `Catalog.create_endpoint`."""
        return self.catalog.create_endpoint(name, endpoint_type)

    def get_endpoint(self, name: str) -> dict[str, Any]:
        """An endpoint as the API shows it. Raises NotFound."""
        return self.catalog.get_endpoint(name)

    def list_endpoints(self) -> list[dict[str, Any]]:
        """All endpoints, by name."""
        return self.catalog.list_endpoints()

    def endpoint_exists(self, name: str) -> bool:
        return any(endpoint["name"] == name for endpoint in self.list_endpoints())

    def delete_endpoint(self, name: str) -> None:
        """Delete an endpoint without indexes. Raises NotFound, InvalidState."""
        self.catalog.delete_endpoint(name)

    # ------------------------------------------------------------------ indexes
    def create_index(
        self,
        name: str,
        *,
        source_table: str,
        vector_column: str,
        primary_key: str = KEY,
        endpoint: str = ENDPOINT,
        dimension: int | None = None,
        pipeline_type: str = "TRIGGERED",
        columns_to_sync: Sequence[str] | None = None,
        create_endpoint: bool = False,
        faiss_factory: str | None = None,
    ) -> SyncReport:
        """Create a delta sync index and fill it with its first sync.

        Args:
            create_endpoint: make the endpoint too where it does not exist.
            dimension: length of the vectors; None reads it from the table's first vector.
            faiss_factory: fix the approximate index, as a FAISS factory string such as "HNSW32";
                None leaves it to the engine.

        Raises:
            see `Catalog.create_index`; InvalidParameterValue also when there is no vector to
            read the dimension from.
        """
        size = dimension
        if size is None:
            size = self._dimension_of(source_table, vector_column)
        if create_endpoint and not self.endpoint_exists(endpoint):
            self.create_endpoint(endpoint)
        spec = self.catalog.create_index(
            name,
            endpoint=endpoint,
            primary_key=primary_key,
            source_table=source_table,
            vector_column=vector_column,
            dimension=size,
            pipeline_type=pipeline_type,
            columns_to_sync=columns_to_sync,
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
        create_endpoint: bool = False,
        faiss_factory: str | None = None,
    ) -> None:
        """Create an empty direct access index; see `Catalog.create_direct_access_index`."""
        if create_endpoint and not self.endpoint_exists(endpoint):
            self.create_endpoint(endpoint)
        self.catalog.create_direct_access_index(
            name,
            endpoint=endpoint,
            primary_key=primary_key,
            dimension=dimension,
            vector_column=vector_column,
            schema=schema,
            faiss_factory=faiss_factory,
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

    def _bring_up_to_date(self, spec: IndexSpec, versions: VersionStore) -> SyncReport:
        return sync(self._layout, self.tables, spec, versions)

    def _follow(self, spec: IndexSpec, versions: VersionStore) -> None:
        """Sync a CONTINUOUS index; where that can't be done now, what is there goes on serving."""
        if spec.pipeline_type == "CONTINUOUS":
            with contextlib.suppress(BadRequest, NotFound, StorageFailed):
                self._bring_up_to_date(spec, versions)

    def version_of(self, name: str) -> tuple[IndexSpec, VersionStore, Version]:
        """An index and the version that a query reads; a CONTINUOUS index is synced before.

        Raises:
            NotFound: no such index. BadRequest: it has no version yet.
        """
        settled = self.catalog.settled(name)
        if settled is not None:
            return settled
        spec, versions = self.catalog.open(name)
        self._follow(spec, versions)
        version = versions.current()
        if version is None:
            what = "Upsert rows" if spec.is_direct_access else "Sync it"
            raise BadRequest(f"Index {name} is not ready: it has no version yet. {what} first.")
        return spec, versions, version

    def get_index(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """An index as the API's `describe()` shows it; a CONTINUOUS one is synced before.

        Raises:
            NotFound: no such index.
        """
        self._follow(*self.catalog.open(name, endpoint))
        return self.catalog.get_index(name, endpoint)

    def list_indexes(self, endpoint: str) -> list[dict[str, Any]]:
        """The indexes of an endpoint, by name. Raises NotFound."""
        return self.catalog.list_indexes(endpoint)

    def index_exists(self, name: str) -> bool:
        return any(spec.name == name for spec in self.catalog.specs())

    def delete_index(self, name: str, endpoint: str | None = None) -> None:
        """Delete an index and its files. Raises NotFound."""
        self.catalog.delete_index(name, endpoint)

    # ------------------------------------------------------------------ queries
    def query_index(
        self,
        name: str,
        *,
        columns: Sequence[str],
        query_vector: Sequence[float] | None = None,
        query_text: str | None = None,
        filters: object = None,
        num_results: int = DEFAULT_RESULTS,
        score_threshold: float | None = None,
        query_type: str | None = None,
        debug_level: int = 0,
        exact: bool = False,
    ) -> dict[str, Any]:
        """The API's query: a reply with manifest, result and the next page's token.

        Args:
            exact: look at every row that passes, instead of the likely ones first.

        Raises:
            NotFound, BadRequest, InvalidParameterValue, NotSupported: as the API refuses.
        """
        spec, _, version = self.version_of(name)
        query = build_query(
            index=name,
            dimension=spec.dimension,
            known=version.columns,
            columns=columns,
            vector=query_vector,
            text=query_text,
            query_type=query_type,
            filters=filters,
            num_results=num_results,
            score_threshold=score_threshold,
            debug_level=debug_level,
            exact=exact,
        )
        return searching.answer(
            spec,
            version,
            query,
            filters,
            integers_as_floats=self.settings.integers_as_floats,
        )

    def query_next_page(self, name: str, page_token: str) -> dict[str, Any]:
        """The page that a reply's `next_page_token` stands for. Raises InvalidParameterValue."""
        spec, versions = self.catalog.open(name)
        return searching.next_page(spec, versions, page_token, self.settings.integers_as_floats)

    def similarity_search_batch(
        self,
        name: str,
        *,
        query_vectors: npt.ArrayLike,
        columns: Sequence[str],
        filters: object = None,
        num_results: int = DEFAULT_RESULTS,
        exact: bool = False,
    ) -> list[list[dict[str, Any]]]:
        """Many queries at once, faster than one by one. Not part of the mirrored API.

        Args:
            query_vectors: (m, dimension) finite numbers. filters: one filter for all.

        Returns:
            for each query its rows as dicts of the columns and `score`, best first.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as `query_index`.
        """
        spec, _, version = self.version_of(name)
        return search_batch(spec, version, query_vectors, columns, filters, num_results, exact)

    # ------------------------------------------------------------------ maintenance
    def check_index(self, name: str) -> list[str]:
        """Read every file of an index; returns what is wrong, in sentences; empty when all is well.

        Raises:
            NotFound: no such index.
        """
        return maintenance.check(self.catalog.open(name)[1])

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

        Raises:
            NotFound: no such index. CorruptFile: none is intact.
        """
        return maintenance.restore(self.catalog.open(name)[1])
