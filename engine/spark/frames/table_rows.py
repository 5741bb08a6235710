"""A DataFrame's rows into a table of the workspace, by the workspace's own SQL. Knows no writers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame

from engine.core.names import ThreePartName, quoted_name
from engine.errors import BadStatement, NotFound
from engine.spark.frames.worker_rows import rows_of
from engine.spark.kinds import OnWorkspace

_ROWS = "vitrine_saved_rows"


@dataclass(frozen=True)
class Definition:
    """What is said of a table that is made, beside its rows.

    Attributes:
        provider: its format; empty for the usual. properties: TBLPROPERTIES.
        partitioned_by, clustered_by: names of columns.
    """

    provider: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    partitioned_by: tuple[str, ...] = ()
    clustered_by: tuple[str, ...] = ()

    def sql(self) -> str:
        """The clauses of CREATE TABLE."""
        said = [f"USING {quoted_name(self.provider)}"] if self.provider else []
        for clause, columns in (
            ("PARTITIONED BY", self.partitioned_by),
            ("CLUSTER BY", self.clustered_by),
        ):
            if columns:
                said.append(f"{clause} ({', '.join(map(quoted_name, columns))})")
        if self.properties:
            pairs = (f"{_text(key)} = {_text(value)}" for key, value in self.properties.items())
            said.append(f"TBLPROPERTIES ({', '.join(pairs)})")
        return " ".join(said)


@dataclass(frozen=True)
class TableRows:
    """The rows of a DataFrame for one table; each call writes one version of it.

    All raise BadStatement, NotFound, ResourceConflict and the like, as the workspace's SQL refuses.
    """

    session: OnWorkspace
    frame: DataFrame
    name: str

    def exists(self) -> bool:
        """Whether the table is there."""
        return bool(self.session.catalog.is_table(self.name))

    def check_exists(self) -> None:
        """Raises NotFound in the cloud's words where there is no such table."""
        if not self.exists():
            table = self.session.catalog.full_name(self.name)
            self.session.workspace.sql(f"DESCRIBE {table}")  # refuses, with what may be meant
            raise NotFound(f"[TABLE_OR_VIEW_NOT_FOUND] The table {table} cannot be found.")

    def save(self, mode: str, definition: Definition) -> None:
        """Write the table.

        Args:
            mode: Spark's: `Append`, `Overwrite`, `ErrorIfExists`, `Ignore`.
            definition: of a table that is made, or made anew.
        """
        exists = self.exists()
        if exists and mode == "Ignore":
            return
        if exists and mode == "Append":
            self.append()
        else:
            self.create(definition, replacing=mode == "Overwrite")

    def create(self, definition: Definition, replacing: bool = False) -> None:
        """Make the table, or make it anew in its place."""
        word = "CREATE OR REPLACE TABLE" if replacing else "CREATE TABLE"
        self._run(f"{word} {self._table} {definition.sql()} AS SELECT * FROM {_ROWS}")

    def append(self) -> None:
        """Put the rows behind those of the table, by the names of their columns."""
        self._run(f"INSERT INTO {self._table} {self._by_name}")

    def replace_all(self) -> None:
        """Put the rows in the place of all that the table holds, by the names of their columns."""
        self._run(f"INSERT OVERWRITE {self._table} {self._by_name}")

    def replace_where(self, condition: Column | str) -> None:
        """Put the rows in the place of those that fulfil a condition, as all of them must.

        Args:
            condition: as Spark understands it of the table's columns.
        """
        self.check_exists()
        there = self.session.table(self.name)
        plain = there.toDF(*there.columns)  # whose columns are named without a table
        self._replace(self.session.condition_of(plain.where(condition)))

    def replace_partitions(self) -> None:
        """Put the rows in the place of the partitions that they are of; of all without partitions."""
        self.check_exists()
        detail = self.session.workspace.sql(f"DESCRIBE DETAIL {self._table}")
        columns = detail["partitionColumns"][0].as_py()
        own = quoted_name(self._table.name)
        same = " AND ".join(f"r.{quoted_name(one)} <=> {own}.{quoted_name(one)}" for one in columns)
        if columns:
            self._replace(f"EXISTS (SELECT 1 FROM {_ROWS} r WHERE {same})")
        else:
            self.replace_all()

    def insert(self, overwrite: bool) -> None:
        """Put the rows into the table by the places of their columns.

        Raises:
            BadStatement: another number of columns than the table has.
        """
        into = self.session.table(self.name).columns
        if len(into) != len(self.frame.columns):
            raise BadStatement(
                f"[INSERT_COLUMN_ARITY_MISMATCH] {self.name} has {len(into)} columns "
                f"({', '.join(into)}); the rows have {len(self.frame.columns)} "
                f"({', '.join(self.frame.columns)})."
            )
        self._run(
            f"INSERT {'OVERWRITE' if overwrite else 'INTO'} {self._table} SELECT * FROM {_ROWS}"
        )

    def _replace(self, where: str) -> None:
        into = f"INSERT INTO {self._table} ({self._columns}) REPLACE WHERE {where}"
        self._run(f"{into} SELECT {self._columns} FROM {_ROWS}")

    @property
    def _table(self) -> ThreePartName:
        name: ThreePartName = self.session.catalog.full_name(self.name)
        return name

    @property
    def _columns(self) -> str:
        return ", ".join(map(quoted_name, self.frame.columns))

    @property
    def _by_name(self) -> str:
        return f"({self._columns}) SELECT {self._columns} FROM {_ROWS}"

    def _run(self, statement: str) -> None:
        with rows_of(self.frame, self.session.folder) as rows:
            names = self.session.names.with_rows({_ROWS: rows})
            self.session.workspace.sql(statement, session=names)


def _text(value: str) -> str:
    """A text in SQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
