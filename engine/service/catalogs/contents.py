"""Which catalogs and schemas there are, and what lies in a schema. Knows names and places; not contents.

A catalog or a schema exists because it was created, or because something lies in it: a table that was
written, a view, a volume that was registered, an index. The default catalog always exists, with its
schema `default`, as in a new workspace of the cloud.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.names import ThreePartName, table_name
from engine.errors import NotFound
from engine.service.catalogs.errors import CatalogNotFound, SchemaNotFound
from engine.service.indexes.registry import IndexRegistry
from engine.settings import DEFAULT_CATALOG
from engine.store.securable_files import Kind, SecurableFiles
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore
from engine.store.volumes import VolumeStore

FIRST_SCHEMA = "default"  # of every catalog that is created
_DOCUMENTS: tuple[Kind, ...] = ("functions", "models")  # what is nothing but its document


@dataclass(frozen=True)
class Members:
    """Full names of what lies in a schema, each list sorted."""

    tables: list[str]
    views: list[str]
    indexes: list[str]
    volumes: list[str]
    functions: list[str]
    models: list[str]

    @property
    def total(self) -> int:
        return sum(map(len, vars(self).values()))


class Contents:
    """What is where in a workspace. Safe to use from many threads and processes."""

    def __init__(
        self,
        files: SecurableFiles,
        tables: TableStore,
        views: ViewStore,
        registry: IndexRegistry,
        volumes: VolumeStore,
    ) -> None:
        self._files, self._tables, self._views = files, tables, views
        self._registry, self._volumes = registry, volumes

    # ------------------------------------------------------------------ catalogs and schemas
    def catalogs(self) -> list[str]:
        """Names of all catalogs, sorted."""
        found = {catalog for catalog, _ in self._schemas()}
        return sorted({DEFAULT_CATALOG, *self._files.names("catalogs"), *found})

    def schemas(self, catalog: str) -> list[str]:
        """Full names of the schemas of a catalog, sorted; none where there is no such catalog."""
        found = {(c, s) for c, s in self._schemas() if c == catalog}
        if catalog == DEFAULT_CATALOG:
            found.add((DEFAULT_CATALOG, FIRST_SCHEMA))
        return sorted(f"{c}.{s}" for c, s in found)

    def _schemas(self) -> Iterator[tuple[str, str]]:
        for name in self._files.names("schemas"):
            catalog, _, schema = name.partition(".")
            yield catalog, schema
        for member in self._placed():
            yield member.catalog, member.schema

    def _placed(self) -> Iterator[ThreePartName]:
        yield from self._tables.names()
        yield from self._views.names()
        yield from self._volumes.names()
        for name in self._registry.names():
            yield table_name(name)

    def check_catalog(self, name: str) -> None:
        """Raises CatalogNotFound where no catalog has this name."""
        if name != DEFAULT_CATALOG and name not in self.catalogs():
            raise CatalogNotFound(f"Catalog '{name}' does not exist.")

    def check_schema(self, full_name: str) -> None:
        """Raises CatalogNotFound, SchemaNotFound where there is no such catalog, or no such schema."""
        catalog = full_name.partition(".")[0]
        if full_name not in self.schemas(catalog):
            self.check_catalog(catalog)
            raise SchemaNotFound(f"Schema '{full_name}' does not exist.")

    # ------------------------------------------------------------------ what lies in a schema
    def members(self, schema: str) -> Members:
        """What lies in a schema, by its full name."""

        def those(names: list[str]) -> list[str]:
            return [name for name in names if name.startswith(f"{schema}.")]

        tables = those([str(name) for name in self._tables.names()])
        views = those([str(name) for name in self._views.names()])
        volumes = those([str(name) for name in self._volumes.names()])
        documents = {kind: self._files.names(kind, schema) for kind in _DOCUMENTS}
        return Members(tables, views, those(self._registry.names()), volumes, **documents)

    def empty(self, schema: str) -> None:
        """Delete what lies in a schema; registered files and folders stay. The lock is held.

        Raises:
            NewerRelease: an index of another release, which must delete it.
        """
        found = self.members(schema)
        for name in found.indexes:
            with contextlib.suppress(NotFound):  # deleted just now
                self._registry.delete(name)
        for name in found.tables:
            with contextlib.suppress(NotFound):
                self._tables.drop(table_name(name))
        for name in found.views:
            with contextlib.suppress(NotFound):
                self._views.drop(table_name(name))
        for name in found.volumes:
            self._volumes.delete(ThreePartName(*name.split(".")))
        for kind in ("tables", "volumes", *_DOCUMENTS):
            for name in self._files.names(kind, schema):
                self._files.remove(kind, name)
