"""What `delta.tables` offers: Delta's API of a table, over a workspace's tables and Delta folders.

Each call is the statement of SQL that says the same, carried out by the workspace. Names, arguments and
errors are those of delta-spark 4; nothing of it is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql.types import StructType

from engine.core.names import quoted_name
from engine.errors import BadStatement, NotSupported
from engine.spark.delta.api.exceptions import as_delta
from engine.spark.delta.api.given import (
    Expression,
    check_expression,
    check_type,
    check_values,
    session_of,
)
from engine.spark.delta.api.merge_builder import DeltaMergeBuilder
from engine.spark.delta.api.optimize_builder import DeltaOptimizeBuilder
from engine.spark.delta.api.table_builder import DeltaTableBuilder, IdentityGenerator
from engine.spark.delta.converting import convert
from engine.spark.delta.places import FolderPlace, NamedPlace, Place, named_place, path_named
from engine.spark.errors import check_running
from engine.spark.frames.expressions import Side, sql_of
from engine.spark.frames.merge_statement import MergeStatement, Values, column_parts
from engine.store.tables.partitions import is_delta
from engine.store.tables.versions import AsOf

__all__ = [
    "DeltaMergeBuilder",
    "DeltaOptimizeBuilder",
    "DeltaTable",
    "DeltaTableBuilder",
    "IdentityGenerator",
]


class DeltaTable:
    """A table of the workspace, or the Delta table of a folder.

    Methods raise AnalysisException for what the table refuses, ConcurrentWriteException where another
    writes it, TypeError and ValueError for arguments of other kinds.
    """

    def __init__(self, spark: Any, place: Place, alias: str | None = None) -> None:
        """See `forName` and `forPath`."""
        self._spark, self._place, self._alias = spark, place, alias

    # ------------------------------------------------------------------ which table
    @classmethod
    def forName(cls, sparkSession: Any, tableOrViewName: str) -> DeltaTable:  # noqa: N802, N803
        """A table by its name of one to three parts, or by its folder as delta.`path`.

        Raises:
            AnalysisException: DELTA_MISSING_DELTA_TABLE; there is none, or it is a view or other files.
        """
        session = _running(sparkSession)
        check_type(tableOrViewName, str, "tableOrViewName")
        with as_delta():
            path = path_named(tableOrViewName)
            if path is None:
                return cls(session, named_place(session, tableOrViewName))
        return cls.forPath(session, path)

    @classmethod
    def forPath(  # noqa: N802
        cls,
        sparkSession: Any,  # noqa: N803
        path: str,
        hadoopConf: Mapping[str, str] | None = None,  # noqa: N803
    ) -> DeltaTable:
        """The Delta table of a folder of this machine, or of a volume.

        Raises:
            AnalysisException: DELTA_MISSING_DELTA_TABLE; there is none, or the folder is elsewhere.
        """
        session = _running(sparkSession)
        check_type(path, str, "path")
        with as_delta():
            if hadoopConf:
                raise NotSupported(
                    f"hadoopConf {sorted(hadoopConf)} is for files elsewhere; here they are on this "
                    "machine. Leave it out."
                )
            place = FolderPlace(session, path)
            place.check()
            return cls(session, place)

    @classmethod
    def isDeltaTable(cls, sparkSession: Any, identifier: str) -> bool:  # noqa: N802, N803
        """Whether a path is the folder of a Delta table; a table's name is none, as in the cloud."""
        session = _running(sparkSession)
        check_type(identifier, str, "identifier")
        with as_delta():
            return is_delta(FolderPlace(session, path_named(identifier) or identifier).folder)

    @classmethod
    def convertToDelta(  # noqa: N802
        cls,
        sparkSession: Any,  # noqa: N803
        identifier: str,
        partitionSchema: str | StructType | None = None,  # noqa: N803
        collectStats: bool = False,  # noqa: N803
    ) -> DeltaTable:
        """Make a folder of Parquet files a Delta table where it lies; a table's name gives the table.

        Args:
            identifier: parquet.`path`, or a name. partitionSchema: of columns that folders name.
            collectStats: they always are.

        Raises:
            AnalysisException: no such files, or partitions of which nothing was said.
        """
        session = _running(sparkSession)
        check_type(identifier, str, "identifier")
        with as_delta():
            path = path_named(identifier, "parquet")
            if path is None:
                return cls.forName(session, identifier)
            convert(session, path, partitionSchema)
        return cls.forPath(session, path)

    # ------------------------------------------------------------------ new tables
    @classmethod
    def create(cls, sparkSession: Any = None) -> DeltaTableBuilder:  # noqa: N803
        """A builder of a table that must not be there yet."""
        return DeltaTableBuilder(_running(sparkSession), "create", cls.forName, cls.forPath)

    @classmethod
    def createIfNotExists(cls, sparkSession: Any = None) -> DeltaTableBuilder:  # noqa: N802, N803
        """A builder of a table, which leaves one that is there."""
        return DeltaTableBuilder(_running(sparkSession), "lenient", cls.forName, cls.forPath)

    @classmethod
    def replace(cls, sparkSession: Any = None) -> DeltaTableBuilder:  # noqa: N803
        """A builder of a table in the place of one that must be there."""
        return DeltaTableBuilder(_running(sparkSession), "replace", cls.forName, cls.forPath)

    @classmethod
    def createOrReplace(cls, sparkSession: Any = None) -> DeltaTableBuilder:  # noqa: N802, N803
        """A builder of a table, in the place of one that may be there."""
        return DeltaTableBuilder(_running(sparkSession), "anew", cls.forName, cls.forPath)

    # ------------------------------------------------------------------ rows
    def toDF(self) -> DataFrame:  # noqa: N802
        """The rows that the table has now."""
        with as_delta():
            rows = self._frame()
            return rows if self._alias is None else rows.alias(self._alias)

    def alias(self, aliasName: str) -> DeltaTable:  # noqa: N803
        """The table, whose columns are named behind an alias."""
        check_type(aliasName, str, "aliasName")
        return DeltaTable(self._spark, self._place, aliasName)

    def update(
        self,
        condition: Expression | None = None,
        set: Values | None = None,
    ) -> None:
        """Give the rows that fulfil a condition, or all, values in some columns.

        Args:
            condition: SQL or a Column. set: such values by the columns' names; of a struct also its
                field's, as "address.city".
        """
        values = check_values(set, "'set'")
        check_expression(condition)
        with as_delta():
            if not values:
                raise BadStatement(
                    "No columns are assigned; expected some, as {'name': \"'text'\"}."
                )
            names = (".".join(map(quoted_name, column_parts(one, self._own))) for one in values)
            said = [*values.values(), *([] if condition is None else [condition])]
            found = self._sql(said)
            pairs = ", ".join(f"{name} = {value}" for name, value in zip(names, found))
            where = "" if condition is None else f" WHERE {found[-1]}"
            self._change(f"UPDATE {self._target} SET {pairs}{where}")

    def delete(self, condition: Expression | None = None) -> None:
        """Delete the rows that fulfil a condition, SQL or a Column; all without one."""
        check_expression(condition)
        with as_delta():
            where = "" if condition is None else f" WHERE {self._sql([condition])[0]}"
            self._change(f"DELETE FROM {self._target}{where}")

    def merge(self, source: DataFrame, condition: Expression) -> DeltaMergeBuilder:
        """A merge of a DataFrame's rows into the table.

        Args:
            condition: when a row of the table matches one of the source, SQL or a Column.
        """
        for name, value in (("source", source), ("condition", condition)):
            if value is None:
                raise ValueError(f"'{name}' in merge cannot be None")
        if not isinstance(source, DataFrame):
            raise TypeError("Type of 'source' in merge must be DataFrame.")
        check_expression(condition, "'condition' in merge")
        with as_delta():
            self._check_is_there()
            begun = MergeStatement.begun(self._place, source, self._own, condition)
            return DeltaMergeBuilder(self._spark, begun)

    # ------------------------------------------------------------------ what is told of it
    def history(self, limit: int | None = None) -> DataFrame:
        """Its versions, the newest first; at most `limit` of them."""
        if limit is not None:
            check_type(limit, int, "limit")
        some = "" if limit is None else f" LIMIT {limit}"
        return self._told(f"DESCRIBE HISTORY {self._place.said}{some}")

    def detail(self) -> DataFrame:
        """Its format, name, place, size and the like, as one row."""
        return self._told(f"DESCRIBE DETAIL {self._place.said}")

    # ------------------------------------------------------------------ upkeep
    def vacuum(self, retentionHours: float | None = None) -> DataFrame:  # noqa: N803
        """Delete files that no version of the last hours needs; a DataFrame without rows."""
        some = "" if retentionHours is None else f" RETAIN {math.ceil(float(retentionHours))} HOURS"
        self._told(f"VACUUM {self._place.said}{some}")
        return self._spark.createDataFrame([], StructType([]))

    def optimize(self) -> DeltaOptimizeBuilder:
        """What joins its small files."""
        return DeltaOptimizeBuilder(self._spark, self._place.said)

    def generate(self, mode: str) -> None:
        """Raises AnalysisException: manifests are for readers that know no Delta."""
        with as_delta():
            raise NotSupported(
                f"generate({mode!r:.40}) is not supported: manifests are for readers of files "
                "elsewhere. Write the rows for those: table.toDF().write.parquet(...)."
            )

    def upgradeTableProtocol(self, readerVersion: int, writerVersion: int) -> None:  # noqa: N802, N803
        """Let the table say newer versions of the protocol."""
        check_type(readerVersion, int, "readerVersion")
        check_type(writerVersion, int, "writerVersion")
        versions = {"minReaderVersion": readerVersion, "minWriterVersion": writerVersion}
        with as_delta():
            self._place.set_properties({f"delta.{key}": str(one) for key, one in versions.items()})

    def addFeatureSupport(self, featureName: str) -> None:  # noqa: N802, N803
        """Let the table say that it has a feature of Delta's."""
        check_type(featureName, str, "featureName")
        with as_delta():
            self._place.add_feature(featureName)

    def dropFeatureSupport(self, featureName: str, truncateHistory: bool | None = None) -> None:  # noqa: N802, N803
        """Raises AnalysisException: features are not taken away."""
        check_type(featureName, str, "featureName")
        with as_delta():
            raise NotSupported(
                f"dropFeatureSupport({featureName!r:.40}) is not supported: features of a table are not "
                "taken away. Write its rows as a new table: table.toDF().writeTo(...).create()."
            )

    # ------------------------------------------------------------------ earlier versions
    def restoreToVersion(self, version: int) -> DataFrame:  # noqa: N802
        """Make a version the newest once more; a row of what that changed."""
        check_type(version, int, "version")
        with as_delta():
            return self._spark.frame(self._place.restore(AsOf(version=version)))

    def restoreToTimestamp(self, timestamp: str) -> DataFrame:  # noqa: N802
        """Make the version that was the newest at a time so once more; a row of what that changed."""
        check_type(timestamp, str, "timestamp")
        with as_delta():
            moment = self._spark.read.version_said({"timestampasof": timestamp})
            return self._spark.frame(self._place.restore(moment))

    def clone(
        self,
        target: str,
        isShallow: bool = False,  # noqa: N803
        replace: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> DeltaTable:
        """Copy the table, with its definition, to a table of the workspace; files are never shared.

        Args:
            target: a name, or a folder. isShallow: the same here. replace: a table that is there may go.
            properties: beside those of the table.
        """
        check_type(target, str, "target")
        check_type(isShallow, bool, "isShallow")
        check_type(replace, bool, "replace")
        with as_delta():
            if isinstance(self._place, NamedPlace) and "/" not in target:
                word = "CREATE OR REPLACE TABLE" if replace else "CREATE TABLE"
                self._spark.sql(f"{word} {target} DEEP CLONE {self._place.said}")
                copy = DeltaTable.forName(self._spark, target)
                if properties:
                    copy._place.set_properties(dict(properties))
                return copy
        return self._copied(self.toDF(), target, replace, properties)

    def _copied(
        self, rows: DataFrame, target: str, replace: bool, properties: Mapping[str, str] | None
    ) -> DeltaTable:
        """A table of the same rows."""
        if "/" in target:
            with as_delta():
                if properties:
                    raise NotSupported("clone into a folder takes no properties; leave them out.")
            how = "overwrite" if replace else "errorifexists"
            rows.write.format("delta").mode(how).option("overwriteSchema", "true").save(target)
            return DeltaTable.forPath(self._spark, target)
        writer = rows.writeTo(target)
        for key, value in (properties or {}).items():
            writer = writer.tableProperty(key, value)
        if replace:
            writer.createOrReplace()
        else:
            writer.create()
        return DeltaTable.forName(self._spark, target)

    def cloneAtVersion(  # noqa: N802
        self,
        version: int,
        target: str,
        isShallow: bool = False,  # noqa: N803
        replace: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> DeltaTable:
        """Copy the rows of a version; see `clone`."""
        check_type(version, int, "version")
        with as_delta():
            rows = self._place.as_of(AsOf(version=version))
        return self._copied(rows, target, replace, properties)

    # ------------------------------------------------------------------ statements
    @property
    def _own(self) -> str:
        """What statements call the table."""
        return self._alias or self._place.own

    @property
    def _target(self) -> str:
        return f"{self._place.spelled} AS {quoted_name(self._own)}"

    def _frame(self) -> DataFrame:
        self._check_is_there()
        return self._place.frame

    def _check_is_there(self) -> None:
        check_running(self._spark)
        self._place.check()

    def _sql(self, values: list[str | Column]) -> list[str]:
        return sql_of(self._spark, [Side(self._frame().alias(self._own), self._own)], values)

    def _change(self, statement: str) -> None:
        self._check_is_there()
        self._place.change(statement)

    def _told(self, statement: str) -> DataFrame:
        with as_delta():
            self._check_is_there()
            return self._spark.sql(statement)


def _running(given: Any) -> Any:
    """A session on a workspace that runs. Raises ValueError, PySparkRuntimeError."""
    session = session_of(given)
    check_running(session)
    return session
