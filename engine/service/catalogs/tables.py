"""Tables, and views and indexes as tables, as Unity Catalog describes them. Knows types; not rows.

Truth: what `databricks-ai-bridge` and others read: names, types and positions of columns.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.core.names import ThreePartName, is_full_name, securable_name, table_name
from engine.core.values import shown
from engine.errors import InvalidInputException, InvalidParameterValue, NotFound
from engine.service.authorship import user_name
from engine.service.catalogs.columns import (
    ColumnFacts,
    arrow_schema,
    column_facts,
    described_columns,
    index_fields,
)
from engine.service.catalogs.contents import Contents
from engine.service.catalogs.documents import bare, born, change, described, given, kept
from engine.service.catalogs.errors import DeletedElsewhere, TableExists, TableNotFound
from engine.service.catalogs.table_facts import COLUMNS, TableFacts, with_columns
from engine.service.indexes.registry import IndexRegistry
from engine.store.securable_files import SecurableFiles
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore

UNKNOWN_TYPE = "EXTERNAL"  # of a table that can't be read
# What stays known of a table that is replaced by another of its name.
_STAYING = ("owner", "created_by", "created_at", "table_id")


class Tables:
    """The tables, views and indexes of a workspace as tables. Safe to use from many threads."""

    def __init__(
        self,
        tables: TableStore,
        views: ViewStore,
        registry: IndexRegistry,
        files: SecurableFiles,
        contents: Contents,
    ) -> None:
        self._tables, self._views, self._registry = tables, views, registry
        self._files, self._contents = files, contents

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
            TableExists: a view has the name.
        """
        if not isinstance(table, pa.Table):
            raise InvalidInputException(
                f"table is {shown(table)}; expected a pyarrow Table, such as pa.Table.from_pylist(rows)."
            )
        self._tables.write(self._no_view(name), table)

    def drop(self, name: str) -> None:
        """Forget a table or a view, also a damaged one; registered files stay where they are.

        Raises:
            NotFound: no such table.
        """
        parts = table_name(name)
        self._views.drop(parts) if self._views.exists(parts) else self._tables.drop(parts)
        with self._files.writing():
            if not self._is_taken(str(parts)):  # nobody made it again meanwhile
                self._files.remove("tables", str(parts))

    def register(self, name: str, files: str | Path | Iterable[str | Path]) -> int:
        """Make exported Parquet files a table where they lie; returns the number of rows.

        Files may differ in a column's type where one type holds the values of all exactly. Folders
        named `key=value` bring that column.

        Args:
            files: files, folders or patterns; nothing is copied or changed.

        Raises:
            BadSourceFile: a file is missing, not Parquet, has other columns than the first or values
                that go with no common type, or belongs to this workspace.
            TableExists: a view has the name.
        """
        paths = [files] if isinstance(files, (str, Path)) else list(files)
        return self._tables.register(self._no_view(name), paths).num_rows

    def _no_view(self, name: str) -> ThreePartName:
        parts = table_name(name)
        if self._views.exists(parts):
            raise TableExists(f"'{parts}' is a view; drop it, or choose another name.")
        return parts

    def names(self) -> list[str]:
        """Full names of all tables, sorted."""
        return [str(name) for name in self._tables.names()]

    def damaged(self) -> dict[str, str]:
        """Why tables can't be used, by name; those that can are not among them."""
        faults = {str(name): self._tables.fault(name) for name in self._tables.names()}
        return {name: fault for name, fault in faults.items() if fault is not None}

    def properties(self, full_name: str) -> dict[str, str]:
        """TBLPROPERTIES of a table."""
        return dict(kept(self._files, "tables", full_name).get("properties", {}))

    # ------------------------------------------------------------------ as Unity Catalog shows them
    def names_in(self, catalog_name: str, schema_name: str) -> list[str]:
        """Full names of the tables, views and indexes of a schema, sorted.

        Raises:
            CatalogNotFound, SchemaNotFound: no such catalog, or no such schema.
        """
        schema = f"{catalog_name}.{schema_name}"
        self._contents.check_schema(schema)
        held = self._contents.members(schema)
        return sorted({*held.tables, *held.views, *held.indexes})

    def get(self, full_name: str) -> dict[str, Any]:
        """A table, a view or an index, with its columns and constraints.

        Of a table that was written without being created, the time of its last write stands for both
        times, and whoever runs this owns it.

        Raises:
            TableNotFound: there is none.
        """
        try:
            name = table_name(full_name)
            facts = kept(self._files, "tables", str(name))
            columns = facts.pop(COLUMNS, {})
            is_view = self._views.exists(name)
            shown = self._view(name) if is_view else self._table(name, columns)
        except (NotFound, InvalidParameterValue):
            if not self._registry.exists(full_name):
                raise TableNotFound(f"Table '{full_name}' does not exist.") from None
            shown = self._index(full_name)
        for key, add in (("updated_at", max), ("properties", dict[str, str].__or__)):
            if key in shown and key in facts:
                facts[key] = add(shown[key], facts[key])
        return {**bare(str(name)), **shown, **facts}

    def _table(self, name: ThreePartName, columns: ColumnFacts) -> dict[str, Any]:
        table = self._tables.get(name)
        changed = self._tables.changed_ms(name)
        place = table.folder if table.registered else self._tables.folder(name)
        is_delta = table.delta is not None or not table.registered
        return {
            "table_type": "EXTERNAL" if table.registered else "MANAGED",
            "data_source_format": "DELTA" if is_delta else "PARQUET",
            **({"storage_location": place.absolute().as_uri()} if place is not None else {}),
            "columns": described_columns(table.schema, columns),
            "owner": user_name(),
            "created_at": changed,
            "updated_at": changed,
        }

    def _view(self, name: ThreePartName) -> dict[str, Any]:
        view = self._views.get(name)
        return {
            "table_type": "VIEW",
            "view_definition": view.text,
            "columns": list(view.described),
            "owner": user_name(),
        }

    def _index(self, name: str) -> dict[str, Any]:
        """An index, as the cloud lists it among its tables."""
        spec, versions = self._registry.open(name)  # also where its endpoint is stopped
        version = None if spec.is_direct_access else versions.current()
        return {
            "table_type": "FOREIGN",
            "data_source_format": "VECTOR_INDEX_FORMAT",
            "columns": described_columns(index_fields(spec, version)),
            "properties": {"endpoint_name": spec.endpoint_name},
            "table_id": spec.id,
            "owner": spec.creator,
            "created_by": spec.creator,
            "created_at": spec.created_at,
        }

    def describe(self, names: Iterable[str], *, columns: bool = True) -> list[dict[str, Any]]:
        """Some tables, each as `get` gives it without its constraints, which no list shows.

        A table that can't be read does not spoil the list: it has no columns, and a comment that says
        why. One that was dropped meanwhile is left out.

        Args:
            columns: whether they are wanted.
        """

        def unread(name: str) -> dict[str, Any]:
            return {**bare(str(table_name(name))), "table_type": UNKNOWN_TYPE, "columns": []}

        left_out = {"table_constraints"} if columns else {"table_constraints", "columns"}
        return [
            {key: fact for key, fact in table.items() if key not in left_out}
            for table in described(names, self.get, unread)
        ]

    def exists(self, full_name: str) -> bool:
        """Whether there is a table, a view or an index of this full name, a damaged one too.

        Raises:
            CatalogNotFound, SchemaNotFound: not even its catalog or its schema is there.
            InvalidParameterValue: not a full name.
        """
        if not is_full_name(full_name, 3):
            raise InvalidParameterValue(
                f"{full_name!r:.300} is not a full name; expected <catalog>.<schema>.<table>."
            )
        if self._is_taken(full_name):
            return True
        self._contents.check_schema(full_name.rpartition(".")[0])
        return False

    def full_name(self, name: str) -> str:
        """The full name of a table, a view or an index; missing parts are the default ones.

        Raises:
            TableNotFound: there is none.
        """
        with contextlib.suppress(InvalidParameterValue):
            full_name = str(table_name(name))
            if self._is_taken(full_name):
                return full_name
        raise TableNotFound(f"Table '{name}' does not exist.")

    def schema_has(self, name: ThreePartName) -> bool:
        """Whether a table, a view or an index has this name."""
        return self._is_taken(str(name))

    def _is_taken(self, full_name: str) -> bool:
        is_own = self._is_own(ThreePartName(*full_name.split(".")))
        return is_own or self._registry.exists(full_name)

    def _is_own(self, name: ThreePartName) -> bool:
        return self._tables.exists(name) or self._views.exists(name)

    # ------------------------------------------------------------------ made and changed there
    def create(
        self,
        name: str,
        catalog_name: str,
        schema_name: str,
        columns: Sequence[Mapping[str, Any]],
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Make an empty table.

        Args:
            columns: each with `name`, `type_text`, and what else Unity Catalog shows of one.
            properties: kept and shown.

        Raises:
            InvalidParameterValue: a bad name, column or value. NotSupported: a type that tables here
                can't hold. CatalogNotFound, SchemaNotFound: no such schema. TableExists.
        """
        securable_name(name, "Table")
        schema = arrow_schema(columns)
        facts = TableFacts(comment, properties, column_facts(columns))
        if not len(schema):
            raise InvalidParameterValue("columns is empty; expected at least one column.")
        full_name = ThreePartName(catalog_name, schema_name, name)
        with self._files.writing():
            self._contents.check_schema(f"{catalog_name}.{schema_name}")
            self._made(
                full_name, lambda: self._tables.write(full_name, schema.empty_table()), facts
            )
        return self.get(str(full_name))

    def define(
        self,
        name: ThreePartName,
        write: Callable[[], object],
        facts: TableFacts,
        replace: bool = False,
    ) -> None:
        """Make a table or a view by `write`, which is called once, and keep what is said of it.

        Args:
            replace: a table or view of this name is replaced; of what was known of it, who made and
                who owns it stays, with its id.

        Raises:
            TableExists: the name is taken, by an index whatever `replace` is. InvalidParameterValue:
                a bad value among `facts`.
        """
        with self._files.writing():
            self._made(name, write, facts, replace)

    def _made(
        self,
        name: ThreePartName,
        write: Callable[[], object],
        facts: TableFacts,
        replace: bool = False,
    ) -> None:
        """See `define`; the lock is held."""
        full_name, said = str(name), facts.document()
        is_taken = self._is_taken(full_name)
        if is_taken and (not replace or self._registry.exists(full_name)):
            raise TableExists(f"Table '{full_name}' already exists")
        write()
        before = kept(self._files, "tables", full_name) if is_taken else {}
        staying = {key: before[key] for key in _STAYING if key in before}
        made = {**born(), "table_id": str(uuid.uuid4()), **staying, **said}
        self._files.write("tables", full_name, made)

    def update(
        self,
        full_name: str,
        owner: str | None = None,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        column_comments: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Change what is known of a table; None leaves a thing as it is, properties are added.

        Args:
            column_comments: by name of the column, which the table has.

        Raises:
            TableNotFound: neither a table nor an index. InvalidParameterValue: a bad value.
        """
        facts = given(owner=owner, comment=comment, properties=properties)
        with self._files.writing():
            name = self.full_name(full_name)
            before = kept(self._files, "tables", name)
            if "properties" in facts:
                facts["properties"] = {**before.get("properties", {}), **facts["properties"]}
            if column_comments:
                columns = dict(before.get(COLUMNS, {}))
                for column, text in column_comments.items():
                    columns[column] = {**columns.get(column, {}), "comment": text}
                facts[COLUMNS] = columns
            change(self._files, "tables", name, facts)
        return self.get(name)

    def column_facts(self, full_name: str) -> ColumnFacts:
        """What is kept of a table's columns beside its files, by name; see `column_facts`."""
        found: ColumnFacts = kept(self._files, "tables", full_name).get(COLUMNS, {})
        return found

    def update_columns(
        self,
        full_name: str,
        renamed: Mapping[str, str | None],
        without: Sequence[str] = (),
        said: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Let what is known of a table follow its columns.

        Args:
            renamed: see `with_columns`. without: properties that are forgotten.
            said: facts of columns, by their new names; None for one that is forgotten.

        Raises:
            TableNotFound: neither a table nor an index.
        """
        with self._files.writing():
            name = self.full_name(full_name)
            facts = with_columns(kept(self._files, "tables", name), renamed)
            for column, told in (said or {}).items():
                whole = {**facts[COLUMNS].get(column, {}), **told}
                facts[COLUMNS][column] = {k: one for k, one in whole.items() if one is not None}
            known = facts.get("properties", {})
            facts["properties"] = {key: one for key, one in known.items() if key not in without}
            change(self._files, "tables", name, facts)

    def delete(self, full_name: str) -> None:
        """Delete a table or a view as the API does; see `drop`.

        Raises:
            TableNotFound: no such table. DeletedElsewhere: it is an index.
        """
        name = self.full_name(full_name)
        if not self._is_own(ThreePartName(*name.split("."))):
            raise DeletedElsewhere(name, self._registry.open(name)[0].is_direct_access)
        self.drop(name)
