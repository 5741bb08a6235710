"""What a workspace holds, written into the folder of an export, thing by thing.

One that can't be is told with its reason, and the others are written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.core.names import ThreePartName
from engine.core.schema import IndexSpec
from engine.errors import MissingExtra, VitrineError
from engine.progress import tracked
from engine.service.catalogs.columns import index_fields
from engine.service.cloud_export.described import (
    described_endpoint,
    described_index,
    described_table,
    serving_endpoints,
)
from engine.service.cloud_export.report import CloudExportReport
from engine.service.cloud_export.statements import numbered_otherwise
from engine.service.indexes.endpoints import Endpoints
from engine.service.indexes.registry import IndexRegistry, Unreadable, endpoint_gone, is_orphan
from engine.service.unity_catalog import UnityCatalog
from engine.store.indexes.versions import Version
from engine.store.securable_files import Tagged
from engine.store.tables.delta_writing import write_delta
from engine.store.tables.table_store import TableStore

TABLES, DIRECT_ACCESS = "tables", "direct_access"  # folders of an export
_BATCH = 2_000  # rows of an index that are in memory at once
# "tables", "tags", "grants", "endpoints", "indexes", "serving_endpoints", "functions"
Documents = dict[str, list[Any]]


class Contents:
    """Writes the things of a workspace. Safe to use while others write to the workspace."""

    def __init__(
        self,
        tables: TableStore,
        unity_catalog: UnityCatalog,
        registry: IndexRegistry,
        endpoints: Endpoints,
    ) -> None:
        self._tables, self._unity = tables, unity_catalog
        self._registry, self._endpoints = registry, endpoints

    def write(self, folder: Path, report: CloudExportReport) -> Documents:
        """Write all rows below a folder that is there; returns what the manifest says of them.

        Raises:
            MissingExtra: the package deltalake is not installed. OSError: the system refused to write.
        """
        found = self._registry.found()
        specs = [one for one in found if isinstance(one, IndexSpec) and not is_orphan(one)]
        tables = self._write_tables(folder, report, specs)
        endpoints = self._describe_endpoints(report)
        there = {one["name"] for one in tables}, {one["name"] for one in endpoints}
        indexes = []
        for index in tracked(found, total=len(found), unit="index", desc="export"):
            made = self._index(folder, report, index, *there)
            indexes += [made] if made is not None else []
        exported = {one["name"] for one in indexes}
        serving = serving_endpoints(spec for spec in specs if spec.name in exported)
        report.serving_endpoints.extend(serving)
        return {
            "tables": tables,
            "tags": self._tags(),
            "grants": self._grants([one["name"] for one in tables]),
            "endpoints": endpoints,
            "indexes": indexes,
            "serving_endpoints": serving,
            "functions": self._functions(report),
        }

    def _write_tables(
        self, folder: Path, report: CloudExportReport, specs: list[IndexSpec]
    ) -> list[dict[str, Any]]:
        for view in self._unity.views.names():
            report.add("view", str(view), "skipped", detail="a view: run its query in the cloud")
        writers = {spec.writeback_table: spec.name for spec in specs}
        names = self._tables.names()
        written = []
        for name in tracked(names, total=len(names), unit="table", desc="export"):
            if str(name) in writers:
                why = f"index {writers[str(name)]} writes it there"
                report.add("table", str(name), "skipped", detail=why)
                continue
            try:
                written.append(self._write_table(folder, name))
            except MissingExtra:
                raise
            except VitrineError as error:
                report.add("table", str(name), "failed", detail=error.message)
            else:
                told = numbered_otherwise(written[-1])
                report.add("table", str(name), "exported", written[-1]["rows"], told)
        return written

    def _write_table(self, folder: Path, name: ThreePartName) -> dict[str, Any]:
        table, known = self._tables.get(name), self._unity.tables.get(str(name))
        place = f"{TABLES}/{name}"
        rows = _write(folder / place, table.schema, table.batches())
        return described_table(known, self._unity.tags.of("tables", str(name)), place, rows)

    def _tags(self) -> list[dict[str, Any]]:
        """Catalogs and schemas that have tags; those of tables go with these."""
        catalogs, schemas = self._places()
        named: list[tuple[Tagged, str]] = [("catalogs", one) for one in catalogs]
        named += [("schemas", one) for one in schemas]
        found = [(kind, name, self._unity.tags.of(kind, name).own) for kind, name in named]
        return [
            {"kind": "CATALOG" if kind == "catalogs" else "SCHEMA", "name": name, "tags": tags}
            for kind, name, tags in found
            if tags
        ]

    def _grants(self, tables: list[str]) -> list[dict[str, Any]]:
        """What was granted to whom on catalogs, schemas and some tables."""
        catalogs, schemas = self._places()
        named = [("catalog", one) for one in catalogs] + [("schema", one) for one in schemas]
        named += [("table", one) for one in tables]
        return [
            {"kind": kind, "name": name, **one}
            for kind, name in named
            for one in self._unity.permissions.get(kind, name)["privilege_assignments"]
        ]

    def _functions(self, report: CloudExportReport) -> list[dict[str, str]]:
        """Functions with the statements that make them, those that others may call first."""
        from engine.service.sql.routines.statement import creation_of  # with sqlglot

        functions, found = self._unity.functions, []
        for shown in functions.describe(functions.all_names()):
            name = shown["full_name"]
            try:
                made = creation_of(shown, leaves=True)
            except VitrineError as error:
                report.add("function", name, "failed", detail=error.message)
                continue
            found.append((shown.get("created_at", 0), {"name": name, "statement": made}))
            report.add("function", name, "exported")
        return [one for _, one in sorted(found, key=lambda one: one[0])]

    def _places(self) -> tuple[list[str], list[str]]:
        """The names of all catalogs, and of all schemas."""
        catalogs = list(self._unity.catalogs.names())
        return catalogs, [name for one in catalogs for name in self._unity.schemas.names(one)]

    def _describe_endpoints(self, report: CloudExportReport) -> list[dict[str, Any]]:
        described = []
        for known in self._endpoints.list():
            if "id" in known:
                described.append(described_endpoint(known))
                report.add("endpoint", known["name"], "exported")
            else:  # its file can't be read
                why = known["endpoint_status"]["message"]
                report.add("endpoint", known["name"], "failed", detail=why)
        return described

    def _index(
        self,
        folder: Path,
        report: CloudExportReport,
        index: IndexSpec | Unreadable,
        tables: set[str],
        endpoints: set[str],
    ) -> dict[str, Any] | None:
        """One index as the manifest says it; None where it is left out, which the report says."""
        if isinstance(index, Unreadable):
            report.add("index", index.name, "failed", detail=index.reason)
            return None
        if is_orphan(index):
            report.add("index", index.name, "skipped", detail=endpoint_gone(index).message)
            return None
        lacks = _lacks(index, tables, endpoints)
        if lacks is not None:
            report.add("index", index.name, "failed", detail=lacks)
            return None
        if not index.is_direct_access:
            report.add("index", index.name, "exported", detail=f"follows {index.source_table}")
            return described_index(index)
        try:
            place, rows = self._write_direct(folder, index.name)
        except MissingExtra:
            raise
        except VitrineError as error:
            report.add("index", index.name, "failed", detail=error.message)
            return None
        report.add("index", index.name, "exported", rows)
        return described_index(index, place, rows)

    def _write_direct(self, folder: Path, name: str) -> tuple[str, int]:
        """The rows of a direct access index as a Delta table: where it lies, and how many."""
        spec, versions = self._registry.open(name)
        version = versions.visible()
        schema = pa.schema(index_fields(spec, version))
        place = f"{DIRECT_ACCESS}/{name}"
        batches = iter(()) if version is None else _stored_rows(spec, version, schema)
        return place, _write(folder / place, schema, batches)


def _lacks(spec: IndexSpec, tables: set[str], endpoints: set[str]) -> str | None:
    """What an index needs and the export has not; None where all is there."""
    if spec.source_table is not None and spec.source_table not in tables:
        return f"its table {spec.source_table} was not exported"
    if spec.endpoint_name not in endpoints:
        return f"its endpoint {spec.endpoint_name} was not exported"
    return None


def _write(folder: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> int:
    folder.parent.mkdir(exist_ok=True)
    try:
        return write_delta(folder, schema, batches)
    except VitrineError:  # this one's trouble: half of it is not left among the others
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _stored_rows(spec: IndexSpec, version: Version, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The live rows of a version with their vectors, in the order of its segments."""
    for part in version.parts:
        live = part.live_row_numbers()
        for start in range(0, len(live), _BATCH):
            chosen = live[start : start + _BATCH]
            rows = part.segment.metadata.read(chosen)
            vectors = part.segment.vectors.take(chosen)
            flat = pa.array(vectors.reshape(-1), pa.float32())
            lists = pa.FixedSizeListArray.from_arrays(flat, spec.dimension)
            columns = [
                lists if field.name == spec.vector_column else rows[field.name].combine_chunks()
                for field in schema
            ]
            table = pa.table(
                [column.cast(field.type) for column, field in zip(columns, schema)], schema=schema
            )
            yield from table.to_batches()
