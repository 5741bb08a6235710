"""Endpoints and indexes: create, describe, list, delete. Knows their life cycle; not queries.

Truth: the Vector Search API's replies and refusals. Here an endpoint is online and an index is synced
as soon as the call that made it returns.
"""

from __future__ import annotations

import getpass
import os
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from engine.core import names
from engine.core.schema import IndexSpec, check_dimension, check_pipeline_type
from engine.errors import (
    InvalidParameterValue,
    InvalidState,
    NotFound,
    NotSupported,
    ResourceConflict,
)
from engine.service.direct import first_version, schema_json
from engine.service.index_checks import check_direct_schema, check_source
from engine.store.ann import check_factory
from engine.store.layout import Layout, read_json, write_json
from engine.store.tables import TableStore
from engine.store.versions import Version, VersionStore

ENDPOINT_TYPES = ("STANDARD", "STORAGE_OPTIMIZED")


class Catalog:
    """The endpoints and indexes of a workspace."""

    def __init__(self, layout: Layout, tables: TableStore) -> None:
        self._layout = layout
        self._tables = tables
        self._specs: dict[str, tuple[tuple[int, int], str, IndexSpec, VersionStore]] = {}

    # ------------------------------------------------------------------ endpoints
    def create_endpoint(self, name: str, endpoint_type: str = "STANDARD") -> dict[str, Any]:
        """Create an endpoint; the reply says PROVISIONING, the next look ONLINE.

        Raises:
            InvalidParameterValue: a bad name or type. ResourceConflict: the name is taken.
        """
        names.endpoint_name(name)
        if endpoint_type not in ENDPOINT_TYPES:
            raise InvalidParameterValue(
                f"endpoint_type is {endpoint_type!r}; expected {' or '.join(ENDPOINT_TYPES)}."
            )
        with self._layout.writing("endpoints"):
            if self._endpoint_file(name).exists():
                raise ResourceConflict(f"Vector search endpoint with name {name} already exists")
            now, user = _now_ms(), _user()
            facts = {
                "name": name,
                "id": str(uuid.uuid4()),
                "endpoint_type": endpoint_type,
                "creator": user,
                "creation_timestamp": now,
                "last_updated_user": user,
                "last_updated_timestamp": now,
            }
            write_json(self._endpoint_file(name), facts)
        return {**facts, "endpoint_status": {"state": "PROVISIONING"}, "num_indexes": 0}

    def get_endpoint(self, name: str) -> dict[str, Any]:
        """An endpoint as the API shows it.

        Raises:
            NotFound: there is none of this name.
        """
        try:
            facts = read_json(self._endpoint_file(names.endpoint_name(name)))
        except (FileNotFoundError, InvalidParameterValue):
            raise NotFound(f"Vector search endpoint {name} not found") from None
        indexes = sum(spec.endpoint_name == name for spec in self.specs())
        return {**facts, "endpoint_status": {"state": "ONLINE"}, "num_indexes": indexes}

    def list_endpoints(self) -> list[dict[str, Any]]:
        """All endpoints, by name."""
        found = sorted(self._layout.endpoints_dir.glob("*.json"))
        return [self.get_endpoint(file.stem) for file in found]

    def delete_endpoint(self, name: str) -> None:
        """Delete an endpoint that has no indexes.

        Raises:
            NotFound: there is none. InvalidState: it still has indexes.
        """
        self.get_endpoint(name)
        living = [spec.name for spec in self.specs() if spec.endpoint_name == name]
        if living:
            raise InvalidState(
                f"Endpoint {name} still has indexes: {', '.join(living)}. Delete them first."
            )
        with self._layout.writing("endpoints"):
            self._endpoint_file(name).unlink(missing_ok=True)

    def _endpoint_file(self, name: str) -> Path:
        return self._layout.endpoints_dir / f"{name}.json"

    # ------------------------------------------------------------------ indexes
    def create_index(
        self,
        name: str,
        *,
        endpoint: str,
        primary_key: str,
        source_table: str,
        vector_column: str,
        dimension: int,
        pipeline_type: str = "TRIGGERED",
        columns_to_sync: Sequence[str] | None = None,
        faiss_factory: str | None = None,
    ) -> IndexSpec:
        """Create a delta sync index over a table with vectors; its rows come with the first sync.

        Args:
            faiss_factory: the approximate index to build, such as "HNSW32"; None for the engine's.

        Raises:
            InvalidParameterValue: a bad name, dimension, pipeline type, key or vector column.
            BadRequest: `columns_to_sync` names columns that the table lacks.
            NotFound: no such endpoint or table. ResourceConflict: the name is taken.
        """
        names.index_name(name)
        pipeline = check_pipeline_type(pipeline_type)
        check_dimension(dimension)
        kind = self.get_endpoint(endpoint)["endpoint_type"]
        if kind == "STORAGE_OPTIMIZED" and pipeline == "CONTINUOUS":
            raise InvalidParameterValue(
                "Storage-optimized endpoints do not support CONTINUOUS indexes; use TRIGGERED."
            )
        if faiss_factory is not None:
            check_factory(faiss_factory, dimension)
        schema = self._tables.get(names.table_name(source_table)).schema
        columns = check_source(schema, source_table, primary_key, vector_column, columns_to_sync)
        spec = IndexSpec(
            name=name,
            id=str(uuid.uuid4()),
            endpoint_name=endpoint,
            primary_key=primary_key,
            source_table=str(names.table_name(source_table)),
            vector_column=vector_column,
            dimension=dimension,
            pipeline_type=pipeline,
            creator=_user(),
            created_at=_now_ms(),
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
        faiss_factory: str | None = None,
    ) -> IndexSpec:
        """Create an empty direct access index, whose rows callers write themselves.

        Args:
            schema: type of each column in the API's words, the key and the vector among them.

        Raises:
            InvalidParameterValue: a bad name, dimension, type, or a schema without key or vector.
            NotFound: no such endpoint. ResourceConflict: the name is taken.
        """
        names.index_name(name)
        check_dimension(dimension)
        self.get_endpoint(endpoint)
        if faiss_factory is not None:
            check_factory(faiss_factory, dimension)
        check_direct_schema(schema, primary_key, vector_column)
        spec = IndexSpec(
            name=name,
            id=str(uuid.uuid4()),
            endpoint_name=endpoint,
            primary_key=primary_key,
            source_table=None,
            vector_column=vector_column,
            dimension=dimension,
            pipeline_type=None,
            creator=_user(),
            created_at=_now_ms(),
            columns=tuple(schema),
            schema=dict(schema),
            faiss_factory=faiss_factory,
        )
        versions = self._add(spec)
        with self._layout.writing(f"index-{name}"):
            versions.publish([], first_version(spec))
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
        version = versions.current()
        endpoint_type = self.get_endpoint(spec.endpoint_name)["endpoint_type"]
        rows = version.rows if version else 0
        status: dict[str, Any] = {
            "ready": version is not None,
            "detailed_state": _online(spec) if version else "PROVISIONING_INDEX",
            "message": (
                "Index creation succeeded." if version else "Delta sync Index creation is pending."
            ),
            "indexed_row_count": rows,
            "num_indexed_rows": rows,
        }
        described = {**_mini(spec), "id": spec.id, "endpoint_type": endpoint_type}
        vectors = [{"name": spec.vector_column, "embedding_dimension": spec.dimension}]
        if spec.schema is not None:
            described["direct_access_index_spec"] = {
                "embedding_vector_columns": vectors,
                "schema_json": schema_json(spec.schema),
            }
            return {**described, "status": status}
        if version:
            status["triggered_update_status"] = {
                "last_processed_commit_version": version.number,
                "last_processed_commit_timestamp": _iso(version.facts["created_at"]),
            }
            # An addition of this engine's: what the last sync that changed something did.
            status["last_sync"] = {
                name: version.facts["report"][name]
                for name in ("inserted", "updated", "deleted", "failed", "zero_vectors", "seconds")
            }
        source: dict[str, Any] = {
            "source_table": spec.source_table,
            "pipeline_type": spec.pipeline_type,
            "pipeline_id": spec.id,
            "embedding_vector_columns": vectors,
        }
        if spec.columns_to_sync is not None:
            source["columns_to_sync"] = list(spec.columns_to_sync)
        return {**described, "delta_sync_index_spec": source, "status": status}

    def list_indexes(self, endpoint: str) -> list[dict[str, Any]]:
        """The indexes of an endpoint, without status, by name.

        Raises:
            NotFound: no such endpoint.
        """
        self.get_endpoint(endpoint)
        return [_mini(spec) for spec in self.specs() if spec.endpoint_name == endpoint]

    def delete_index(self, name: str, endpoint: str | None = None) -> None:
        """Delete an index and its files at once; running queries finish on what they hold.

        Raises:
            NotFound: no such index.
        """
        self.open(name, endpoint)
        with self._layout.writing(f"index-{name}"):
            folder = self._layout.index_dir(name)
            # First the file that makes it an index: a crash after that leaves only garbage.
            (folder / "index.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
        self._specs.pop(name, None)


def _online(spec: IndexSpec) -> str:
    if spec.is_direct_access:
        return "ONLINE_DIRECT_ACCESS"
    continuous = spec.pipeline_type == "CONTINUOUS"
    return "ONLINE_CONTINUOUS_UPDATE" if continuous else "ONLINE_NO_PENDING_UPDATE"


def _stamp(file: str) -> tuple[int, int]:
    """What tells one file of a name from another that replaced it."""
    found = os.stat(file)  # noqa: PTH116  (a third of what Path.stat takes)
    return found.st_mtime_ns, found.st_ino


def _mini(spec: IndexSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "endpoint_name": spec.endpoint_name,
        "primary_key": spec.primary_key,
        "index_type": "DIRECT_ACCESS" if spec.is_direct_access else "DELTA_SYNC",
        "index_subtype": spec.index_subtype,
        "creator": spec.creator,
    }


def refuse_unsupported(call: str, **arguments: object) -> None:
    """Refuse, by name, arguments of the API that are not offered yet.

    Raises:
        NotSupported: some argument was given.
    """
    given = [name for name, value in arguments.items() if value not in (None, False, [], "")]
    if given:
        raise NotSupported(f"{call}: {', '.join(given)} is not supported yet; leave it out.")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no login name in some containers
        return "unknown"
