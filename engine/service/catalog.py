"""Indexes: create, describe, list, delete. Knows their life cycle; not queries.

Truth: the Vector Search API's replies and refusals. Here an index is synced as soon as the call that
made it returns.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.core import names
from engine.core.schema import EndpointType, IndexSpec, check_pipeline_type
from engine.errors import (
    InvalidParameterValue,
    NotFound,
    ResourceConflict,
)
from engine.service.descriptions import describe, summary
from engine.service.direct import first_version
from engine.service.endpoints import Endpoints, now_ms, stopped_message, user_name
from engine.service.index_checks import (
    check_direct_schema,
    check_embedding,
    check_length,
    check_source,
    check_subtype,
)
from engine.service.managed import (
    check_query_model,
    check_writeback,
    computed_column,
    computed_dimension,
)
from engine.service.serving import ServingEndpoints
from engine.service.sync_failures import failure_of
from engine.store.layout import Layout, read_json, write_json
from engine.store.tables import TableStore
from engine.store.versions import Version, VersionStore


class Catalog:
    """The indexes of a workspace, and its endpoints."""

    def __init__(self, layout: Layout, tables: TableStore, serving: ServingEndpoints) -> None:
        self._layout = layout
        self._tables = tables
        self._serving = serving
        self.endpoints = Endpoints(
            layout, lambda name: [s.name for s in self.specs() if s.endpoint_name == name]
        )
        self._specs: dict[str, tuple[tuple[int, int], str, IndexSpec, VersionStore]] = {}

    # ------------------------------------------------------------------ indexes
    def create_index(
        self,
        name: str,
        *,
        endpoint: str,
        primary_key: str,
        source_table: str,
        vector_column: str | None = None,
        dimension: int | None = None,
        source_column: str | None = None,
        model_endpoint: str | None = None,
        query_model_endpoint: str | None = None,
        sync_computed_embeddings: bool = False,
        pipeline_type: str = "TRIGGERED",
        columns_to_sync: Sequence[str] | None = None,
        index_subtype: str | None = None,
        usage_policy_id: str | None = None,
        payload_logging_enabled: bool | None = None,
        faiss_factory: str | None = None,
    ) -> IndexSpec:
        """Create a delta sync index over a table; its rows come with the first sync.

        For the arguments see `Indexes.create_index`, which also does that sync.

        Raises:
            InvalidParameterValue: a bad value, or arguments that don't go together.
            BadRequest: `columns_to_sync` names columns that the table lacks.
            NotFound: no such endpoint, table or serving endpoint.
            ResourceConflict: the index's name is taken, or that of its write-back table.
        """
        names.index_name(name)
        pipeline = check_pipeline_type(pipeline_type)
        kind: EndpointType = self.endpoints.get(endpoint)["endpoint_type"]
        embeds = vector_column is not None or source_column is not None
        subtype = check_subtype(index_subtype, kind, embeds, pipeline)
        check_embedding(
            vector_column,
            source_column,
            model_endpoint,
            query_model_endpoint,
            sync_computed_embeddings,
        )
        if model_endpoint is not None:
            dimension = computed_dimension(self._serving, model_endpoint, query_model_endpoint)
        length = check_length(kind, dimension, faiss_factory, embeds)
        table = names.table_name(source_table)
        schema = self._tables.get(table).schema
        columns = check_source(
            schema, source_table, primary_key, vector_column, source_column, columns_to_sync
        )
        writeback = check_writeback(self._tables, name) if sync_computed_embeddings else None
        spec = IndexSpec(
            name=name,
            endpoint_name=endpoint,
            endpoint_type=kind,
            primary_key=primary_key,
            source_table=str(table),
            vector_column=vector_column or computed_column(source_column),
            dimension=length,
            source_column=source_column,
            model_endpoint=model_endpoint,
            query_model_endpoint=query_model_endpoint,
            writeback_table=writeback,
            pipeline_type=pipeline,
            index_subtype=subtype,
            usage_policy_id=usage_policy_id,
            payload_logging_enabled=payload_logging_enabled,
            **_birth(),
            columns=tuple(columns),
            columns_to_sync=tuple(columns_to_sync) if columns_to_sync else None,
            faiss_factory=faiss_factory,
        )
        self._add(spec)
        return spec

    def create_direct_access_index(
        self,
        name: str,
        *,
        endpoint: str,
        primary_key: str,
        dimension: int,
        vector_column: str,
        schema: Mapping[str, str],
        model_endpoint: str | None = None,
        payload_logging_enabled: bool | None = None,
        faiss_factory: str | None = None,
    ) -> IndexSpec:
        """Create an empty direct access index, whose rows callers write themselves.

        Args:
            schema: type of each column in the API's words, the key and the vector among them.
            model_endpoint: serving endpoint that encodes the texts of queries; rows bring their
                vectors all the same.

        Raises:
            InvalidParameterValue: a bad name, dimension, type, or a schema without key or vector.
            NotFound: no such endpoint or serving endpoint. ResourceConflict: the name is taken.
        """
        names.index_name(name)
        kind: EndpointType = self.endpoints.get(endpoint)["endpoint_type"]
        check_length(kind, dimension, faiss_factory)
        check_direct_schema(schema, primary_key, vector_column)
        if model_endpoint is not None:
            check_query_model(self._serving, model_endpoint, dimension)
        spec = IndexSpec(
            name=name,
            endpoint_name=endpoint,
            endpoint_type=kind,
            primary_key=primary_key,
            source_table=None,
            vector_column=vector_column,
            dimension=dimension,
            model_endpoint=model_endpoint,
            pipeline_type=None,
            payload_logging_enabled=payload_logging_enabled,
            **_birth(),
            columns=tuple(schema),
            schema=dict(schema),
            faiss_factory=faiss_factory,
        )
        versions = self._add(spec)
        with self._layout.writing(f"index-{name}"):
            versions.publish([], first_version(spec))
        return spec

    def update_index(
        self,
        name: str,
        *,
        usage_policy_id: str | None = None,
        payload_logging_enabled: bool | None = None,
    ) -> IndexSpec:
        """Change what can change of an index; None leaves as it is.

        Raises:
            NotFound: no such index.
            InvalidParameterValue: a usage policy for a direct access index.
        """
        self.open(name)
        # Not the index's own lock, which a long sync holds.
        with self._layout.writing(f"spec-{name}"):
            spec, _ = self.open(name)
            if usage_policy_id is not None:
                if spec.is_direct_access:
                    raise InvalidParameterValue(
                        "Usage policy is not supported for direct access index"
                    )
                spec = replace(spec, usage_policy_id=usage_policy_id)
            if payload_logging_enabled is not None:
                spec = replace(spec, payload_logging_enabled=payload_logging_enabled)
            write_json(self._layout.index_dir(name) / "index.json", spec.to_dict())
        return spec

    def _add(self, spec: IndexSpec) -> VersionStore:
        with self._layout.writing(f"index-{spec.name}"):
            file = self._layout.index_dir(spec.name) / "index.json"
            if file.exists():
                raise ResourceConflict(f"Vector search index with name {spec.name} already exists")
            # What a crash left of a deleted index of this name.
            shutil.rmtree(file.parent, ignore_errors=True)
            write_json(file, spec.to_dict())
        return self.open(spec.name)[1]

    def open(self, name: str, endpoint: str | None = None) -> tuple[IndexSpec, VersionStore]:
        """The specification and the versions of an index.

        Raises:
            NotFound: no index of this name, or not on this endpoint.
        """
        try:
            cached = self._specs.get(name)
            if cached is None or cached[0] != _stamp(cached[1]):
                file = self._layout.index_dir(str(names.index_name(name))) / "index.json"
                stamp = _stamp(str(file))
                spec = IndexSpec.from_dict(read_json(file))
                cached = (stamp, str(file), spec, VersionStore(self._layout, spec))
                self._specs[name] = cached
        except (FileNotFoundError, InvalidParameterValue):
            raise NotFound(f"Vector search index {name} not found") from None
        spec, versions = cached[2:]
        if endpoint is not None and spec.endpoint_name != endpoint:
            raise NotFound(f"Vector search index {name} not found on endpoint {endpoint}")
        return spec, versions

    def settled(self, name: str) -> tuple[IndexSpec, VersionStore, Version] | None:
        """An index with its published version, if nothing has changed since the last look."""
        cached = self._specs.get(name)
        if cached is None or cached[2].pipeline_type == "CONTINUOUS":
            return None
        version = cached[3].settled()
        return (cached[2], cached[3], version) if version is not None else None

    def specs(self) -> list[IndexSpec]:
        """Specifications of all indexes, by name."""
        found = sorted(self._layout.indexes_dir.glob("*/index.json"))
        return [self.open(file.parent.name)[0] for file in found]

    def get_index(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """An index as the API shows it.

        Raises:
            NotFound: no such index.
        """
        spec, versions = self.open(name, endpoint)
        endpoint_type = self.endpoints.get(spec.endpoint_name)["endpoint_type"]
        failure = failure_of(self._layout, name)
        described = describe(spec, versions.current(), endpoint_type, failure)
        if self.endpoints.is_stopped(spec.endpoint_name):
            message = stopped_message(spec.endpoint_name)
            described["status"] |= {"ready": False, "detailed_state": "OFFLINE", "message": message}
        return described

    def list_indexes(self, endpoint: str) -> list[dict[str, Any]]:
        """The indexes of an endpoint, without status, by name.

        Raises:
            NotFound: no such endpoint.
        """
        self.endpoints.get(endpoint)
        return [summary(spec) for spec in self.specs() if spec.endpoint_name == endpoint]

    def delete_index(self, name: str, endpoint: str | None = None) -> None:
        """Delete an index and its files at once; running queries finish on what they hold.

        Raises:
            NotFound: no such index.
        """
        self.open(name, endpoint)
        with self._layout.writing(f"index-{name}"):
            folder = self._layout.index_dir(name)
            # First the file that makes it an index: a crash after that leaves only garbage.
            with self._layout.writing(f"spec-{name}"):
                (folder / "index.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
        self._specs.pop(name, None)


def _birth() -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "creator": user_name(), "created_at": now_ms()}


def _stamp(file: str) -> tuple[int, int]:
    """What tells one file of a name from another that replaced it."""
    found = os.stat(file)  # noqa: PTH116  (a third of what Path.stat takes)
    return found.st_mtime_ns, found.st_ino
