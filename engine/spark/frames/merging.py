"""`df.mergeInto(table, condition)`: pyspark's MergeIntoWriter over the one MERGE of DataFrames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.merge import MergeIntoWriter

from engine.errors import BadStatement, InvalidInputException
from engine.spark.errors import as_spark
from engine.spark.frames.merge_statement import Kind, MergeStatement
from engine.spark.frames.table_rows import NamedTable, TableRows

Value: TypeAlias = "Column | str"  # a text is the name of a column
Values: TypeAlias = "Mapping[str, Column | str]"


class TableMergeWriter(MergeIntoWriter):
    """A merge of a DataFrame's rows into a table of the workspace.

    `merge` writes one version of the table, or raises AnalysisException and leaves it as it was.
    """

    def __init__(self, frame: DataFrame, table: str, condition: Value) -> None:
        """
        Args:
            table: a name of one to three parts; its columns are named behind the last of them.
            condition: when a row of the table matches one of the DataFrame.

        Raises:
            AnalysisException: there is no such table, or Spark can't resolve the condition.
        """
        with as_spark():
            if not isinstance(table, str):
                raise InvalidInputException(f"mergeInto is given {table!r:.80}; expected a table.")
            TableRows(frame.sparkSession, frame, table).check_exists()
            own = table.rpartition(".")[2].strip("`")
            target = NamedTable(frame.sparkSession, table)
            self.statement = MergeStatement.begun(target, frame, own, said(condition))

    # ------------------------------------------------------------------ clauses
    def whenMatched(self, condition: Value | None = None) -> Matched:  # noqa: N802
        """What becomes of rows of the table that match one of the DataFrame."""
        return Matched(self, "MATCHED", condition)

    def whenNotMatched(self, condition: Value | None = None) -> NotMatched:  # noqa: N802
        """What becomes of rows of the DataFrame that match none of the table."""
        return NotMatched(self, "NOT MATCHED", condition)

    def whenNotMatchedBySource(  # noqa: N802
        self, condition: Value | None = None
    ) -> NotMatchedBySource:
        """What becomes of rows of the table that match none of the DataFrame."""
        return NotMatchedBySource(self, "NOT MATCHED BY SOURCE", condition)

    def withSchemaEvolution(self) -> TableMergeWriter:  # noqa: N802
        """Add the columns that the table lacks and the clauses write."""
        self.statement = replace(self.statement, evolves=True)
        return self

    def merge(self) -> None:
        """Carry out the merge.

        Raises:
            AnalysisException: it has no clause, or can't be carried out, and why.
        """
        with as_spark():
            if not self.statement.clauses:
                raise BadStatement(
                    "[NO_MERGE_ACTION_SPECIFIED] df.mergeInto needs to be followed by at least one of "
                    "whenMatched/whenNotMatched/whenNotMatchedBySource."
                )
            self.statement.run()


def said(value: Value) -> Column:
    """A value as a Column."""
    return F.col(value) if isinstance(value, str) else value


class _Clause:
    """One clause of a merge, whose last word puts it into the statement."""

    def __init__(self, writer: TableMergeWriter, kind: Kind, condition: Value | None) -> None:
        self._writer, self._kind = writer, kind
        with as_spark():
            told = None if condition is None else said(condition)
            self._condition = writer.statement.condition(kind, told)

    def _then(self, action: str) -> TableMergeWriter:
        writer = self._writer
        writer.statement = writer.statement.when(self._kind, self._condition, action)
        return writer

    def _update(self, assignments: Values) -> TableMergeWriter:
        with as_spark():
            return self._then(self._writer.statement.updating(self._kind, columns_of(assignments)))


def columns_of(assignments: Values) -> dict[str, Column]:
    """Assignments whose values are Columns."""
    return {name: said(value) for name, value in assignments.items()}


class Matched(_Clause):
    """See `TableMergeWriter.whenMatched`."""

    def updateAll(self) -> TableMergeWriter:  # noqa: N802
        """Give them the DataFrame's values in all columns, by name."""
        return self._then("UPDATE SET *")

    def update(self, assignments: Values) -> TableMergeWriter:
        """Give them values in some columns."""
        return self._update(assignments)

    def delete(self) -> TableMergeWriter:
        """Delete them."""
        return self._then("DELETE")


class NotMatched(_Clause):
    """See `TableMergeWriter.whenNotMatched`."""

    def insertAll(self) -> TableMergeWriter:  # noqa: N802
        """Put them into the table, by the names of the columns."""
        return self._then("INSERT *")

    def insert(self, assignments: Values) -> TableMergeWriter:
        """Put rows of such values into the table."""
        with as_spark():
            return self._then(self._writer.statement.inserting(columns_of(assignments)))


class NotMatchedBySource(_Clause):
    """See `TableMergeWriter.whenNotMatchedBySource`."""

    def updateAll(self) -> TableMergeWriter:  # noqa: N802
        """Raises AnalysisException: no row of the DataFrame has values for them."""
        with as_spark():
            raise BadStatement(
                "whenNotMatchedBySource().updateAll(): no row of the DataFrame matches these rows, so "
                "none has values for them. Give values: .update({'name': value})."
            )

    def update(self, assignments: Values) -> TableMergeWriter:
        """Give them values in some columns."""
        return self._update(assignments)

    def delete(self) -> TableMergeWriter:
        """Delete them."""
        return self._then("DELETE")
