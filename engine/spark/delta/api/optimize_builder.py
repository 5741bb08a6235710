"""`DeltaTable.optimize()`: OPTIMIZE, said by calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyspark.sql import DataFrame

from engine.core.names import quoted_name
from engine.errors import BadStatement
from engine.spark.delta.api.exceptions import as_delta
from engine.spark.delta.api.given import check_type


class DeltaOptimizeBuilder:
    """What joins a table's small files; see `DeltaTable.optimize`."""

    def __init__(self, spark: Any, table: str, where: str = "") -> None:
        """
        Args:
            table: as statements say it. where: which partitions, in SQL; all files are looked at.
        """
        self._spark, self._table, self._where = spark, table, where

    def where(self, partitionFilter: str) -> DeltaOptimizeBuilder:  # noqa: N803
        """Say which partitions matter; here the others' files are looked at too."""
        check_type(partitionFilter, str, "partitionFilter")
        return DeltaOptimizeBuilder(self._spark, self._table, f" WHERE {partitionFilter}")

    def executeCompaction(self) -> DataFrame:  # noqa: N802
        """Write small files as few; the path and the metrics."""
        return self._run("")

    def executeZOrderBy(self, *cols: str | Sequence[str]) -> DataFrame:  # noqa: N802
        """Write small files as few, rows of near values together; the path and the metrics.

        Raises:
            AnalysisException: no column is named, or one that the table lacks.
        """
        names = list(cols[0]) if len(cols) == 1 and isinstance(cols[0], (list, tuple)) else cols
        for name in names:
            check_type(name, str, "a column")
        with as_delta():
            if not names:
                raise BadStatement("executeZOrderBy names no column; expected one or some.")
        return self._run(f" ZORDER BY ({', '.join(quoted_name(str(name)) for name in names)})")

    def _run(self, order: str) -> DataFrame:
        with as_delta():
            return self._spark.sql(f"OPTIMIZE {self._table}{self._where}{order}")
