"""Indexes: create, describe, list, delete. Knows their life cycle; not queries.

Truth: the Vector Search API's replies and refusals. Here an index is synced as soon as the call that
made it returns.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.core import names
from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.core.schema import EndpointType, IndexSpec, check_pipeline_type
from engine.errors import (
    CorruptFile,
    InvalidParameterValue,
    NewerRelease,
    NotFound,
    ResourceConflict,
    StorageFailed,
    VitrineError,
)
from engine.service.indexes.checks import (
    check_direct_schema,
    check_embedding,
    check_length,
    check_source,
    check_subtype,
    computed_column,
)
from engine.service.indexes.descriptions import Unreadable, describe, summary, unreadable_status
from engine.service.indexes.direct_access import first_version
from engine.service.indexes.endpoints import Endpoints, now_ms, stopped_message, user_name
from engine.service.near_names import hint
from engine.service.serving.endpoint_models import check_query_model, computed_dimension
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sync.failures import failure_of
from engine.service.sync.writeback import check_writeback
from engine.store.indexes.specs import (
    copied_spec,
    endpoint_of_damaged,
    read_spec,
    spec_file,
    write_spec,
)
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout, remove_twice, storage_failed
from engine.store.tables.table_store import TableStore

# Why what lies in a file can't be known: one thing's trouble, not its neighbours'.
UNREADABLE = (CorruptFile, NewerRelease, StorageFailed)


class IndexRegistry:
    """The indexes of a workspace, and its endpoints."""

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        serving: ServingEndpoints,
        whereabouts: Callable[[], str],
    ) -> None:
        """
        Args:
            whereabouts: what to say of the workspace where something is not found in it.
        """
        self._layout = layout
        self._whereabouts = whereabouts
        self._tables = tables
        self._serving = serving
        self.endpoints = Endpoints(
            layout,
            lambda name: [i for i in self.found() if i.endpoint_name == name],
            whereabouts,
        )
        self._specs: dict[str, tuple[tuple[int, int] | None, str, IndexSpec, VersionStore]] = {}

    # ------------------------------------------------------------------ indexes
    def create_index(self, request: IndexRequest) -> IndexSpec:
        """Create a delta sync index over a table; its rows come with the first sync.

        Raises:
            InvalidParameterValue: a bad value, or arguments that don't go together.
            BadRequest: `columns_to_sync` names columns that the table lacks.
            NotFound: no such endpoint, table or serving endpoint.
            ResourceConflict: the index's name is taken, or that of its write-back table.
        """
        names.index_name(request.name)
        pipeline = check_pipeline_type(request.pipeline_type)
        kind: EndpointType = self.endpoints.type_of(request.endpoint)
        embeds = request.vector_column is not None or request.source_column is not None
        subtype = check_subtype(request.index_subtype, kind, embeds, pipeline)
        check_embedding(request)
        dimension = request.dimension
        if request.model_endpoint is not None:
            dimension = computed_dimension(
                self._serving, request.model_endpoint, request.query_model_endpoint
            )
        length = check_length(kind, dimension, request.faiss_factory, embeds)
        table = names.table_name(request.source_table)
        columns = check_source(self._tables.get(table).schema, request)
        writes_back = request.sync_computed_embeddings
        spec = IndexSpec(
            name=request.name,
            endpoint_name=request.endpoint,
            endpoint_type=kind,
            primary_key=request.primary_key,
            source_table=str(table),
            vector_column=request.vector_column or computed_column(request.source_column),
            dimension=length,
            source_column=request.source_column,
            model_endpoint=request.model_endpoint,
            query_model_endpoint=request.query_model_endpoint,
            writeback_table=check_writeback(self._tables, request.name) if writes_back else None,
            pipeline_type=pipeline,
            index_subtype=subtype,
            usage_policy_id=request.usage_policy_id,
            payload_logging_enabled=request.payload_logging_enabled,
            **_birth(),
            columns=tuple(columns),
            columns_to_sync=tuple(request.columns_to_sync) if request.columns_to_sync else None,
            faiss_factory=request.faiss_factory,
        )
        self._add(spec)
        return spec

    def create_direct_access_index(self, request: DirectAccessRequest) -> IndexSpec:
        """Create an empty direct access index, whose rows callers write themselves.

        Raises:
            InvalidParameterValue: a bad name, dimension, type, or a schema without key or vector.
            NotFound: no such endpoint or serving endpoint. ResourceConflict: the name is taken.
        """
        names.index_name(request.name)
        kind: EndpointType = self.endpoints.type_of(request.endpoint)
        check_length(kind, request.dimension, request.faiss_factory)
        check_direct_schema(request.schema, request.primary_key, request.vector_column)
        if request.model_endpoint is not None:
            check_query_model(self._serving, request.model_endpoint, request.dimension)
        spec = IndexSpec(
            name=request.name,
            endpoint_name=request.endpoint,
            endpoint_type=kind,
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
        )
        self._add(spec, first_version(spec))
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
            write_spec(self._layout, spec)
        return spec

    def _add(self, spec: IndexSpec, first_version: Mapping[str, Any] | None = None) -> None:
        with self._layout.writing(f"index-{spec.name}"):
            self._refuse_taken(spec.name)
            # What a crash left of a deleted index of this name.
            shutil.rmtree(self._layout.index_dir(spec.name), ignore_errors=True)
            with self._layout.writing("endpoints"):  # which might be deleted just now
                self.endpoints.type_of(spec.endpoint_name)
                write_spec(self._layout, spec)
            if first_version is not None:
                self.open(spec.name)[1].publish([], first_version)

    def _refuse_taken(self, name: str) -> None:
        taken = f"Vector search index with name {name} already exists"
        try:
            read_spec(self._layout, name)
        except FileNotFoundError:
            return
        except UNREADABLE as error:
            raise ResourceConflict(f"{taken}. {error.message}") from None
        raise ResourceConflict(taken)

    # ------------------------------------------------------------------ what there is
    def open(self, name: str, endpoint: str | None = None) -> tuple[IndexSpec, VersionStore]:
        """The specification and the versions of an index.

        Raises:
            NotFound: no index of this name, or not on this endpoint.
            CorruptFile, NewerRelease, StorageFailed: its description can't be read.
        """
        opened = self._opened(name)
        if opened is None:
            error = NotFound(f"Vector search index {name} not found")
            error.hint = hint("indexes", name, self.names(), self._whereabouts())
            raise error
        spec, versions = opened
        if endpoint is not None and spec.endpoint_name != endpoint:
            raise NotFound(f"Vector search index {name} not found on endpoint {endpoint}")
        return spec, versions

    def _opened(self, name: str) -> tuple[IndexSpec, VersionStore] | None:
        """See `open`; None where there is no such index."""
        try:
            cached = self._specs.get(name)
            if cached is None or cached[0] != _stamp(cached[1]):
                file = str(spec_file(self._layout, str(names.index_name(name))))
                stamp = _stamp(file)
                spec = read_spec(self._layout, name)
                cached = (stamp, file, spec, VersionStore(self._layout, spec))
                self._specs[name] = cached
        except (FileNotFoundError, NotADirectoryError, InvalidParameterValue):
            return None
        except OSError as error:
            raise storage_failed(f"index {name} was not read", error) from error
        return cached[2:]

    def settled(self, name: str) -> tuple[IndexSpec, VersionStore, Version] | None:
        """An index with its published version, if nothing has changed since the last look."""
        cached = self._specs.get(name)
        if cached is None or cached[2].pipeline_type == "CONTINUOUS":
            return None
        version = cached[3].settled()
        return (cached[2], cached[3], version) if version is not None else None

    def exists(self, name: str) -> bool:
        """Whether there is an index of this name, damaged ones too."""
        try:
            return self._opened(name) is not None
        except UNREADABLE:
            return True

    def names(self) -> list[str]:
        """Names of all indexes, damaged ones too, sorted."""
        return [index.name for index in self.found()]

    def found(self) -> list[IndexSpec | Unreadable]:
        """All indexes by name, each by its specification, or by why that can't be read.

        Those that are made or deleted meanwhile may be among them or not.
        """
        try:
            folders = os.listdir(self._layout.indexes_dir)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_failed("the folder of indexes was not read", error) from error
        found: list[IndexSpec | Unreadable] = []
        for name in sorted(folders):
            try:
                opened = self._opened(name)
                found += (
                    opened[:1] if opened is not None else ()
                )  # deleted just now, or none at all
            except UNREADABLE as error:
                found.append(self._unreadable(name, error))
        return found

    def _unreadable(self, name: str, error: VitrineError) -> Unreadable:
        return Unreadable(name, endpoint_of_damaged(self._layout, name), error.message)

    def get_index(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """An index as the API shows it; of one that can't be read, why.

        Raises:
            NotFound: no such index.
        """
        try:
            spec, versions = self.open(name, endpoint)
        except UNREADABLE as error:
            unreadable = self._unreadable(name, error)
            _check_endpoint(unreadable, endpoint)
            return summary(unreadable)
        with contextlib.suppress(*UNREADABLE):
            kind = self.endpoints.type_of(spec.endpoint_name)
            spec = replace(spec, endpoint_type=kind)
        try:
            described = describe(spec, versions.current(), failure_of(self._layout, name))
        except UNREADABLE as error:
            described = describe(spec, None, None)
            described["status"] = unreadable_status(error.message)
        if self.endpoints.is_stopped(spec.endpoint_name):
            message = stopped_message(spec.endpoint_name)
            described["status"] |= {"ready": False, "detailed_state": "OFFLINE", "message": message}
        return described

    def list_indexes(self, endpoint: str | None) -> list[dict[str, Any]]:
        """The indexes of an endpoint (None: of all), by name, without status.

        One that can't be read has a status, which says why. Where it is not known whose it is, it is
        in each endpoint's list.

        Raises:
            NotFound: no such endpoint.
        """
        if endpoint is None:
            return [summary(index) for index in self.found()]
        self.endpoints.get(endpoint)
        return [summary(i) for i in self.found() if i.endpoint_name in (endpoint, None)]

    # ------------------------------------------------------------------ restore and delete
    def copied(self, name: str) -> VersionStore | None:
        """The versions of an index with a damaged description, by the copy of that; None for no copy."""
        spec = copied_spec(self._layout, name)
        return VersionStore(self._layout, spec) if spec is not None else None

    def restore_spec(self, name: str) -> bool:
        """Write a damaged description of an index again, from its copy; whether that was needed.

        Raises:
            NotFound: no such index. CorruptFile: there is no whole copy. NewerRelease.
        """
        try:
            self.open(name)
            return False
        except CorruptFile as error:
            spec = copied_spec(self._layout, name)
            if spec is None:
                raise CorruptFile(
                    f"{error.message} (It can't be restored: there is no whole copy of it.)"
                ) from None
        with (
            self._layout.writing(f"index-{name}"),
            self._layout.writing(f"spec-{name}"),
            contextlib.suppress(FileNotFoundError),  # deleted meanwhile
        ):
            try:
                read_spec(self._layout, name)
            except CorruptFile:
                write_spec(self._layout, copied_spec(self._layout, name) or spec)
        return True

    def delete_index(self, name: str, endpoint: str | None = None) -> None:
        """Delete an index and its files at once; running queries finish on what they hold.

        Raises:
            NotFound: no such index. NewerRelease: another release made it, which must delete it.
        """
        try:
            lock = self.open(name, endpoint)[1].writing()
        except (CorruptFile, StorageFailed) as error:
            _check_endpoint(self._unreadable(name, error), endpoint)
            lock = self._layout.writing(f"index-{name}")
        with lock:
            # First the file that makes it an index: a crash after that leaves only garbage.
            with self._layout.writing(f"spec-{name}"):
                remove_twice(spec_file(self._layout, name))
            shutil.rmtree(self._layout.index_dir(name), ignore_errors=True)
        self._specs.pop(name, None)


def _check_endpoint(index: Unreadable, endpoint: str | None) -> None:
    if endpoint is not None and index.endpoint_name not in (endpoint, None):
        raise NotFound(f"Vector search index {index.name} not found on endpoint {endpoint}")


def _birth() -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "creator": user_name(), "created_at": now_ms()}


def _stamp(file: str) -> tuple[int, int] | None:
    """What tells one file of a name from another that replaced it; None for no file."""
    try:
        found = os.stat(file)  # noqa: PTH116  (a third of what Path.stat takes)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_mtime_ns, found.st_ino
