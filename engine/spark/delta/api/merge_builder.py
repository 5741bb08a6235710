"""`DeltaTable.merge(...)`: its clauses over the one MERGE of DataFrames. Each gives a new builder."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from pyspark.sql import DataFrame

from engine.errors import BadStatement
from engine.spark.delta.api.exceptions import as_delta
from engine.spark.delta.api.given import Expression, check_expression, check_values
from engine.spark.frames.merge_statement import Kind, MergeStatement, Values

_CLAUSES: dict[Kind, str] = {
    "MATCHED": "MATCHED",
    "NOT MATCHED": "NOT_MATCHED",
    "NOT MATCHED BY SOURCE": "NOT_MATCHED_BY_SOURCE",
}


class DeltaMergeBuilder:
    """A merge that `execute` carries out. Conditions and values are texts of SQL or Columns.

    Methods raise AnalysisException for what Spark can't resolve, TypeError and ValueError for arguments
    of other kinds, as those of delta-spark do.
    """

    def __init__(self, spark: Any, statement: MergeStatement) -> None:
        """See `DeltaTable.merge`."""
        self._spark, self._statement = spark, statement

    # ------------------------------------------------------------------ matched
    def whenMatchedUpdate(  # noqa: N802
        self,
        condition: Expression | None = None,
        set: Values | None = None,
    ) -> DeltaMergeBuilder:
        """Give rows that match one of the source values in some columns."""
        return self._updating("MATCHED", condition, check_values(set, "'set' in whenMatchedUpdate"))

    def whenMatchedUpdateAll(  # noqa: N802
        self, condition: Expression | None = None
    ) -> DeltaMergeBuilder:
        """Give rows that match one of the source its values in all columns, by name."""
        return self._then("MATCHED", condition, "UPDATE SET *")

    def whenMatchedDelete(  # noqa: N802
        self, condition: Expression | None = None
    ) -> DeltaMergeBuilder:
        """Delete rows that match one of the source."""
        return self._then("MATCHED", condition, "DELETE")

    # ------------------------------------------------------------------ not matched
    def whenNotMatchedInsert(  # noqa: N802
        self, condition: Expression | None = None, values: Values | None = None
    ) -> DeltaMergeBuilder:
        """Put in a row of such values for each of the source that matches none."""
        given = check_values(values, "'values' in whenNotMatchedInsert")
        with as_delta():
            return self._then("NOT MATCHED", condition, self._statement.inserting(given))

    def whenNotMatchedInsertAll(  # noqa: N802
        self, condition: Expression | None = None
    ) -> DeltaMergeBuilder:
        """Put in the rows of the source that match none, by the columns' names."""
        return self._then("NOT MATCHED", condition, "INSERT *")

    # ------------------------------------------------------------------ not matched by the source
    def whenNotMatchedBySourceUpdate(  # noqa: N802
        self,
        condition: Expression | None = None,
        set: Values | None = None,
    ) -> DeltaMergeBuilder:
        """Give rows that no row of the source matches values of their own columns."""
        given = check_values(set, "'set' in whenNotMatchedBySourceUpdate")
        return self._updating("NOT MATCHED BY SOURCE", condition, given)

    def whenNotMatchedBySourceDelete(  # noqa: N802
        self, condition: Expression | None = None
    ) -> DeltaMergeBuilder:
        """Delete rows that no row of the source matches."""
        return self._then("NOT MATCHED BY SOURCE", condition, "DELETE")

    # ------------------------------------------------------------------ the whole
    def withSchemaEvolution(self) -> DeltaMergeBuilder:  # noqa: N802
        """Add the columns that the table lacks and the clauses write."""
        return DeltaMergeBuilder(self._spark, replace(self._statement, evolves=True))

    def execute(self) -> DataFrame:
        """Carry it out: one version of the table, or none where it is refused.

        Returns:
            one row of `num_affected_rows`, `num_updated_rows`, `num_deleted_rows`, `num_inserted_rows`.

        Raises:
            AnalysisException: no clause, one that no row reaches, several rows of the source for one of
                the table, or a column that is not there. ConcurrentWriteException: another writes it.
        """
        with as_delta():
            _check_clauses(self._statement)
            return self._spark.frame(self._statement.run())

    def _updating(
        self, kind: Kind, condition: Expression | None, values: Values
    ) -> DeltaMergeBuilder:
        with as_delta():
            return self._then(kind, condition, self._statement.updating(kind, values))

    def _then(self, kind: Kind, condition: Expression | None, action: str) -> DeltaMergeBuilder:
        check_expression(condition)
        with as_delta():
            said = self._statement.condition(kind, condition)
            return DeltaMergeBuilder(self._spark, self._statement.when(kind, said, action))


def _check_clauses(statement: MergeStatement) -> None:
    """Refuse a merge without clauses, and clauses behind one that takes all rows of its kind."""
    if not statement.clauses:
        raise BadStatement(
            "[DELTA_MERGE_MISSING_WHEN] There must be at least one WHEN clause in a MERGE statement: "
            "say such as .whenMatchedUpdateAll() before .execute()."
        )
    left = Counter(kind for kind, _ in statement.kinds)
    for kind, has_condition in statement.kinds:
        left[kind] -= 1
        if left[kind] and not has_condition:
            raise BadStatement(
                f"[DELTA_NON_LAST_{_CLAUSES[kind]}_CLAUSE_OMIT_CONDITION] When there are more than one "
                f"{kind} clauses in a MERGE statement, only the last {kind} clause can omit the "
                "condition. Give the others one."
            )
