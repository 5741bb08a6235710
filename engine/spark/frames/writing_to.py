"""`df.writeTo(table)`: a DataFrameWriterV2 whose tables are a workspace's."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql.readwriter import DataFrameWriterV2

from engine.errors import InvalidInputException, NotSupported
from engine.spark.errors import as_spark
from engine.spark.frames.columns_said import ColumnsSaid, columns_said
from engine.spark.frames.table_rows import Definition, TableRows
from engine.spark.frames.told import one_column

_FORMATS = ("delta", "parquet")
_ONLY_V1 = ("replacewhere", "partitionoverwritemode")


class TableWriterV2(DataFrameWriterV2):
    """A `DataFrameWriterV2` into a table of the workspace; columns are found by their names.

    Each of its last words writes one version of the table, or raises AnalysisException and leaves it.
    """

    def __init__(self, frame: DataFrame, table: str) -> None:
        """
        Args:
            table: a name of one to three parts.
        """
        if not isinstance(table, str):
            raise InvalidInputException(f"writeTo is given {table!r:.80}; expected a table's name.")
        self._frame = frame  # what is Java's is not needed
        self._rows = TableRows(frame.sparkSession, frame, table)
        self._provider = ""
        self._properties: dict[str, str] = {}
        self._partitions: tuple[str, ...] = ()
        self._clusters: tuple[str, ...] = ()
        self._options: dict[str, Any] = {}

    # ------------------------------------------------------------------ what is said of the table
    def using(self, provider: str) -> TableWriterV2:
        """The format of a table that is made: `delta`, or `parquet`, which is the same here."""
        with as_spark():
            if not isinstance(provider, str) or provider.lower() not in _FORMATS:
                raise NotSupported(f"using({provider!r:.40}): tables are made using 'delta'.")
        self._provider = provider
        return self

    def option(self, key: str, value: Any) -> TableWriterV2:
        """An option, of which `mergeSchema` adds the columns that the table lacks.

        Raises:
            AnalysisException: one of those that would change which rows are replaced.
        """
        with as_spark():
            if key.lower() in _ONLY_V1:
                raise NotSupported(
                    f"option {key!r:.40} goes with df.write; here say .overwrite(condition) or "
                    ".overwritePartitions()."
                )
        self._options[key.lower()] = value
        return self

    def options(self, **options: Any) -> TableWriterV2:
        """Some options; see `option`."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def tableProperty(self, property: str, value: str) -> TableWriterV2:  # noqa: N802
        """A property of a table that is made."""
        self._properties[property] = str(value)
        return self

    def partitionedBy(self, col: Column | str, *cols: Column | str) -> TableWriterV2:  # noqa: N802
        """The columns whose values part a table that is made; `overwritePartitions` knows them.

        Raises:
            AnalysisException: what is no column of the rows, such as `years(at)`.
        """
        with as_spark():
            self._partitions = tuple(one_column(self._frame, one) for one in (col, *cols))
        return self

    def clusterBy(self, col: str, *cols: str) -> TableWriterV2:  # noqa: N802
        """The columns by which a table that is made is clustered; DESCRIBE DETAIL names them."""
        with as_spark():
            self._clusters = tuple(one_column(self._frame, one) for one in (col, *cols))
        return self

    # ------------------------------------------------------------------ what is done
    def create(self) -> None:
        """Make the table. Raises AnalysisException where there is one."""
        with as_spark():
            self._rows.create(self._definition)

    def replace(self) -> None:
        """Make the table anew in its place. Raises AnalysisException where there is none."""
        with as_spark():
            self._rows.check_exists()
            self._rows.create(self._definition, replacing=True)

    def createOrReplace(self) -> None:  # noqa: N802
        """Make the table, in the place of one that is there."""
        with as_spark():
            self._rows.create(self._definition, replacing=True)

    def append(self) -> None:
        """Put the rows behind those of the table. Raises AnalysisException where there is none."""
        with as_spark():
            self._rows.check_exists()
            self._rows.append(self._columns)

    def overwrite(self, condition: Column | str) -> None:
        """Put the rows in the place of those that fulfil a condition, as all of them must.

        Raises:
            AnalysisException: there is no table, the condition names what it lacks, or a row of the
                new ones doesn't fulfil it.
        """
        with as_spark():
            self._rows.replace_where(condition, self._columns)

    def overwritePartitions(self) -> None:  # noqa: N802
        """Put the rows in the place of the partitions that they are of, in that of all rows where the
        table has no partitions. Raises AnalysisException where there is no table."""
        with as_spark():
            self._rows.replace_partitions(self._columns)

    @property
    def _definition(self) -> Definition:
        return Definition(self._provider, self._properties, self._partitions, self._clusters)

    @property
    def _columns(self) -> ColumnsSaid:
        return columns_said(self._rows.session, self._options)
