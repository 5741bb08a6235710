"""`df.write` into a workspace's tables, and with `format("delta")` into folders."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, DataFrameWriter

from engine.spark.delta.saving import OPTIONS, save_delta
from engine.spark.errors import as_spark
from engine.spark.frames.columns_said import columns_said, refuse_replaced, rows_replaced
from engine.spark.frames.table_rows import Definition, TableRows
from engine.spark.frames.told import DELTA, Told
from engine.spark.frames.volume_paths import knowing_volumes, local_folder

_save = knowing_volumes(DataFrameWriter.save, written=True)


class TableWriter(Told, DataFrameWriter):
    """A `DataFrameWriter` whose tables are the workspace's, whose paths may be those of volumes, and
    which writes Delta tables without their own jars."""

    def __init__(self, frame: DataFrame) -> None:
        super().__init__(frame)
        self.session, self._frame = frame.sparkSession, frame

    def save(
        self,
        path: str | None = None,
        format: str | None = None,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,  # noqa: N803
        **options: Any,
    ) -> None:
        """Write the rows to a folder: with `format("delta")` as a Delta table, or into one, with its
        changes recorded, and the options mergeSchema and overwriteSchema; otherwise as Spark does.

        Raises:
            AnalysisException: something is there, and the mode refuses that; or what can't be written.
        """
        if format is not None:
            self.format(format)
        if self.told_format != DELTA or self.session.knows_delta():
            return _save(self, path, format, mode, partitionBy, **options)
        if partitionBy is not None:
            self.partitionBy(partitionBy)
        with as_spark():
            self.mode(mode)._told(options)
            found, chosen = self.path_told(path, OPTIONS)
            folder = local_folder(self.session.workspace.volumes, found, written=True)
            how, parts = self.told_mode, self.told_partitions
            return save_delta(self.session, self._frame, folder, how, chosen, parts)

    parquet = knowing_volumes(DataFrameWriter.parquet, written=True)
    csv = knowing_volumes(DataFrameWriter.csv, written=True)
    json = knowing_volumes(DataFrameWriter.json, written=True)
    text = knowing_volumes(DataFrameWriter.text, written=True)
    orc = knowing_volumes(DataFrameWriter.orc, written=True)

    def saveAsTable(  # noqa: N802
        self,
        name: str,
        format: str | None = None,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,  # noqa: N803
        **options: Any,
    ) -> None:
        """Write the rows as a table of the workspace; the format means nothing here.

        Of the options `replaceWhere`, `replaceUsing`, `replaceOn` (with `targetAlias`) and
        `partitionOverwriteMode` say what mode "overwrite" replaces;
        `mergeSchema` adds the columns that the table lacks, `overwriteSchema` replaces them all.

        Raises:
            AnalysisException: the table is there, and the mode refuses that; columns that it lacks,
                without such an option; or what can't be written.
        """
        self.mode(mode)
        if partitionBy is not None:
            self.partitionBy(partitionBy)
        with as_spark():
            self._told(options)
            told, how = self.told_options, self.told_mode
            rows = TableRows(self.session, self._frame, name)
            replaced = rows_replaced(self.session, told, how == "Overwrite")
            columns = columns_said(self.session, told, how == "Overwrite")
            if replaced.where is not None:
                refuse_replaced(columns)
            if not replaced.are_all and rows.exists():
                return rows.replace(replaced, columns)
            return rows.save(how, Definition(partitioned_by=self.told_partitions), columns)

    def insertInto(self, tableName: str, overwrite: bool | None = None) -> None:  # noqa: N802, N803
        """Put the rows into a table by the places of their columns; with the option `mergeSchema` those
        behind the table's are added to it, and what is replaced is said as for `saveAsTable`.

        Raises AnalysisException.
        """
        replacing = self.told_mode == "Overwrite" if overwrite is None else overwrite
        with as_spark():
            columns = columns_said(self.session, self.told_options)
            replaced = rows_replaced(self.session, self.told_options, replacing)
            rows = TableRows(self.session, self._frame, tableName)
            rows.insert(replaced if replacing else None, columns)
