"""`df.mergeInto(table, condition)`: pyspark's MergeIntoWriter, carried out by the workspace's MERGE.

What a clause says as Columns is resolved by Spark over both sides, and written as SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.merge import MergeIntoWriter

from engine.core.names import quoted_name
from engine.errors import BadStatement, InvalidInputException
from engine.spark.errors import as_spark
from engine.spark.frames.columns_said import evolves_always
from engine.spark.frames.table_rows import ROWS, TableRows

_SOURCE = "vitrine_merge_source"
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
            self._session: Any = frame.sparkSession
            self._rows = TableRows(self._session, frame, table)
            self._rows.check_exists()
            self._own = table.rpartition(".")[2].strip("`")
            self._evolves = evolves_always(self._session)
            self._target = self._session.table(table).alias(self._own)
            self._clauses: list[str] = []
            self._on = self.sql_of(self.both, [condition])[0]

    # ------------------------------------------------------------------ clauses
    def whenMatched(self, condition: Value | None = None) -> Matched:  # noqa: N802
        """What becomes of rows of the table that match one of the DataFrame."""
        return Matched(self, "MATCHED", self.both, condition)

    def whenNotMatched(self, condition: Value | None = None) -> NotMatched:  # noqa: N802
        """What becomes of rows of the DataFrame that match none of the table."""
        return NotMatched(self, "NOT MATCHED", self._rows.frame, condition)

    def whenNotMatchedBySource(  # noqa: N802
        self, condition: Value | None = None
    ) -> NotMatchedBySource:
        """What becomes of rows of the table that match none of the DataFrame."""
        return NotMatchedBySource(self, "NOT MATCHED BY SOURCE", self._target, condition)

    def withSchemaEvolution(self) -> TableMergeWriter:  # noqa: N802
        """Add the columns that the table lacks and the clauses write."""
        self._evolves = True
        return self

    def merge(self) -> None:
        """Carry out the merge.

        Raises:
            AnalysisException: it has no clause, or can't be carried out, and why.
        """
        with as_spark():
            if not self._clauses:
                raise BadStatement(
                    "[NO_MERGE_ACTION_SPECIFIED] df.mergeInto needs to be followed by at least one of "
                    "whenMatched/whenNotMatched/whenNotMatchedBySource."
                )
            self._rows.run(
                f"MERGE {'WITH SCHEMA EVOLUTION' if self._evolves else ''} INTO {self._rows.full_name} "
                f"AS {quoted_name(self._own)} USING {ROWS} AS {_SOURCE} ON {self._on} "
                f"{' '.join(self._clauses)}"
            )

    def add(self, clause: str) -> TableMergeWriter:
        """Put a clause behind the others."""
        self._clauses.append(clause)
        return self

    # ------------------------------------------------------------------ Columns as SQL
    @property
    def both(self) -> DataFrame:
        """The columns of both sides."""
        return self._rows.frame.crossJoin(self._target)

    def column(self, name: str) -> str:
        """A column of the table that an assignment names, in SQL; also behind the table's name."""
        behind = name.removeprefix(f"{self._own}.")
        return quoted_name(behind.strip("`"))

    def sql_of(self, over: DataFrame, values: Sequence[Value]) -> list[str]:
        """Values as SQL over the two sides of the merge, as Spark resolves them over a DataFrame."""
        given = [F.col(one) if isinstance(one, str) else one for one in values]
        return self._rows.sql_of(over, given, self._own, _SOURCE)


class _Clause:
    """One clause of a merge, whose last word puts it into the statement."""

    def __init__(
        self, writer: TableMergeWriter, kind: str, over: DataFrame, condition: Value | None
    ) -> None:
        self._writer, self._over, self._when = writer, over, f"WHEN {kind}"
        if condition is not None:
            with as_spark():
                self._when += f" AND ({writer.sql_of(over, [condition])[0]})"

    def _then(self, action: str) -> TableMergeWriter:
        return self._writer.add(f"{self._when} THEN {action}")

    def _update(self, assignments: Values) -> TableMergeWriter:
        columns, values = self._assigned(assignments)
        pairs = (f"{name} = {value}" for name, value in zip(columns, values))
        return self._then(f"UPDATE SET {', '.join(pairs)}")

    def _assigned(self, assignments: Values) -> tuple[list[str], list[str]]:
        """Columns and their values in SQL. Raises AnalysisException: there is none."""
        with as_spark():
            if not assignments:
                raise BadStatement("No columns are assigned; expected some, as {'name': value}.")
            columns = [self._writer.column(name) for name in assignments]
            return columns, self._writer.sql_of(self._over, list(assignments.values()))


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
        columns, values = self._assigned(assignments)
        return self._then(f"INSERT ({', '.join(columns)}) VALUES ({', '.join(values)})")


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
