"""SHOW and DESCRIBE: what a workspace holds, as rows. Knows the cloud's columns; not statements."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from engine.core.names import ThreePartName
from engine.core.types import result_type
from engine.errors import NotFound, NotSupported, VitrineError
from engine.service.sql.language.commands import Describe, Show
from engine.service.sql.relations import Relations
from engine.service.sql.session import Session
from engine.service.sql.shown.create_statements import create_table, create_view
from engine.service.sql.shown.described import detailed, facts_of, keys_of, one_column, pairs
from engine.service.sql.shown.details import detail, protocol
from engine.service.sql.shown.metadata import as_json, information
from engine.service.sql.shown.partitions import (
    files_of,
    laid_out,
    partition_information,
    partitions,
)
from engine.service.sql.shown.rows import rows_of, texts
from engine.service.sql.upkeep import location
from engine.service.sql.writing.schemas import Schemas
from engine.service.unity_catalog import UnityCatalog
from engine.store.tables.changing import CLUSTERING_COLUMNS, PARTITION_COLUMNS, TableChanges
from engine.store.tables.table import Table

_TIME = pa.timestamp("us", tz="UTC")
_HISTORY = pa.schema(
    [
        ("version", pa.int64()), ("timestamp", _TIME), ("userName", pa.string()),
        ("operation", pa.string()), ("operationParameters", pa.map_(pa.string(), pa.string())),
        ("operationMetrics", pa.map_(pa.string(), pa.string())),
    ]
)  # fmt: skip
# What drivers ask for: the tables of a whole catalogue.
_IN_CATALOG = (
    "namespace", "tableName", "isTemporary", "information", "catalogName", "tableType",
)  # fmt: skip


class Listings:
    """What SHOW and DESCRIBE answer."""

    def __init__(
        self,
        relations: Relations,
        changes: TableChanges,
        unity_catalog: UnityCatalog,
        schemas: Schemas,
    ) -> None:
        self._relations, self._changes = relations, changes
        self._tables, self._volumes = unity_catalog.tables, unity_catalog.volumes
        self._schemas = schemas

    # ------------------------------------------------------------------ SHOW
    def show(self, asked: Show, session: Session) -> pa.Table:
        """The rows of a SHOW. Raises NotFound for a place that isn't there."""
        if asked.kind == "CATALOGS":
            return texts(
                ["catalog"], [(n,) for n in self._schemas.catalogs() if fits(n, asked.like)]
            )
        if asked.kind == "SCHEMAS":
            return self._show_schemas(asked, session)
        if asked.kind == "COLUMNS":
            return self._show_columns(asked, session)
        if asked.kind == "TBLPROPERTIES":
            return self._show_properties(asked, session)
        if asked.kind == "CREATE TABLE":
            return texts(["createtab_stmt"], [(self._create_statement(asked.name, session),)])
        if asked.kind == "PARTITIONS":
            table = self._relations.open(session.full_name(asked.name))
            return partitions(table, self._layout(table)[PARTITION_COLUMNS], asked.partition)
        if asked.kind == "VOLUMES":
            return self._show_volumes(asked, session)
        return self._show_tables(asked, session)

    def _show_volumes(self, asked: Show, session: Session) -> pa.Table:
        catalog, schema = self._place(asked, session)
        self._schemas.check(catalog, schema)
        try:
            names = [one.rpartition(".")[2] for one in self._volumes.names(catalog, schema)]
        except NotFound:  # the default schema, in which nothing is yet
            names = []
        found = [(schema, name) for name in names if fits(name, asked.like)]
        return texts(["database", "volume_name"], found)

    def _show_properties(self, asked: Show, session: Session) -> pa.Table:
        name = session.full_name(asked.name)
        known = self._shown(name).get("properties", {})
        if asked.key is None:
            return texts(["key", "value"], sorted(known.items()))
        missing = f"Table {name} does not have property: {asked.key}"
        return texts(["key", "value"], [(asked.key, known.get(asked.key, missing))])

    def _create_statement(self, asked: tuple[str, ...], session: Session) -> str:
        """Raises NotFound; NotSupported for what no such statement makes."""
        if len(asked) == 1 and session.view(asked[0]) is not None:
            raise NotSupported(f"{asked[0]} is a temporary view, of which no statement is kept.")
        shown = self._shown(session.full_name(asked))
        if "view_definition" in shown:
            return create_view(shown)
        name = ThreePartName(*shown["full_name"].split("."))
        if not self._relations.tables.exists(name):
            raise NotSupported(f"{name} is no table: it was made by CREATE VECTOR SEARCH INDEX.")
        layout = self._layout(self._relations.tables.get(name))
        clauses = {
            "PARTITIONED BY": layout[PARTITION_COLUMNS],
            "CLUSTER BY": layout[CLUSTERING_COLUMNS],
        }
        keys = keys_of(shown)
        return create_table(shown, self._relations.tables.get(name).schema, clauses, keys)

    def _show_schemas(self, asked: Show, session: Session) -> pa.Table:
        catalogs = [asked.name[-1] if asked.name else session.catalog]
        if asked.everywhere:
            catalogs = self._schemas.catalogs()
        found = [(n, c) for c in catalogs for n in self._schemas.schemas(c) if fits(n, asked.like)]
        if asked.everywhere or asked.in_catalog:
            return texts(["databaseName", "catalog"], found)
        return texts(["databaseName"], [one[:1] for one in found])

    def _show_tables(self, asked: Show, session: Session) -> pa.Table:
        if not (asked.in_catalog or asked.everywhere):
            self._schemas.check(*self._place(asked, session))
        views = self._relations.views.names()
        names = views if asked.kind == "VIEWS" else [*self._relations.tables.names(), *views]
        kept = [n for n in sorted(names) if self._is_asked(n, asked, session)]
        kept = [n for n in kept if fits(n.name, asked.like)]
        if asked.in_catalog or asked.everywhere:
            rows = [
                (n.schema, n.name, False, None, n.catalog, "VIEW" if n in views else "TABLE")
                for n in kept
            ]
            return rows_of(_IN_CATALOG, rows, booleans=("isTemporary",))
        if asked.kind == "TABLE EXTENDED":
            if asked.partition:
                return self._show_partition(asked, session)
            told = [(n.schema, n.name, False, self._information(n)) for n in kept]
            columns = ["database", "tableName", "isTemporary", "information"]
            return rows_of(columns, told, booleans=("isTemporary",))
        rows_here = [(n.schema, n.name, False) for n in kept]
        temporary = [("", n, True) for n in session.views() if fits(n, asked.like)]
        first = "namespace" if asked.kind == "VIEWS" else "database"
        last = "viewName" if asked.kind == "VIEWS" else "tableName"
        return rows_of(
            [first, last, "isTemporary"], [*rows_here, *temporary], booleans=("isTemporary",)
        )

    def _show_partition(self, asked: Show, session: Session) -> pa.Table:
        """SHOW TABLE EXTENDED of one partition of a table, whose name LIKE says without a pattern."""
        place = self._place(asked, session)
        table = self._relations.open(session.full_name((*place, asked.like or "")))
        told = partition_information(table, asked.partition)
        columns = ["database", "tableName", "isTemporary", "information"]
        row = (table.name.schema, table.name.name, False, told)
        return rows_of(columns, [row], booleans=("isTemporary",))

    def _information(self, name: ThreePartName) -> str:
        """All that is told of a table; of one that can't be read why."""
        try:
            shown = self._shown(name)
            return information(facts_of(shown, self._location(name)), shown["columns"])
        except VitrineError as error:
            return f"Table: {name.name}\nComment: damaged: {error.message}\n"

    def _location(self, name: ThreePartName) -> str | None:
        is_table = self._relations.tables.exists(name)
        return location(self._relations.tables.get(name)) if is_table else None

    def _layout(self, table: Table) -> dict[str, list[str]]:
        """The columns of its partitions and clusters; also those that folders of the user's name."""
        return laid_out(table, self._changes.layout(table.name))

    def _is_asked(self, name: ThreePartName, asked: Show, session: Session) -> bool:
        if not fits(name.schema, asked.schema_like):
            return False
        if asked.everywhere:
            return True
        if asked.in_catalog:
            return name.catalog == asked.name[-1]
        return (name.catalog, name.schema) == self._place(asked, session)

    def _place(self, asked: Show, session: Session) -> tuple[str, str]:
        """Catalogue and schema that a SHOW is about."""
        schema = asked.name[-1] if asked.name else session.schema
        return asked.name[0] if len(asked.name) == 2 else session.catalog, schema

    def _show_columns(self, asked: Show, session: Session) -> pa.Table:
        if not asked.in_catalog:
            columns = self._shown(session.full_name(asked.name))["columns"]
            return texts(["col_name"], [(one["name"],) for one in columns])
        rows = []
        for name in self._relations.tables.names():
            if not (self._is_asked(name, asked, session) and fits(name.name, asked.table_like)):
                continue
            try:
                fields = list(self._relations.tables.get(name).schema)
            except VitrineError:  # a damaged table has no columns to show
                continue
            rows += [
                (
                    field.name,
                    result_type(field.type),
                    name.catalog,
                    name.schema,
                    name.name,
                )
                for field in fields
                if fits(field.name, asked.like)
            ]
        return texts(["col_name", "columnType", "catalogName", "namespace", "tableName"], rows)

    # ------------------------------------------------------------------ DESCRIBE
    def describe(self, asked: Describe, session: Session) -> pa.Table:
        """The rows of a DESCRIBE of a table, a schema or a catalogue. Raises NotFound."""
        if asked.kind == "CATALOG":
            shown = self._schemas.describe_catalog(asked.name[-1])
            facts = [("Catalog Name", shown["name"]), *_who(shown)]
            return texts(["info_name", "info_value"], facts)
        if asked.kind == "SCHEMA":
            catalog = asked.name[0] if len(asked.name) == 2 else session.catalog
            shown = self._schemas.describe(catalog, asked.name[-1])
            named = [("Catalog Name", catalog), ("Namespace Name", shown["name"]), *_who(shown)]
            if asked.extended:
                named.append(("Properties", pairs(shown.get("properties", {}))))
            return texts(["database_description_item", "database_description_value"], named)
        name = session.full_name(asked.name)
        if asked.kind == "DETAIL":
            return self._detail(self._relations.open(name))
        if asked.kind == "HISTORY":
            history = self._relations.tables.history(self._relations.open(name).name)
            return history_rows(history).slice(0, asked.limit)
        if asked.as_json:
            return texts(["json_metadata"], [(self._json(self._shown(name)),)])
        if asked.column is not None:
            return one_column(self._shown(name), asked.column)
        return self._columns(self._shown(name), asked.extended)

    def _shown(self, name: ThreePartName) -> dict[str, Any]:
        """A table, a view or an index as Unity Catalog shows it. Raises NotFound in SQL's words."""
        try:
            return self._tables.get(str(self._relations.found(name) or name))
        except NotFound:
            raise self._relations.missing(name) from None

    def _json(self, shown: dict[str, Any]) -> str:
        name = ThreePartName(*shown["full_name"].split("."))
        is_table = self._relations.tables.exists(name)
        layout = self._layout(self._relations.tables.get(name)) if is_table else {}
        return as_json(shown, layout, self._location(name))

    def _columns(self, shown: dict[str, Any], extended: bool) -> pa.Table:
        rows = [(one["name"], one["type_text"], one.get("comment")) for one in shown["columns"]]
        name = ThreePartName(*shown["full_name"].split("."))
        is_table = self._relations.tables.exists(name)
        layout = self._layout(self._relations.tables.get(name)) if is_table else {}
        for title, key in (
            ("# Partition Information", PARTITION_COLUMNS),
            ("# Clustering Information", CLUSTERING_COLUMNS),
        ):
            inside = [row for row in rows if row[0] in layout.get(key, [])]
            if inside:
                rows += [(title, "", ""), ("# col_name", "data_type", "comment"), *inside]
        if extended:
            rows += [("", "", ""), *detailed(shown, self._location(name))]
        return texts(["col_name", "data_type", "comment"], rows)

    def _detail(self, table: Table) -> pa.Table:
        shown, history = self._shown(table.name), self._relations.tables.history(table.name)
        layout = self._layout(table)
        files, size = files_of(table)
        first, last = history[0]["timestamp"], history[-1]["timestamp"]
        properties = shown.get("properties", {})
        return detail(
            format="delta" if table.delta is not None or not table.registered else "parquet",
            id=shown.get("table_id"),
            name=str(table.name),
            description=shown.get("comment"),
            location=location(table),
            createdAt=min(shown["created_at"], first),
            lastModified=last,
            partitionColumns=layout[PARTITION_COLUMNS],
            clusteringColumns=layout[CLUSTERING_COLUMNS],
            numFiles=files,
            sizeInBytes=size,
            properties=properties,
            **protocol(properties),
        )


def history_rows(history: Sequence[Mapping[str, Any]]) -> pa.Table:
    """What DESCRIBE HISTORY answers of versions that are given the first one first."""
    rows = [
        {
            "version": entry["version"],
            "timestamp": _time(entry["timestamp"]),
            "userName": entry["user"],
            "operation": entry["operation"],
            "operationParameters": _as_texts(entry["parameters"]),
            "operationMetrics": _as_texts(entry["metrics"]),
        }
        for entry in reversed(history)
    ]
    return pa.Table.from_pylist(rows, schema=_HISTORY)


def _who(shown: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Comment and owner of a catalogue or a schema."""
    return [("Comment", shown.get("comment", "")), ("Owner", shown["owner"])]


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=timezone.utc)


def _as_texts(values: dict[str, Any]) -> dict[str, str]:
    return {key: v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}


def fits(name: str, pattern: str | None) -> bool:
    """Whether a name is of a pattern of SHOW: `*` and `%` for any text, `|` between patterns."""
    if pattern is None:
        return True
    parts = [re.escape(one).replace(r"\*", ".*").replace("%", ".*") for one in pattern.split("|")]
    return any(re.fullmatch(part, name, re.IGNORECASE) for part in parts)
