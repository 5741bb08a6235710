"""Creation of an index: a request, checked against what exists, becomes a specification on disk.

Truth: the Vector Search API's refusals. Knows endpoints, source tables and serving endpoints; not syncs.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from typing import Any

from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.core.names import table_name
from engine.core.schema import (
    EndpointType,
    IndexSpec,
    VectorStorage,
    check_dimension,
    check_vector_storage,
)
from engine.errors import BadRequest, ResourceConflict
from engine.service.authorship import now_ms, user_name
from engine.service.indexes.checks import (
    check_direct_schema,
    check_length,
    check_offered,
    check_source,
    computed_column,
)
from engine.service.indexes.direct_access import first_version
from engine.service.indexes.endpoints import Endpoints
from engine.service.indexes.registry import UNREADABLE, IndexRegistry
from engine.service.pacing.passages import Passages
from engine.service.serving.endpoint_models import check_query_model, computed_dimension
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sync.writeback import check_writeback
from engine.settings import Settings
from engine.store.indexes.specs import read_spec, spec_file, write_spec
from engine.store.layout import Layout, remove_twice
from engine.store.tables.table_store import TableStore


class IndexCreation:
    """Makes the indexes of a workspace."""

    def __init__(
        self,
        layout: Layout,
        settings: Settings,
        tables: TableStore,
        serving: ServingEndpoints,
        registry: IndexRegistry,
        endpoints: Endpoints,
        passages: Passages,
    ) -> None:
        self._passages, self._settings = passages, settings
        self._layout, self._tables, self._serving = layout, tables, serving
        self._registry, self._endpoints = registry, endpoints

    def delta_sync(self, request: IndexRequest) -> None:
        """Create a delta sync index over a table; its rows come with the first sync.

        Raises:
            InvalidParameterValue: a bad length of vectors, a column that does not fit its part, or
                what the endpoint's type does not offer.
            BadRequest: `columns_to_sync` names columns that the table lacks; the table has no vector
                to read the dimension from; the endpoint is stopped.
            NotFound: no such endpoint, table or serving endpoint.
            ResourceConflict: the index's name is taken, or that of its write-back table.
        """
        length = self._length_of_own(request)
        kind = self._endpoint_type(request)
        check_offered(kind, request)
        if request.model_endpoint is not None:
            length = computed_dimension(
                self._serving, request.model_endpoint, request.query_model_endpoint
            )
            check_dimension(length)
        if request.has_vectors:
            check_length(kind, length, request.faiss_factory)
        columns = check_source(self._tables.get(table_name(request.source_table)).schema, request)
        writeback = None
        if request.sync_computed_embeddings:
            writeback = check_writeback(self._tables, request.name)
        storage = self._storage(request.vector_storage) if request.has_vectors else "float32"
        self._add(_delta_sync_spec(request, kind, length, storage, columns, writeback))

    def direct_access(self, request: DirectAccessRequest) -> None:
        """Create an empty direct access index, whose rows callers write themselves.

        Raises:
            InvalidParameterValue: a bad length of vectors, a bad type, or a schema without key or
                vector. BadRequest: the endpoint is stopped.
            NotFound: no such endpoint or serving endpoint. ResourceConflict: the name is taken.
        """
        kind = self._endpoint_type(request)
        check_length(kind, request.dimension, request.faiss_factory)
        check_direct_schema(request.schema, request.primary_key, request.vector_column)
        if request.model_endpoint is not None:
            check_query_model(self._serving, request.model_endpoint, request.dimension)
        spec = _direct_access_spec(request, kind, self._storage(request.vector_storage))
        self._add(spec, first_version(spec))

    def _storage(self, asked: str | None) -> VectorStorage:
        """The numbers that vectors are stored as: as asked for, else as the workspace is set."""
        return check_vector_storage(asked or self._settings.vector_storage)

    def _length_of_own(self, request: IndexRequest) -> int:
        """Length of the table's vectors: as given, else that of the first; 0 where it brings none."""
        column = request.vector_column
        if column is None:
            return 0
        if request.dimension is not None:
            return request.dimension
        source = self._tables.get(table_name(request.source_table))
        if column in source.schema.names:
            for batch in source.batches([column], rows=64):
                for value in batch.column(0):
                    if value.is_valid:
                        return check_dimension(len(value))
        raise BadRequest(
            f"Table {source.name} has no vector in a column {column!r} to read the dimension from. "
            f"Columns: {', '.join(source.schema.names)}."
        )

    def _endpoint_type(self, request: IndexRequest | DirectAccessRequest) -> EndpointType:
        """The type of the endpoint of a new index; the endpoint is made where that was asked for."""
        if request.create_endpoint and not self._endpoints.exists(request.endpoint):
            self._endpoints.create(request.endpoint)
        self._endpoints.states.refuse_stopped(request.endpoint)
        return self._endpoints.type_of(request.endpoint)

    def _add(self, spec: IndexSpec, first_version: Mapping[str, Any] | None = None) -> None:
        """Write the files of a new index."""
        with self._layout.writing(f"index-{spec.name}"):
            self._refuse_taken(spec.name)
            with self._layout.writing(f"spec-{spec.name}"):  # an orphan's, as in a deletion
                remove_twice(spec_file(self._layout, spec.name))
            # What is left of an orphan; what a crash left of a deleted index of this name.
            shutil.rmtree(self._layout.index_dir(spec.name), ignore_errors=True)
            with self._layout.writing("endpoints"):  # which might be deleted just now
                self._endpoints.type_of(spec.endpoint_name)
                write_spec(self._layout, spec)
            if first_version is not None:
                until = self._passages.begin(spec, first=True)
                ready = {} if until is None else {"visible_at": until}
                self._registry.open(spec.name)[1].publish([], {**first_version, **ready})

    def _refuse_taken(self, name: str) -> None:
        taken = f"Vector search index with name {name} already exists"
        try:
            if read_spec(self._layout, name).orphan_of is not None:
                return
        except FileNotFoundError:
            return
        except UNREADABLE as error:
            raise ResourceConflict(f"{taken}. {error.message}") from None
        raise ResourceConflict(taken)


def _delta_sync_spec(
    request: IndexRequest,
    endpoint_type: EndpointType,
    dimension: int,
    vector_storage: VectorStorage,
    columns: list[str],
    writeback_table: str | None,
) -> IndexSpec:
    """The specification of a new index over a table.

    Args:
        dimension: length of the vectors; 0 without vectors.
        columns: those that rows bring.
    """
    return IndexSpec(
        name=request.name,
        endpoint_name=request.endpoint,
        endpoint_type=endpoint_type,
        primary_key=request.primary_key,
        source_table=str(table_name(request.source_table)),
        vector_column=request.vector_column or computed_column(request.source_column),
        dimension=dimension,
        source_column=request.source_column,
        model_endpoint=request.model_endpoint,
        query_model_endpoint=request.query_model_endpoint,
        writeback_table=writeback_table,
        pipeline_type=request.pipeline,
        index_subtype=request.subtype,
        usage_policy_id=request.usage_policy_id,
        payload_logging_enabled=request.payload_logging_enabled,
        **_birth(),
        columns=tuple(columns),
        columns_to_sync=tuple(request.columns_to_sync) if request.columns_to_sync else None,
        faiss_factory=request.faiss_factory,
        vector_storage=vector_storage,
    )


def _direct_access_spec(
    request: DirectAccessRequest, endpoint_type: EndpointType, vector_storage: VectorStorage
) -> IndexSpec:
    """The specification of a new index whose rows callers write."""
    return IndexSpec(
        name=request.name,
        endpoint_name=request.endpoint,
        endpoint_type=endpoint_type,
        primary_key=request.primary_key,
        source_table=None,
        vector_column=request.vector_column,
        dimension=request.dimension,
        model_endpoint=request.model_endpoint,
        pipeline_type=None,
        payload_logging_enabled=request.payload_logging_enabled,
        **_birth(),
        columns=tuple(request.schema),
        schema=dict(request.schema),
        faiss_factory=request.faiss_factory,
        vector_storage=vector_storage,
    )


def _birth() -> dict[str, Any]:
    """What differs between two indexes of the same request."""
    return {"id": str(uuid.uuid4()), "creator": user_name(), "created_at": now_ms()}
