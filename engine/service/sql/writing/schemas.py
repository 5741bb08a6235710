"""Catalogues and schemas as SQL makes and drops them: folders of a workspace. Knows names; not rows."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from engine.errors import BadStatement, NotFound, ResourceConflict
from engine.service.indexes.operations import Indexes
from engine.service.indexes.registry import IndexRegistry
from engine.service.sql.relations import Relations, schema_part
from engine.settings import DEFAULT_CATALOG, DEFAULT_SCHEMA
from engine.store.layout import Layout, make_folder


class Schemas:
    """The catalogues and schemas of a workspace. The default ones are always there."""

    def __init__(
        self, layout: Layout, relations: Relations, registry: IndexRegistry, indexes: Indexes
    ) -> None:
        self._layout, self._relations = layout, relations
        self._registry, self._indexes = registry, indexes

    def catalogs(self) -> list[str]:
        """Names of all catalogues, sorted."""
        return sorted(
            {DEFAULT_CATALOG, *self._folders(self._root), *(n[0] for n in self._indexed())}
        )

    def schemas(self, catalog: str) -> list[str]:
        """Names of a catalogue's schemas, sorted. Raises NotFound where there is no such catalogue."""
        self.check_catalog(catalog)
        usual = {DEFAULT_SCHEMA} if catalog == DEFAULT_CATALOG else set()
        indexed = {name[1] for name in self._indexed() if name[0] == catalog}
        return sorted({*usual, *indexed, *self._folders(self._root / catalog)})

    def check_catalog(self, catalog: str) -> None:
        """Raises NotFound where there is no such catalogue."""
        if catalog not in self.catalogs():
            raise NotFound(f"[NO_SUCH_CATALOG_EXCEPTION] Catalog '{catalog}' does not exist.")

    def check(self, catalog: str, schema: str) -> None:
        """Raises NotFound where there is no such schema."""
        if schema not in self.schemas(catalog):
            raise NotFound(
                f"[SCHEMA_NOT_FOUND] The schema `{catalog}`.`{schema}` cannot be found. Create it with: "
                f"CREATE SCHEMA {catalog}.{schema}"
            )

    # ------------------------------------------------------------------ life cycle
    def create(self, catalog: str, schema: str, lenient: bool) -> None:
        """Make a schema. Raises ResourceConflict where it is there, unless `lenient`."""
        if schema_part(schema) in self.schemas(schema_part(catalog)):
            if not lenient:
                raise ResourceConflict(
                    f"[SCHEMA_ALREADY_EXISTS] Schema '{catalog}.{schema}' already exists"
                )
            return
        make_folder(self._root / catalog / schema)

    def create_catalog(self, catalog: str, lenient: bool) -> None:
        """Make a catalogue with a schema `default`. Raises ResourceConflict as `create` does."""
        if schema_part(catalog) in self.catalogs():
            if not lenient:
                raise ResourceConflict(
                    f"[CATALOG_ALREADY_EXISTS] Catalog '{catalog}' already exists"
                )
            return
        make_folder(self._root / catalog / "default")

    def drop(self, catalog: str, schema: str, lenient: bool, cascade: bool) -> None:
        """Drop a schema, and what is in it where `cascade` says so.

        Raises:
            NotFound: no such schema, unless `lenient`. BadStatement: it is not empty.
        """
        try:
            self.check(catalog, schema)
        except NotFound:
            if lenient:
                return
            raise
        held = self._held(catalog, schema)
        if held and not cascade:
            raise BadStatement(
                f"[SCHEMA_NOT_EMPTY] Schema '{catalog}.{schema}' is not empty. The schema has "
                f"{len(held)} tables(s), 0 functions(s), 0 volumes(s). Say CASCADE to drop them too."
            )
        self._empty(catalog, schema)
        with contextlib.suppress(OSError):
            (self._root / catalog / schema).rmdir()

    def drop_catalog(self, catalog: str, lenient: bool, cascade: bool) -> None:
        """Drop a catalogue; see `drop`. Its schema `default` counts only where it holds something."""
        if catalog not in self.catalogs():
            if lenient:
                return
            self.check_catalog(catalog)
        schemas = self.schemas(catalog)
        held = [one for one in schemas if one != "default" or self._held(catalog, one)]
        if held and not cascade:
            raise BadStatement(
                f"Catalog '{catalog}' is not empty: it has the schemas {', '.join(held)}. Say CASCADE "
                "to drop them too."
            )
        for schema in schemas:
            self.drop(catalog, schema, lenient=True, cascade=True)
        shutil.rmtree(self._root / catalog, ignore_errors=True)

    def _empty(self, catalog: str, schema: str) -> None:
        for name in self._registry.names():
            if tuple(name.split(".")[:2]) == (catalog, schema):
                self._indexes.delete(name)
        relations = self._relations
        for table in relations.tables.names():
            if (table.catalog, table.schema) == (catalog, schema):
                relations.tables.drop(table)
        for view in relations.views.names():
            if (view.catalog, view.schema) == (catalog, schema):
                relations.views.drop(view)

    def _held(self, catalog: str, schema: str) -> list[str]:
        """Names of the tables, views and indexes of a schema."""
        known = [*self._relations.tables.names(), *self._relations.views.names()]
        held = [str(one) for one in known if (one.catalog, one.schema) == (catalog, schema)]
        return held + [".".join(n) for n in self._indexed() if n[:2] == (catalog, schema)]

    def _indexed(self) -> list[tuple[str, ...]]:
        return [tuple(name.split(".")) for name in self._registry.names()]

    @property
    def _root(self) -> Path:
        return self._layout.root / "tables"

    def _folders(self, folder: Path) -> list[str]:
        return [one.name for one in folder.iterdir() if one.is_dir()] if folder.is_dir() else []
