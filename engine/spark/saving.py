"""`df.write.saveAsTable` and its kin, into a workspace's tables.

A DataFrame makes its writer by itself, so the writers' classes are taught once: of a session on a
workspace they go there, of any other they do what they did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import DataFrame, DataFrameWriter

from engine.errors import BadStatement
from engine.spark.errors import as_spark

if TYPE_CHECKING:
    from engine.spark.session import WorkspaceSession

_ROWS = "vitrine_saved_rows"


def teach_writers(kind: type[WorkspaceSession]) -> None:
    """Let writers of sessions of this kind write the workspace's tables. Does nothing a second time."""
    if getattr(DataFrameWriter.saveAsTable, "knows_workspaces", False):
        return
    save, insert = DataFrameWriter.saveAsTable, DataFrameWriter.insertInto

    def save_as_table(
        self: DataFrameWriter,
        name: str,
        format: str | None = None,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,  # noqa: N803
        **options: Any,
    ) -> None:
        if not isinstance(self._spark, kind):
            save(self, name, format, mode, partitionBy, **options)
            return
        self.mode(mode)
        with as_spark():
            save_rows(self._spark, self._df, name, str(self._jwrite.curmode()))

    def insert_into(
        self: DataFrameWriter,
        tableName: str,  # noqa: N803
        overwrite: bool | None = None,
    ) -> None:
        if not isinstance(self._spark, kind):
            insert(self, tableName, overwrite)
            return
        replacing = (
            overwrite if overwrite is not None else str(self._jwrite.curmode()) == "Overwrite"
        )
        with as_spark():
            insert_rows(self._spark, self._df, tableName, replacing)

    save_as_table.__doc__, insert_into.__doc__ = save.__doc__, insert.__doc__
    save_as_table.knows_workspaces = True  # type: ignore[attr-defined]
    DataFrameWriter.saveAsTable = save_as_table
    DataFrameWriter.insertInto = insert_into


def save_rows(session: WorkspaceSession, frame: DataFrame, name: str, mode: str) -> None:
    """Write a DataFrame's rows as a table.

    Args:
        mode: Spark's: `Append`, `Overwrite`, `ErrorIfExists`, `Ignore`.
    """
    exists = session.catalog.is_table(name)
    if exists and mode == "Ignore":
        return
    if exists and mode == "Append":
        columns = ", ".join(f"`{column}`" for column in frame.columns)
        _run(session, frame, f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {_ROWS}")
        return
    replace = "OR REPLACE " if mode == "Overwrite" else ""
    _run(session, frame, f"CREATE {replace}TABLE {name} AS SELECT * FROM {_ROWS}")


def insert_rows(session: WorkspaceSession, frame: DataFrame, name: str, overwrite: bool) -> None:
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
    _run(session, frame, f"INSERT {word} {name} SELECT * FROM {_ROWS}")


def _run(session: WorkspaceSession, frame: DataFrame, statement: str) -> None:
    rows: pa.Table = frame.toArrow()
    session.workspace.sql(statement, session=session.names.with_rows({_ROWS: rows}))
