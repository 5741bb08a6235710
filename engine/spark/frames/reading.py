"""`spark.read` that knows a workspace's tables and volumes, and Delta tables by path."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, DataFrameReader

from engine.spark.errors import as_spark
from engine.spark.frames.told import DELTA, Told
from engine.spark.frames.volume_paths import knowing_volumes, local_folder
from engine.spark.kinds import OnWorkspace

_load = knowing_volumes(DataFrameReader.load)


class TableReader(Told, DataFrameReader):
    """A `DataFrameReader` whose `table` is the session's, whose paths may be those of volumes, and which
    reads Delta tables without their own jars."""

    def __init__(self, session: OnWorkspace) -> None:
        super().__init__(session)
        self.session = session

    def table(self, tableName: str) -> DataFrame:  # noqa: N803
        """See `WorkspaceSession.table`."""
        return self.session.table(tableName)

    def load(
        self,
        path: str | list[str] | None = None,
        format: str | None = None,
        schema: Any = None,
        **options: Any,
    ) -> DataFrame:
        """The rows of files, or with `format("delta")` those that a Delta table has now.

        Raises:
            AnalysisException: no Delta table, or one that can't be read.
        """
        if format is not None:
            self.format(format)
        if self.told_format != DELTA or self.session.knows_delta():
            return _load(self, path, format, schema, **options)
        with as_spark():
            self._told(options)
            found, _ = self.path_told(path, ())
            folder = local_folder(self.session.workspace.volumes, found)
            return super().table(self.session.relations.of_delta(folder))

    parquet = knowing_volumes(DataFrameReader.parquet)
    csv = knowing_volumes(DataFrameReader.csv)
    json = knowing_volumes(DataFrameReader.json)
    text = knowing_volumes(DataFrameReader.text)
    orc = knowing_volumes(DataFrameReader.orc)
