"""Other names for tables and views. Knows who else finds them by their names; not rows.

What is kept of a table goes with it, and foreign keys that refer to it follow. An index finds its table
by the name alone, so that its table keeps that name; queries of views stay as they were written.
"""

from __future__ import annotations

from typing import Any

from engine.core.names import ThreePartName
from engine.core.schema import IndexSpec
from engine.errors import InvalidState
from engine.service.catalogs.documents import change, kept
from engine.service.catalogs.errors import TableExists
from engine.service.catalogs.tables import Tables
from engine.service.indexes.registry import IndexRegistry
from engine.store.securable_files import SecurableFiles
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore

_REFERS = "foreign_key_constraint"


class Renaming:
    """Renames the tables and views of a workspace. Safe to use from many threads and processes."""

    def __init__(
        self,
        tables: Tables,
        store: TableStore,
        views: ViewStore,
        registry: IndexRegistry,
        files: SecurableFiles,
    ) -> None:
        self._tables, self._store, self._views = tables, store, views
        self._registry, self._files = registry, files

    def rename(self, name: ThreePartName, new: ThreePartName) -> None:
        """Give a table or a view another name; also one that was registered, whose files stay.

        Raises:
            NotFound: neither has the name. TableExists: the new name is taken.
            InvalidState: indexes follow the table; names them.
        """
        with self._files.writing():
            if self._tables.schema_has(new):
                raise TableExists(f"Table '{new}' already exists")
            if self._views.exists(name):
                self._views.move(name, new)
            else:
                self._refuse_followed(name)
                self._store.move(name, new)
            self._take_along(str(name), str(new))

    def _refuse_followed(self, name: ThreePartName) -> None:
        """Raises InvalidState where an index has a table of this name as its source."""
        followed = [
            one.name
            for one in self._registry.found()
            if isinstance(one, IndexSpec) and (one.source_table or "").lower() == str(name).lower()
        ]
        if followed:
            raise InvalidState(
                f"Table {name} is the source of index {', '.join(followed)}, which finds it by this "
                "name and could not be synced any more. Delete the index, rename the table, and create "
                f"the index anew; or copy the table: CREATE TABLE <name> CLONE {name}."
            )

    def _take_along(self, name: str, new: str) -> None:
        """Let what is kept of a table have its new name; the lock is held."""
        facts = kept(self._files, "tables", name)
        if facts:
            self._files.write("tables", new, facts)
            self._files.write_tags("tables", new, self._files.tags("tables", name))
            self._files.remove("tables", name)
        for other in self._files.names("tables"):
            before = kept(self._files, "tables", other).get("table_constraints", [])
            after = [_referring(one, name, new) for one in before]
            if after != before:
                change(self._files, "tables", other, {"table_constraints": after})


def _referring(constraint: dict[str, Any], name: str, new: str) -> dict[str, Any]:
    """A constraint that refers to the new name where it did to the old one."""
    facts = constraint.get(_REFERS)
    if facts is None or facts.get("parent_table") != name:
        return constraint
    return {_REFERS: {**facts, "parent_table": new}}
