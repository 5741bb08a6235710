"""`spark.read` that knows a workspace's tables and volumes, and Delta tables by path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame, DataFrameReader, SparkSession

from engine.errors import InvalidInputException, NotSupported
from engine.spark.errors import as_spark
from engine.spark.frames.told import DELTA, Told
from engine.spark.frames.volume_paths import knowing_volumes, local_folder, with_volume_paths
from engine.spark.kinds import OnWorkspace
from engine.store.tables.versions import AsOf

_OF_CHANGES = ("readChangeFeed", "readChangeData")
NO_CHANGES = (
    "the changes of a table (readChangeFeed, table_changes) can't be read here: of a table of the "
    "workspace its rows are kept, not what they were before."
)
_VERSIONS = ("versionAsOf", "timestampAsOf")
_load = knowing_volumes(DataFrameReader.load)


class TableReader(Told, DataFrameReader):
    """A `DataFrameReader` whose `table` is the session's, whose paths may be those of volumes, and which
    reads Delta tables without their own jars."""

    def __init__(self, session: OnWorkspace) -> None:
        super().__init__(session)
        self.session = session

    def table(self, tableName: str) -> DataFrame:  # noqa: N803
        """See `WorkspaceSession.table`; with the option versionAsOf or timestampAsOf an earlier version.

        Raises:
            AnalysisException: there is no table, or no such version, or its rows are gone.
        """
        with as_spark():
            for name in _OF_CHANGES:
                if str(self.told_options.get(name.lower(), "false")).lower() == "true":
                    raise NotSupported(NO_CHANGES)
            as_of = self.version_said(self.told_options)
            return self._shown(self.session.relations.spark_name(tableName, as_of))

    def option(self, key: str, value: Any) -> TableReader:
        """One option; the path may be one of a volume."""
        if key.lower() != "path":
            return super().option(key, value)
        self._told({key: value})
        return self._with_path(self, key, value)

    def options(self, **options: Any) -> TableReader:
        """Some options, see `option`."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def load(
        self,
        path: str | list[str] | None = None,
        format: str | None = None,
        schema: Any = None,
        **options: Any,
    ) -> DataFrame:
        """The rows of files, or with `format("delta")` those that a Delta table has now, or had as the
        option versionAsOf or timestampAsOf says.

        Raises:
            AnalysisException: no Delta table, or one that can't be read, or no such version.
        """
        if format is not None:
            self.format(format)
        if self.told_format != DELTA or self.session.knows_delta():
            found = _load(self, path, format, schema, **options)
            if self.told_format != "binaryfile":
                return found
            given = self.told_options.get("path") if path is None else path
            return with_volume_paths(found, self.session.workspace.volumes, given)
        with as_spark():
            self._told(options)
            found, told = self.path_told(path, _VERSIONS)
            folder = local_folder(self.session.workspace.volumes, found)
            return self._shown(self.session.relations.of_delta(folder, self.version_said(told)))

    def _shown(self, name: str) -> DataFrame:
        """A relation of Spark's, without the options, of which Spark would refuse those of versions."""
        return SparkSession.table(self.session, name)

    def version_said(self, told: Mapping[str, Any]) -> AsOf | None:
        """The version that options say, by their names in small letters; None for the newest.

        Raises:
            InvalidInputException: what is no version, or both.
        """
        said = {one: told[one.lower()] for one in _VERSIONS if one.lower() in told}
        if not said:
            return None
        ((name, value), *others) = said.items()
        if others:
            raise InvalidInputException(f"both {' and '.join(said)} are given; expected one.")
        if name == "versionAsOf":
            text = str(value).removeprefix("v")
            if not text.isdecimal():
                raise InvalidInputException(
                    f"versionAsOf is {value!r:.40}; expected a whole number."
                )
            return AsOf(version=int(text))
        given = {"at": value if isinstance(value, (date, datetime)) else str(value)}
        at = self.session.workspace.sql("SELECT CAST(:at AS TIMESTAMP) AS at", parameters=given)
        return AsOf(moment=at["at"][0].as_py())

    _with_path = staticmethod(knowing_volumes(DataFrameReader.option))
    parquet = knowing_volumes(DataFrameReader.parquet)
    csv = knowing_volumes(DataFrameReader.csv)
    json = knowing_volumes(DataFrameReader.json)
    text = knowing_volumes(DataFrameReader.text)
    orc = knowing_volumes(DataFrameReader.orc)
