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
from engine.errors import NotFound, VitrineError
from engine.service.catalogs.tables import Tables
from engine.service.sql.language.commands import Describe, Show
from engine.service.sql.relations import Relations
from engine.service.sql.session import Session
from engine.service.sql.upkeep import location
from engine.service.sql.writing.schemas import Schemas
from engine.store.tables.changing import CLUSTERING_COLUMNS, PARTITION_COLUMNS, TableChanges
from engine.store.tables.table import Table

_TIME = pa.timestamp("us", tz="UTC")
_DETAIL = pa.schema(
    [
        ("format", pa.string()), ("id", pa.string()), ("name", pa.string()),
        ("description", pa.string()), ("location", pa.string()), ("createdAt", _TIME),
        ("lastModified", _TIME), ("partitionColumns", pa.list_(pa.string())),
        ("clusteringColumns", pa.list_(pa.string())),
        ("numFiles", pa.int64()), ("sizeInBytes", pa.int64()),
        ("properties", pa.map_(pa.string(), pa.string())),
    ]
)  # fmt: skip
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
        self, relations: Relations, changes: TableChanges, tables: Tables, schemas: Schemas
    ) -> None:
        self._relations, self._changes = relations, changes
        self._tables, self._schemas = tables, schemas

    # ------------------------------------------------------------------ SHOW
    def show(self, asked: Show, session: Session) -> pa.Table:
        """The rows of a SHOW. Raises NotFound for a place that isn't there."""
        if asked.kind == "CATALOGS":
            return _texts(
                ["catalog"], [(n,) for n in self._schemas.catalogs() if _fits(n, asked.like)]
            )
        if asked.kind == "SCHEMAS":
            return self._show_schemas(asked, session)
        if asked.kind == "COLUMNS":
            return self._show_columns(asked, session)
        if asked.kind == "TBLPROPERTIES":
            known = self._shown(session.full_name(asked.name)).get("properties", {})
            return _texts(["key", "value"], sorted(known.items()))
        return self._show_tables(asked, session)

    def _show_schemas(self, asked: Show, session: Session) -> pa.Table:
        catalogs = [asked.name[-1] if asked.name else session.catalog]
        if asked.everywhere:
            catalogs = self._schemas.catalogs()
        found = [(n, c) for c in catalogs for n in self._schemas.schemas(c) if _fits(n, asked.like)]
        if asked.everywhere or asked.in_catalog:
            return _texts(["databaseName", "catalog"], found)
        return _texts(["databaseName"], [one[:1] for one in found])

    def _show_tables(self, asked: Show, session: Session) -> pa.Table:
        if not (asked.in_catalog or asked.everywhere):
            self._schemas.check(*self._place(asked, session))
        views = self._relations.views.names()
        names = views if asked.kind == "VIEWS" else [*self._relations.tables.names(), *views]
        kept = [n for n in sorted(names) if self._is_asked(n, asked, session)]
        kept = [n for n in kept if _fits(n.name, asked.like)]
        if asked.in_catalog or asked.everywhere:
            rows = [
                (n.schema, n.name, False, None, n.catalog, "VIEW" if n in views else "TABLE")
                for n in kept
            ]
            return _rows(_IN_CATALOG, rows, booleans=("isTemporary",))
        rows_here = [(n.schema, n.name, False) for n in kept]
        temporary = [("", n, True) for n in session.views() if _fits(n, asked.like)]
        first = "namespace" if asked.kind == "VIEWS" else "database"
        last = "viewName" if asked.kind == "VIEWS" else "tableName"
        return _rows(
            [first, last, "isTemporary"], [*rows_here, *temporary], booleans=("isTemporary",)
        )

    def _is_asked(self, name: ThreePartName, asked: Show, session: Session) -> bool:
        if not _fits(name.schema, asked.schema_like):
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
            return _texts(["col_name"], [(one["name"],) for one in columns])
        rows = []
        for name in self._relations.tables.names():
            if not (self._is_asked(name, asked, session) and _fits(name.name, asked.table_like)):
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
                if _fits(field.name, asked.like)
            ]
        return _texts(["col_name", "columnType", "catalogName", "namespace", "tableName"], rows)

    # ------------------------------------------------------------------ DESCRIBE
    def describe(self, asked: Describe, session: Session) -> pa.Table:
        """The rows of a DESCRIBE of a table, a schema or a catalogue. Raises NotFound."""
        if asked.kind == "CATALOG":
            shown = self._schemas.describe_catalog(asked.name[-1])
            facts = [("Catalog Name", shown["name"]), *_who(shown)]
            return _texts(["info_name", "info_value"], facts)
        if asked.kind == "SCHEMA":
            catalog = asked.name[0] if len(asked.name) == 2 else session.catalog
            shown = self._schemas.describe(catalog, asked.name[-1])
            named = [("Catalog Name", catalog), ("Namespace Name", shown["name"]), *_who(shown)]
            return _texts(["database_description_item", "database_description_value"], named)
        name = session.full_name(asked.name)
        if asked.kind == "DETAIL":
            return self._detail(self._relations.open(name))
        if asked.kind == "HISTORY":
            return history_rows(self._relations.tables.history(self._relations.open(name).name))
        return self._columns(self._shown(name), asked.extended)

    def _shown(self, name: ThreePartName) -> dict[str, Any]:
        """A table, a view or an index as Unity Catalog shows it. Raises NotFound in SQL's words."""
        try:
            return self._tables.get(str(self._relations.found(name) or name))
        except NotFound:
            raise self._relations.missing(name) from None

    def _columns(self, shown: dict[str, Any], extended: bool) -> pa.Table:
        rows = [(one["name"], one["type_text"], one.get("comment")) for one in shown["columns"]]
        if extended:
            rows += [
                ("", "", ""),
                ("# Detailed Table Information", "", ""),
                ("Catalog", shown["catalog_name"], ""),
                ("Database", shown["schema_name"], ""),
                ("Table", shown["name"], ""),
                ("Owner", shown["owner"], ""),
                ("Type", shown["table_type"], ""),
                ("Comment", shown.get("comment", ""), ""),
                ("Table Properties", json.dumps(shown.get("properties", {})), ""),
            ]
            if "view_definition" in shown:
                rows.append(("View Text", shown["view_definition"], ""))
        return _texts(["col_name", "data_type", "comment"], rows)

    def _detail(self, table: Table) -> pa.Table:
        shown, history = self._shown(table.name), self._relations.tables.history(table.name)
        layout = self._changes.layout(table.name)
        sizes = [file.stat().st_size for file in table.files]
        first, last = history[0]["timestamp"], history[-1]["timestamp"]
        row: dict[str, Any] = {
            "format": "delta" if table.delta is not None or not table.registered else "parquet",
            "id": shown.get("table_id"),
            "name": str(table.name),
            "description": shown.get("comment"),
            "location": location(table),
            "createdAt": _time(min(shown["created_at"], first)),
            "lastModified": _time(last),
            "partitionColumns": layout[PARTITION_COLUMNS],
            "clusteringColumns": layout[CLUSTERING_COLUMNS],
            "numFiles": len(table.files) if table.delta is None else None,
            "sizeInBytes": sum(sizes) if table.delta is None else None,
            "properties": shown.get("properties", {}),
        }
        return pa.Table.from_pylist([row], schema=_DETAIL)


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


def _fits(name: str, pattern: str | None) -> bool:
    """Whether a name is of a pattern of SHOW: `*` and `%` for any text, `|` between patterns."""
    if pattern is None:
        return True
    parts = [re.escape(one).replace(r"\*", ".*").replace("%", ".*") for one in pattern.split("|")]
    return any(re.fullmatch(part, name, re.IGNORECASE) for part in parts)


def _texts(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    return _rows(columns, rows)


def _rows(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], booleans: Sequence[str] = ()
) -> pa.Table:
    """Rows of texts, and of truths in some columns."""
    values = list(zip(*rows)) if rows else [()] * len(columns)
    arrays = [
        pa.array(list(value), pa.bool_() if name in booleans else pa.string())
        for name, value in zip(columns, values)
    ]
    return pa.table(arrays, names=list(columns))
