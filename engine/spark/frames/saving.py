"""`df.write.saveAsTable` and its kin, into a workspace's tables; `format("delta")` into folders.

A DataFrame makes its writer by itself, so its class is taught once: those of a session on a workspace
write there, all others as they did.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, DataFrameWriter
from pyspark.sql.classic.dataframe import DataFrame as ClassicDataFrame

from engine.core.names import quoted_name
from engine.errors import BadStatement
from engine.spark.errors import as_spark
from engine.spark.frames.delta_tables import OPTIONS, save_delta
from engine.spark.frames.told import DELTA, Told
from engine.spark.frames.volume_paths import knowing_volumes, local_folder
from engine.spark.frames.worker_rows import rows_of
from engine.spark.kinds import OnWorkspace

_ROWS = "vitrine_saved_rows"


_save = knowing_volumes(DataFrameWriter.save, written=True)


class TableWriter(Told, DataFrameWriter):
    """A `DataFrameWriter` whose tables are the workspace's, whose paths may be those of volumes, and
    which writes Delta tables without their own jars."""

    def __init__(self, frame: DataFrame) -> None:
        super().__init__(frame)
        self.session = frame.sparkSession

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
            how = str(self._jwrite.curmode())
            return save_delta(self.session, self._df, folder, how, chosen, self.told_partitions)

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
        """Write the rows as a table of the workspace; format, partitions and options mean nothing here.

        Raises:
            AnalysisException: the table is there, and the mode refuses that, or can't be written.
        """
        self.mode(mode)
        with as_spark():
            save_rows(self._spark, self._df, name, str(self._jwrite.curmode()))

    def insertInto(self, tableName: str, overwrite: bool | None = None) -> None:  # noqa: N802, N803
        """Put the rows into a table by the places of their columns. Raises AnalysisException."""
        mode = str(self._jwrite.curmode())
        replacing = mode == "Overwrite" if overwrite is None else overwrite
        with as_spark():
            insert_rows(self._spark, self._df, tableName, replacing)


def teach_dataframes() -> None:
    """Let DataFrames of sessions on a workspace write with a `TableWriter`; once for the process."""
    given = ClassicDataFrame.write.fget
    if getattr(given, "knows_workspaces", False):
        return

    def write(self: Any) -> DataFrameWriter:
        is_ours = getattr(self.sparkSession, "workspace", None) is not None
        return TableWriter(self) if is_ours else given(self)

    write.__doc__ = given.__doc__
    write.knows_workspaces = True  # type: ignore[attr-defined]
    ClassicDataFrame.write = property(write)


def save_rows(session: OnWorkspace, frame: DataFrame, name: str, mode: str) -> None:
    """Write a DataFrame's rows as a table.

    Args:
        mode: Spark's: `Append`, `Overwrite`, `ErrorIfExists`, `Ignore`.
    """
    table = session.catalog.full_name(name)
    exists = session.catalog.is_table(name)
    if exists and mode == "Ignore":
        return
    if exists and mode == "Append":
        columns = ", ".join(map(quoted_name, frame.columns))
        _run(session, frame, f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_ROWS}")
        return
    replace = "OR REPLACE " if mode == "Overwrite" else ""
    _run(session, frame, f"CREATE {replace}TABLE {table} AS SELECT * FROM {_ROWS}")


def insert_rows(session: OnWorkspace, frame: DataFrame, name: str, overwrite: bool) -> None:
    """Put a DataFrame's rows into a table by the places of their columns.

    Raises:
        BadStatement: another number of columns than the table has.
    """
    into = session.table(name).columns
    if len(into) != len(frame.columns):
        raise BadStatement(
            f"[INSERT_COLUMN_ARITY_MISMATCH] {name} has {len(into)} columns ({', '.join(into)}); the "
            f"rows have {len(frame.columns)} ({', '.join(frame.columns)})."
        )
    word = "OVERWRITE" if overwrite else "INTO"
    _run(session, frame, f"INSERT {word} {session.catalog.full_name(name)} SELECT * FROM {_ROWS}")


def _run(session: OnWorkspace, frame: DataFrame, statement: str) -> None:
    with rows_of(frame, session.folder) as rows:
        session.workspace.sql(statement, session=session.names.with_rows({_ROWS: rows}))
