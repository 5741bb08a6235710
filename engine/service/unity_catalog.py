"""Unity Catalog of a workspace: its services, each one noun. Knows who needs whom; nothing else."""

from __future__ import annotations

from typing import Final

from engine.service.catalogs.catalogs import Catalogs
from engine.service.catalogs.changes.grants import Grants
from engine.service.catalogs.changes.permissions import Permissions
from engine.service.catalogs.changes.renaming import Renaming
from engine.service.catalogs.changes.tags import Tags
from engine.service.catalogs.constraints import Constraints
from engine.service.catalogs.contents import Contents
from engine.service.catalogs.definitions import Functions, RegisteredModels
from engine.service.catalogs.given_tables import GivenTables
from engine.service.catalogs.schemas import Schemas
from engine.service.catalogs.tables import Tables
from engine.service.catalogs.volumes import Volumes
from engine.service.indexes.registry import IndexRegistry
from engine.store.layout import Layout
from engine.store.securable_files import SecurableFiles
from engine.store.tables.changing import TableChanges
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore
from engine.store.volumes import VolumeStore


class UnityCatalog:
    """What is registered in a workspace, as the cloud's Unity Catalog shows it.

    Attributes:
        catalogs, schemas, tables, constraints, volumes, functions, models, tags, grants, permissions: a
            service each.
        given_tables: brings tables to what somebody lists. renaming: gives them other names.
        views: the queries that are among the tables.
    """

    def __init__(
        self, layout: Layout, tables: TableStore, volumes: VolumeStore, registry: IndexRegistry
    ) -> None:
        self.views: Final = ViewStore(layout)
        files = SecurableFiles(layout)
        contents = Contents(files, tables, self.views, registry, volumes)
        self.catalogs: Final = Catalogs(files, contents)
        self.schemas: Final = Schemas(files, contents)
        self.tables: Final = Tables(tables, self.views, registry, files, contents)
        changes = TableChanges(layout, tables)
        self.given_tables: Final = GivenTables(tables, self.tables, changes)
        self.renaming: Final = Renaming(self.tables, tables, self.views, registry, files)
        self.tags: Final = Tags(files)
        self.grants: Final = Grants(files)
        self.constraints: Final = Constraints(self.tables, files)
        self.volumes: Final = Volumes(volumes, files, contents)
        self.functions: Final = Functions(files, contents)
        self.models: Final = RegisteredModels(files, contents)
        things = {
            "catalog": self.catalogs.get,
            "schema": self.schemas.get,
            "table": self.tables.get,
            "volume": self.volumes.get,
            "function": self.functions.get,
        }
        self.permissions: Final = Permissions(self.grants, things, self.views.exists)
