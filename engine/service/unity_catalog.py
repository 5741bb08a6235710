"""Tables and indexes as Unity Catalog describes them. Knows types; not rows.

Truth: what `databricks-ai-bridge` and others read: names, types and positions of columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.core.names import ThreePartName, table_name
from engine.core.types import catalog_type, widest_type
from engine.core.values import shown
from engine.errors import InvalidInputException, InvalidParameterValue, NotFound, VitrineError
from engine.service.indexes.direct_access import check_type
from engine.service.indexes.registry import IndexRegistry
from engine.store.tables.table_store import TableStore


class UnityCatalog:
    """The tables of a workspace, and its indexes as tables. Safe to use from many threads."""

    def __init__(self, tables: TableStore, registry: IndexRegistry) -> None:
        self._tables, self._registry = tables, registry

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A table as a pyarrow Table; a name of one or two parts gets the default schema and catalog.

        Raises:
            NotFound: no such table. BadSourceFile: a column that it lacks, or files that can't be read.
            InvalidInputException: a column that is asked for twice.
        """
        return self._tables.get(table_name(name)).read(columns)

    def write(self, name: str, table: pa.Table) -> None:
        """Make or replace a table with the rows of a pyarrow Table.

        Raises:
            InvalidInputException: no table, a name twice among its columns, a type that Parquet lacks.
        """
        if not isinstance(table, pa.Table):
            raise InvalidInputException(
                f"table is {shown(table)}; expected a pyarrow Table, such as pa.Table.from_pylist(rows)."
            )
        self._tables.write(table_name(name), table)

    def drop(self, name: str) -> None:
        """Forget a table, also a damaged one; registered files stay where they are.

        Raises:
            NotFound: no such table.
        """
        self._tables.drop(table_name(name))

    def register(self, name: str, files: str | Path | Iterable[str | Path]) -> int:
        """Make exported Parquet files a table where they lie; returns the number of rows.

        Files may differ in a column's type where one type holds the values of all exactly. Folders
        named `key=value` bring that column.

        Args:
            files: files, folders or patterns; nothing is copied or changed.

        Raises:
            BadSourceFile: a file is missing, not Parquet, has other columns than the first or values
                that go with no common type, or belongs to this workspace.
        """
        paths = [files] if isinstance(files, (str, Path)) else list(files)
        return self._tables.register(table_name(name), paths).num_rows

    def names(self) -> list[str]:
        """Full names of all tables, sorted."""
        return [str(name) for name in self._tables.names()]

    def damaged(self) -> dict[str, str]:
        """Why tables can't be used, by name; those that can are not among them."""
        faults = {str(name): self._tables.fault(name) for name in self._tables.names()}
        return {name: fault for name, fault in faults.items() if fault is not None}

    def get(self, full_name: str) -> dict[str, Any]:
        """A table, or an index, with its columns, as Unity Catalog describes it.

        Raises:
            NotFound: neither a table nor an index.
        """
        try:
            name = table_name(full_name)
            fields, kind = list(self._tables.get(name).schema), "EXTERNAL"
        except (NotFound, InvalidParameterValue):
            if not self._registry.exists(full_name):
                raise NotFound(f"Table '{full_name}' does not exist.") from None
            name = table_name(full_name)
            fields, kind = self._fields_of_index(full_name), "VECTOR_INDEX"
        columns = []
        for place, field in enumerate(fields):
            type_name, text = catalog_type(field.type)
            column = {
                "name": field.name,
                "type_name": type_name,
                "type_text": text,
                "position": place,
            }
            columns.append({**column, "nullable": field.nullable})
        return _described(name, kind, columns)

    def describe(self, names: Iterable[str], *, columns: bool = True) -> list[dict[str, Any]]:
        """Some tables, each as `get` gives it; `columns` are left out where they aren't wanted.

        A table that can't be read does not spoil the list: it has no columns, and a comment that says
        why. One that was dropped meanwhile is left out.
        """
        found = []
        for name in names:
            try:
                table = self.get(name)
            except NotFound:
                continue
            except VitrineError as error:
                parts = table_name(name)
                table = {
                    **_described(parts, "EXTERNAL", []),
                    "comment": f"damaged: {error.message}",
                }
            found.append(table if columns else {k: v for k, v in table.items() if k != "columns"})
        return found

    def _fields_of_index(self, name: str) -> list[pa.Field]:
        """The columns of an index: those of its rows, and the vector.

        Types are those of the source table or the schema where they are known, else of what is stored.
        """
        spec, versions = self._registry.open(name)  # also where its endpoint is stopped
        if spec.is_direct_access:
            schema = spec.schema or {}
            return [
                pa.field(column, check_type(column, schema[column])[1]) for column in spec.columns
            ]
        version = versions.current()
        if version is None:
            return []  # its first sync failed, so nobody knows
        stored = {f.name: f for part in version.parts[:1] for f in part.segment.metadata.schema}
        vector = pa.list_(pa.float32())
        out = []
        for column in version.columns.values():
            is_vector = column.name == spec.vector_column
            kind = vector if is_vector else widest_type(column.kind)
            out.append(stored.get(column.name, pa.field(column.name, kind)))
        return out


def _described(name: ThreePartName, kind: str, columns: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name.name,
        "catalog_name": name.catalog,
        "schema_name": name.schema,
        "full_name": str(name),
        "table_type": kind,
        "columns": columns,
    }
