"""`spark.catalog` of a workspace: its catalogs, schemas and tables, beside Spark's temporary views."""

from __future__ import annotations

import contextlib
from fnmatch import fnmatchcase
from typing import cast

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql.catalog import Catalog, CatalogMetadata, Column, Database, Function, Table
from pyspark.sql.types import StructType

from engine.core.names import ThreePartName, quoted_name
from engine.errors import NotFound, VitrineError
from engine.spark.errors import as_spark
from engine.spark.kinds import OnWorkspace

_SPARKS_OWN = "default"  # a schema of Spark's; temporary views are listed with any


class WorkspaceCatalog(Catalog):
    """A `Catalog` over a workspace."""

    def __init__(self, session: OnWorkspace) -> None:
        super().__init__(session)
        self._session, self._workspace = session, session.workspace

    # ------------------------------------------------------------------ where names start
    def currentCatalog(self) -> str:  # noqa: N802
        """The catalog of names without one."""
        return self._session.names.catalog

    def setCurrentCatalog(self, catalogName: str) -> None:  # noqa: N802, N803
        """Change it. Raises AnalysisException where there is no such catalog."""
        self._session.sql(f"USE CATALOG `{catalogName}`")

    def currentDatabase(self) -> str:  # noqa: N802
        """The schema of names without one."""
        return self._session.names.schema

    def setCurrentDatabase(self, dbName: str) -> None:  # noqa: N802, N803
        """Change it; a name of two parts also the catalog. Raises AnalysisException."""
        self._session.sql(f"USE SCHEMA {dbName}")

    # ------------------------------------------------------------------ what there is
    def listCatalogs(self, pattern: str | None = None) -> list[CatalogMetadata]:  # noqa: N802
        """The workspace's catalogs."""
        named = [(one["name"], one.get("comment")) for one in self._workspace.list_catalogs()]
        return [CatalogMetadata(name, said) for name, said in named if _fits(name, pattern)]

    def listDatabases(self, pattern: str | None = None) -> list[Database]:  # noqa: N802
        """The schemas of the current catalog."""
        with as_spark():
            found = self._workspace.list_schemas(self._session.names.catalog)
        return [
            Database(one["name"], one["catalog_name"], one.get("comment"), "")
            for one in found
            if _fits(one["name"], pattern)
        ]

    def getDatabase(self, dbName: str) -> Database:  # noqa: N802, N803
        """A schema. Raises AnalysisException where there is none."""
        with as_spark():
            one = self._workspace.get_schema(self._schema(dbName))
        return Database(one["name"], one["catalog_name"], one.get("comment"), "")

    def databaseExists(self, dbName: str) -> bool:  # noqa: N802, N803
        """Whether there is a schema of this name."""
        with contextlib.suppress(VitrineError):
            self._workspace.get_schema(self._schema(dbName))
            return True
        return False

    def listTables(self, dbName: str | None = None, pattern: str | None = None) -> list[Table]:  # noqa: N802, N803
        """The tables and views of a schema, the current one where none is named; temporary views too."""
        catalog, schema = self._schema(dbName).split(".")
        with as_spark():
            names = self._workspace.unity_catalog.tables.names_in(catalog, schema)
        own = [self._described(name) for name in names]
        temporary = [one for one in super().listTables(_SPARKS_OWN) if one.isTemporary]
        return [one for one in [*own, *temporary] if _fits(one.name, pattern)]

    def getTable(self, tableName: str) -> Table:  # noqa: N802, N803
        """A table or a view. Raises AnalysisException where there is none."""
        if self._session.has_temporary(tableName):
            return super().getTable(tableName)
        with as_spark():
            name = str(self.full_name(tableName))
            if not self.is_table(tableName):
                raise NotFound(
                    f"[TABLE_OR_VIEW_NOT_FOUND] The table or view {name} cannot be found."
                )
        return self._described(name)

    def tableExists(self, tableName: str, dbName: str | None = None) -> bool:  # noqa: N802, N803
        """Whether there is a table, a view or a temporary view of this name."""
        if dbName is not None:
            return self.is_table(f"{dbName}.{tableName}")
        return self._session.has_temporary(tableName) or self.is_table(tableName)

    def listColumns(self, tableName: str, dbName: str | None = None) -> list[Column]:  # noqa: N802, N803
        """The columns of a table or a view. Raises AnalysisException where there is none."""
        name = tableName if dbName is None else f"{dbName}.{tableName}"
        frame = self._session.table(name)
        comments, partitions, clusters = self._facts(name)
        return [
            Column(
                name=field.name,
                description=comments.get(field.name),
                dataType=field.dataType.simpleString(),
                nullable=field.nullable,
                isPartition=field.name in partitions,
                isBucket=False,
                isCluster=field.name in clusters,
            )
            for field in frame.schema.fields
        ]

    def _facts(self, name: str) -> tuple[dict[str, str], list[str], list[str]]:
        """A table's comments of columns, and the columns that it is partitioned and clustered by."""
        if self._session.has_temporary(name):
            return {}, [], []
        full = self.full_name(name)
        one = next(iter(self._workspace.describe_tables([str(full)])), {})
        comments = {
            each["name"]: each["comment"] for each in one.get("columns", ()) if "comment" in each
        }
        with contextlib.suppress(VitrineError):  # views have none
            quoted = ".".join(map(quoted_name, (full.catalog, full.schema, full.name)))
            (detail,) = self._workspace.sql(f"DESCRIBE DETAIL {quoted}").to_pylist()
            return comments, detail["partitionColumns"], detail["clusteringColumns"]
        return comments, [], []

    # ------------------------------------------------------------------ functions, which are Spark's
    def listFunctions(  # noqa: N802
        self,
        dbName: str | None = None,  # noqa: N803
        pattern: str | None = None,
    ) -> list[Function]:
        """Spark's functions, and those that the session registered; the same of each schema."""
        if dbName is not None:
            self.getDatabase(dbName)
        return super().listFunctions(_SPARKS_OWN, pattern)

    # ------------------------------------------------------------------ what is made
    def createTable(  # noqa: N802
        self,
        tableName: str,  # noqa: N803
        path: str | None = None,
        source: str | None = None,
        schema: StructType | None = None,
        description: str | None = None,
        **options: str,
    ) -> DataFrame:
        """Make a table without rows in the workspace; its format and options mean nothing here.

        Raises:
            AnalysisException: it is there, has no columns, or is to lie elsewhere.
        """
        if path is not None or schema is None:
            raise AnalysisException(
                "createTable makes tables of the workspace, by their columns: give a schema, and no "
                "path. Files elsewhere become a table by: vitrine table register NAME FILES..."
            )
        self._session.createDataFrame([], schema).writeTo(tableName).create()
        if description is not None:
            name = self.full_name(tableName)
            self._session.sql(f"COMMENT ON TABLE {name} IS :said", {"said": description})
        return self._session.table(tableName)

    # ------------------------------------------------------------------ what is nothing here
    def isCached(self, tableName: str) -> bool:  # noqa: N802, N803
        """Whether a temporary view is; tables never are. Raises AnalysisException without it."""
        if self._session.has_temporary(tableName):
            return super().isCached(tableName)
        self._session.table(tableName)
        return False

    def recoverPartitions(self, tableName: str) -> None:  # noqa: N802, N803
        """Nothing: a table knows its files. Raises AnalysisException where there is none."""
        self._session.table(tableName)

    def refreshTable(self, tableName: str) -> None:  # noqa: N802, N803
        """Nothing: each use of a table reads it as it is then. Raises AnalysisException without it."""
        self._session.table(tableName)

    def cacheTable(self, tableName: str, storageLevel: object = None) -> None:  # noqa: N802, N803
        """Nothing: tables are local files. Raises AnalysisException where there is none."""
        self._session.table(tableName)

    def uncacheTable(self, tableName: str) -> None:  # noqa: N802, N803
        """Nothing, see `cacheTable`."""

    # ------------------------------------------------------------------ names
    def is_table(self, name: str) -> bool:
        """Whether the workspace has a table, a view or an index of this name."""
        with contextlib.suppress(VitrineError):
            return self._workspace.unity_catalog.tables.schema_has(self.full_name(name))
        return False

    def full_name(self, name: str) -> ThreePartName:
        """A table's name with its catalog and schema. Raises InvalidParameterValue: it is no name."""
        return self._session.names.full_name(tuple(part.strip("`") for part in name.split(".")))

    def _schema(self, name: str | None) -> str:
        names = self._session.names
        if name is None:
            return f"{names.catalog}.{names.schema}"
        bare = name.replace("`", "")
        return bare if "." in bare else f"{names.catalog}.{bare}"

    def _described(self, name: str) -> Table:
        one = next(iter(self._workspace.describe_tables([name], columns=False)), None)
        if one is None:
            raise AnalysisException(f"[TABLE_OR_VIEW_NOT_FOUND] {name} was dropped meanwhile.")
        return Table(
            name=cast(str, one["name"]),
            catalog=one["catalog_name"],
            namespace=[one["schema_name"]],
            description=one.get("comment"),
            tableType=one["table_type"],
            isTemporary=False,
        )


def _fits(name: str, pattern: str | None) -> bool:
    """Whether a name fits Spark's pattern, in which `*` is any text and `|` parts patterns."""
    patterns = (pattern or "*").lower().split("|")
    return any(fnmatchcase(name.lower(), one.strip()) for one in patterns)
