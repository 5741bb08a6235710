"""`spark.read` that knows a workspace's tables."""

from __future__ import annotations

from pyspark.sql import DataFrame, DataFrameReader


class TableReader(DataFrameReader):
    """A `DataFrameReader` whose `table` is the session's."""

    def table(self, tableName: str) -> DataFrame:  # noqa: N803
        """See `WorkspaceSession.table`."""
        return self._spark.table(tableName)
