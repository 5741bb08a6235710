"""SHOW and DESCRIBE: what a workspace holds, as rows. Knows the cloud's columns; not statements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from engine.core.names import ThreePartName
from engine.core.types import catalog_type
from engine.errors import VitrineError
from engine.service.sql.language.commands import Describe, Show
from engine.service.sql.relations import Relations
from engine.service.sql.session import Session
from engine.service.sql.writing.schemas import Schemas
from engine.store.tables.changing import TableChanges
from engine.store.tables.table import Table

_TIME = pa.timestamp("us", tz="UTC")
_DETAIL = pa.schema(
    [
        ("format", pa.string()), ("id", pa.string()), ("name", pa.string()),
        ("description", pa.string()), ("location", pa.string()), ("createdAt", _TIME),
        ("lastModified", _TIME), ("partitionColumns", pa.list_(pa.string())),
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

    def __init__(self, relations: Relations, changes: TableChanges, schemas: Schemas) -> None:
        self._relations, self._changes, self._schemas = relations, changes, schemas

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
            known = self._properties(session.full_name(asked.name))
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
            table = self._relations.open(session.full_name(asked.name))
            return _texts(["col_name"], [(name,) for name in table.schema.names])
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
                    catalog_type(field.type)[1].upper(),
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
            self._schemas.check_catalog(asked.name[-1])
            return _texts(["info_name", "info_value"], [("Catalog Name", asked.name[-1])])
        if asked.kind == "SCHEMA":
            catalog = asked.name[0] if len(asked.name) == 2 else session.catalog
            self._schemas.check(catalog, asked.name[-1])
            named = [("Catalog Name", catalog), ("Namespace Name", asked.name[-1])]
            return _texts(["database_description_item", "database_description_value"], named)
        table = self._relations.open(session.full_name(asked.name))
        if asked.kind == "DETAIL":
            return self._detail(table)
        if asked.kind == "HISTORY":
            return self._history(table)
        return self._columns(table, asked.extended)

    def columns_of(
        self, fields: Iterable[pa.Field], comments: dict[str, str]
    ) -> list[tuple[Any, ...]]:
        """Name, type and comment of columns."""
        return [(f.name, catalog_type(f.type)[1], comments.get(f.name)) for f in fields]

    def _columns(self, table: Table, extended: bool) -> pa.Table:
        facts = self._changes.facts(table.name)
        rows = self.columns_of(table.schema, facts.get("column_comments") or {})
        if extended:
            properties = json.dumps(facts.get("table_properties") or {})
            rows += [
                ("", "", ""),
                ("# Detailed Table Information", "", ""),
                ("Catalog", table.name.catalog, ""),
                ("Database", table.name.schema, ""),
                ("Table", table.name.name, ""),
                ("Owner", facts.get("owner") or "", ""),
                ("Type", "EXTERNAL" if table.registered else "MANAGED", ""),
                ("Comment", facts.get("comment") or "", ""),
                ("Table Properties", properties, ""),
            ]
        return _texts(["col_name", "data_type", "comment"], rows)

    def _detail(self, table: Table) -> pa.Table:
        facts, history = self._changes.facts(table.name), self._changes.history(table.name)
        sizes = [file.stat().st_size for file in table.files]
        first, last = history[0]["timestamp"], history[-1]["timestamp"]
        row: dict[str, Any] = {
            "format": "delta" if table.delta is not None or not table.registered else "parquet",
            "id": None,
            "name": str(table.name),
            "description": facts.get("comment"),
            "location": str(table.folder or (table.files[0].parent if table.files else "")),
            "createdAt": _time(facts.get("created_at") or first),
            "lastModified": _time(last),
            "partitionColumns": [],
            "numFiles": len(table.files) if table.delta is None else None,
            "sizeInBytes": sum(sizes) if table.delta is None else None,
            "properties": self._properties(table.name),
        }
        return pa.Table.from_pylist([row], schema=_DETAIL)

    def _history(self, table: Table) -> pa.Table:
        rows = [
            {
                "version": entry["version"],
                "timestamp": _time(entry["timestamp"]),
                "userName": entry["user"],
                "operation": entry["operation"],
                "operationParameters": _as_texts(entry["parameters"]),
                "operationMetrics": _as_texts(entry["metrics"]),
            }
            for entry in reversed(self._changes.history(table.name))
        ]
        return pa.Table.from_pylist(rows, schema=_HISTORY)

    def _properties(self, name: ThreePartName) -> dict[str, str]:
        table = self._relations.open(name)
        return dict(self._changes.facts(table.name).get("table_properties") or {})


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
