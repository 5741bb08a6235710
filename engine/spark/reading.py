"""`spark.read` that knows a workspace's tables and volumes."""

from __future__ import annotations

from pyspark.sql import DataFrame, DataFrameReader

from engine.spark.kinds import OnWorkspace
from engine.spark.volume_paths import knowing_volumes


class TableReader(DataFrameReader):
    """A `DataFrameReader` whose `table` is the session's, and whose paths may be those of volumes."""

    def __init__(self, session: OnWorkspace) -> None:
        super().__init__(session)
        self.session = session

    def table(self, tableName: str) -> DataFrame:  # noqa: N803
        """See `WorkspaceSession.table`."""
        return self.session.table(tableName)

    load = knowing_volumes(DataFrameReader.load)
    parquet = knowing_volumes(DataFrameReader.parquet)
    csv = knowing_volumes(DataFrameReader.csv)
    json = knowing_volumes(DataFrameReader.json)
    text = knowing_volumes(DataFrameReader.text)
    orc = knowing_volumes(DataFrameReader.orc)
