"""A DataFrame's rows into a table of the workspace, by the workspace's own SQL. Knows no writers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
from pyspark.sql import Column, DataFrame

from engine.core.names import ThreePartName, quoted_name, quoted_text
from engine.errors import BadStatement, NotFound, NotSupported
from engine.service.sql.writing.evolution import WIDENING
from engine.spark.frames.columns_said import (
    ADDED,
    REPLACED,
    ColumnsSaid,
    RowsReplaced,
    check_layout,
    check_names,
    check_types,
)
from engine.spark.frames.expressions import Side, sql_of
from engine.spark.frames.worker_rows import rows_of
from engine.spark.kinds import OnWorkspace
from engine.spark.relations import spark_schema
from engine.store.tables.table import Table

ROWS = "vitrine_saved_rows"
_SOURCE = "vitrine_new_rows"
_EVOLVES: dict[ColumnsSaid, str] = {"kept": "", "added": "WITH SCHEMA EVOLUTION", "replaced": ""}


@dataclass(frozen=True)
class Definition:
    """What is said of a table that is made, beside its rows.

    Attributes:
        provider: its format; empty for the usual. properties: TBLPROPERTIES.
        partitioned_by, clustered_by: names of columns. comment: what it is; empty for nothing.
    """

    provider: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    partitioned_by: tuple[str, ...] = ()
    clustered_by: tuple[str, ...] = ()
    comment: str = ""

    def sql(self) -> str:
        """The clauses of CREATE TABLE."""
        said = [f"USING {quoted_name(self.provider)}"] if self.provider else []
        for clause, columns in (
            ("PARTITIONED BY", self.partitioned_by),
            ("CLUSTER BY", self.clustered_by),
        ):
            if columns:
                said.append(f"{clause} ({', '.join(map(quoted_name, columns))})")
        if self.comment:
            said.append(f"COMMENT {quoted_text(self.comment)}")
        if self.properties:
            pairs = (
                f"{quoted_text(key)} = {quoted_text(value)}"
                for key, value in self.properties.items()
            )
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
        return self.table() is not None or bool(self.session.catalog.is_table(self.name))

    def check_exists(self) -> None:
        """Raises NotFound in the cloud's words where there is no such table."""
        if not self.exists():
            table = self.session.catalog.full_name(self.name)
            self.session.workspace.sql(f"DESCRIBE {table}")  # refuses, with what may be meant
            raise NotFound(f"[TABLE_OR_VIEW_NOT_FOUND] The table {table} cannot be found.")

    def table(self) -> Table | None:
        """The table; None where there is none, or a view."""
        return table_of(self.session, self.name)

    def save(self, mode: str, definition: Definition, columns: ColumnsSaid) -> None:
        """Write the table.

        Args:
            mode: Spark's: `Append`, `Overwrite`, `ErrorIfExists`, `Ignore`.
            definition: of a table that is made, or made anew.
            columns: what becomes of the columns of one that is there.
        """
        exists = self.exists()
        if exists and mode == "Ignore":
            return
        table = self.table() if mode == "Overwrite" and columns != REPLACED else None
        if exists and mode == "Append":
            self.append(columns)
        elif table is None or table.registered:
            self.create(definition, replacing=mode == "Overwrite")
        else:
            if definition.partitioned_by:
                check_layout(self._partitions(), definition.partitioned_by, str(table.name))
            self.replace_all(columns)

    def create(self, definition: Definition, replacing: bool = False) -> None:
        """Make the table, or make it anew in its place."""
        word = "CREATE OR REPLACE TABLE" if replacing else "CREATE TABLE"
        self.run(f"{word} {self.full_name} {definition.sql()} AS SELECT * FROM {ROWS}")

    def append(self, columns: ColumnsSaid) -> None:
        """Put the rows behind those of the table, by the names of their columns."""
        self._insert("INTO", columns)

    def replace_all(self, columns: ColumnsSaid) -> None:
        """Put the rows in the place of all that the table holds, by the names of their columns."""
        self._insert("OVERWRITE", columns)

    def replace_where(self, condition: Column | str, columns: ColumnsSaid) -> None:
        """Put the rows in the place of those that fulfil a condition, as all of them must.

        Args:
            condition: as Spark understands it of the table's columns.
        """
        self.check_exists()
        there = self.session.table(self.name)
        plain = there.toDF(*there.columns)  # whose columns are named without a table
        where = self.session.filter_of(plain.where(condition)).condition().sql()
        self._insert("INTO", columns, f"REPLACE WHERE {where}")

    def replace_partitions(self, columns: ColumnsSaid) -> None:
        """Put the rows in the place of the partitions that they are of; of all without partitions."""
        self.check_exists()
        parts, own = self._partitions(), quoted_name(self.full_name.name)
        same = " AND ".join(f"r.{quoted_name(one)} <=> {own}.{quoted_name(one)}" for one in parts)
        if parts:
            where = f"REPLACE WHERE EXISTS (SELECT 1 FROM {ROWS} r WHERE {same})"
            self._insert("INTO", columns, where)
        else:
            self.replace_all(columns)

    def replace(self, those: RowsReplaced, columns: ColumnsSaid) -> None:
        """Put the rows in the place of some or all that the table holds, by the columns' names."""
        if those.where is not None:
            self.replace_where(those.where, columns)
        elif those.using:
            named = ", ".join(map(quoted_name, those.using))
            self._insert("INTO", columns, f"REPLACE USING ({named})")
        elif those.on is not None:
            self._replace_on(those.on, those.alias or self.full_name.name, columns)
        elif those.partitions:
            self.replace_partitions(columns)
        else:
            self.replace_all(columns)

    def _replace_on(self, condition: str, alias: str, columns: ColumnsSaid) -> None:
        target = self.session.table(self.name).alias(alias)
        sides = Side(self.frame, _SOURCE), Side(target, alias)
        on = sql_of(self.session, sides, [condition])[0]
        names = ", ".join(map(quoted_name, self.frame.columns))
        self._check_columns(columns)
        self.run(
            f"INSERT {_EVOLVES[columns]} INTO {self.full_name} AS {quoted_name(alias)} BY NAME "
            f"REPLACE ON {on} (SELECT {names} FROM {ROWS}) AS {_SOURCE}",
            self._taken(columns),
        )

    def insert(self, replaced: RowsReplaced | None, columns: ColumnsSaid) -> None:
        """Put the rows into the table by the places of their columns.

        Args:
            replaced: rows whose place they take; None for none.

        Raises:
            BadStatement: another number of columns than the table has.
            NotSupported: a condition over both, whose columns have two names each.
        """
        into = self.session.table(self.name).columns
        given = len(self.frame.columns)
        if given < len(into) or (given > len(into) and columns != ADDED):
            raise BadStatement(
                f"[INSERT_COLUMN_ARITY_MISMATCH] {self.name} has {len(into)} columns "
                f"({', '.join(into)}); the rows have {given} ({', '.join(self.frame.columns)}). "
                'Columns behind those of the table are added by .option("mergeSchema", "true").'
            )
        if replaced is not None and replaced.on is not None:
            raise NotSupported(
                "option replaceOn is not supported by insertInto, which gives the rows the names of the "
                "table's columns; use saveAsTable."
            )
        if replaced is not None and not replaced.are_all:
            named = self.frame.toDF(*into, *self.frame.columns[len(into) :])
            replace(self, frame=named).replace(replaced, columns)
            return
        how = f"{_EVOLVES[columns]} {'INTO' if replaced is None else 'OVERWRITE'}"
        self.run(f"INSERT {how} {self.full_name} SELECT * FROM {ROWS}")

    def _insert(self, how: str, columns: ColumnsSaid, where: str = "") -> None:
        """Put the rows into the table by the names of their columns."""
        self._check_columns(columns)
        names = ", ".join(map(quoted_name, self.frame.columns))
        into = f"INSERT {_EVOLVES[columns]} {how} {self.full_name} ({names}) {where}"
        self.run(f"{into} SELECT {names} FROM {ROWS}", self._taken(columns), how == "OVERWRITE")

    def _taken(self, columns: ColumnsSaid) -> pa.Schema | None:
        """The columns whose types the rows' must have; None where the table takes wider ones."""
        table = self.table()
        if table is None:
            return None
        told = self.session.workspace.unity_catalog.tables.get(str(table.name))
        widens = told.get("properties", {}).get(WIDENING, "").lower() == "true"
        return None if widens and columns == ADDED else spark_schema(table.schema)

    def _check_columns(self, columns: ColumnsSaid) -> None:
        """Raises BadStatement where the table lacks a column, and takes none."""
        if columns != ADDED:
            table = self.table()
            check_names(None if table is None else table.schema.names, self.frame, self.full_name)

    def _partitions(self) -> list[str]:
        """The columns that the table is partitioned by."""
        detail = self.session.workspace.sql(f"DESCRIBE DETAIL {self.full_name}")
        found: list[str] = detail["partitionColumns"][0].as_py()
        return found

    @property
    def full_name(self) -> ThreePartName:
        """The table's name with its catalog and schema."""
        name: ThreePartName = self.session.catalog.full_name(self.name)
        return name

    def run(
        self, statement: str, takes: pa.Schema | None = None, replacing: bool = False
    ) -> pa.Table:
        """Run a statement of the workspace that reads the rows under the name `ROWS`; its answer.

        Args:
            takes: columns whose types the rows' must have; None for none. replacing: see `check_types`.
        """
        with rows_of(self.frame, self.session.folder) as rows:
            if takes is not None:
                check_types(takes, rows.schema, str(self.full_name), replacing)
            names = self.session.names.with_rows({ROWS: rows})
            names.evolves = False  # the statement says it
            return self.session.workspace.sql(statement, session=names)


class NamedTable:
    """A table of the workspace by its name of one to three parts; written by the workspace's SQL."""

    def __init__(self, session: OnWorkspace, name: str) -> None:
        self.session, self.name = session, name
        self._shown: tuple[object, DataFrame] | None = None

    @property
    def spelled(self) -> str:
        """Its whole name, as statements say it."""
        return str(self.session.catalog.full_name(self.name))

    def table(self) -> Table | None:
        """The table; None where there is none, or a view."""
        return table_of(self.session, self.name)

    @property
    def frame(self) -> DataFrame:
        """The rows that it has now; the same DataFrame until it is written, so that columns of it stay
        known to Spark."""
        table = self.table()
        state = None if table is None else table.state()
        if self._shown is None or self._shown[0] != state:
            self._shown = state, self.session.table(self.name)
        return self._shown[1]

    def change(self, statement: str, rows: DataFrame | None = None) -> pa.Table:
        """Carry out a statement of the workspace's SQL.

        Args:
            rows: what it may read under the name `ROWS`.

        Raises:
            As the workspace's SQL refuses.
        """
        if rows is None:
            return self.session.workspace.sql(statement, session=self.session.names)
        return TableRows(self.session, rows, self.name).run(statement)


def table_of(session: OnWorkspace, name: str) -> Table | None:
    """A table by its name of one to three parts, in any case; None where there is none, or a view."""
    wanted = str(session.catalog.full_name(name)).lower()
    tables = session.workspace.tables
    found = next((one for one in tables.names() if str(one).lower() == wanted), None)
    return None if found is None else tables.get(found)
