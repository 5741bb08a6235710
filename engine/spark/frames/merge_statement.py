"""A MERGE of a DataFrame's rows into a table, built clause by clause, as SQL. Whatever says its clauses
says them here: `df.mergeInto`, and `merge` of `delta.tables`.

Knows how clauses are written; not who carries them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

import pyarrow as pa
from pyspark.sql import Column, DataFrame

from engine.core.names import quoted_name
from engine.errors import BadStatement
from engine.spark.frames.columns_said import evolves_always
from engine.spark.frames.expressions import Side, sql_of
from engine.spark.frames.table_rows import ROWS
from engine.spark.kinds import OnWorkspace

_SOURCE = "vitrine_merge_source"
_PART = re.compile(r"`((?:[^`]|``)*)`|([^.`]+)")
Value: TypeAlias = "Column | str"  # a text is SQL
Values: TypeAlias = "Mapping[str, Column | str]"
Kind = Literal["MATCHED", "NOT MATCHED", "NOT MATCHED BY SOURCE"]


class Changed(Protocol):
    """A table that statements change.

    Attributes:
        frame: its columns. spelled: its name in the statements that `change` carries out.
    """

    session: OnWorkspace

    @property
    def frame(self) -> DataFrame: ...

    @property
    def spelled(self) -> str: ...

    def change(self, statement: str, rows: DataFrame | None = None) -> pa.Table:
        """Carry out a statement, which may read rows under the name `ROWS`; its answer."""


def column_parts(name: str, own: str) -> list[str]:
    """A column that an assignment names, and the field of it: `a`, `t.a`, `a.field`, with backticks.

    Args:
        own: the table's name in the statement, which is left out.

    Raises:
        BadStatement: it is no name.
    """
    whole = "".join(match[0] + "." for match in _PART.finditer(name))
    parts = [
        match[1].replace("``", "`") if match[1] else match[2] for match in _PART.finditer(name)
    ]
    if whole != name + "." or not all(parts):
        raise BadStatement(f"{name!r:.80} is no column; expected a name, as 'price' or 't.price'.")
    return parts[1:] if len(parts) > 1 and parts[0].lower() == own.lower() else parts


@dataclass(frozen=True)
class MergeStatement:
    """A MERGE; each of its methods gives another one, and only `run` writes.

    Attributes:
        table: that is written. source: whose rows. target: the table's columns, under its name here.
        own: that name. on: when rows match, in SQL. evolves: columns are added.
        clauses: in SQL. kinds: what each clause is about, and whether it has a condition.
    """

    table: Changed
    source: DataFrame
    target: DataFrame
    own: str
    on: str
    evolves: bool
    clauses: tuple[str, ...] = ()
    kinds: tuple[tuple[Kind, bool], ...] = ()

    @classmethod
    def begun(cls, table: Changed, source: DataFrame, own: str, condition: Value) -> MergeStatement:
        """A MERGE without clauses.

        Args:
            own: what the table is called. condition: when its rows match those of the source.

        Raises:
            AnalysisException: Spark can't resolve the condition. Else as `sql_of`.
        """
        target = table.frame.alias(own)
        empty = cls(table, source, target, own, "", evolves_always(table.session))
        return replace(empty, on=empty._sql("MATCHED", [condition])[0])

    def condition(self, kind: Kind, said: Value | None) -> str | None:
        """The condition of a clause in SQL; None for none."""
        return None if said is None else self._sql(kind, [said])[0]

    def when(self, kind: Kind, condition: str | None, action: str) -> MergeStatement:
        """With one more clause.

        Args:
            condition: see `condition`; None for all rows of its kind. action: what is behind THEN.
        """
        tested = "" if condition is None else f" AND ({condition})"
        clause = f"WHEN {kind}{tested} THEN {action}"
        kinds = (*self.kinds, (kind, condition is not None))
        return replace(self, clauses=(*self.clauses, clause), kinds=kinds)

    def updating(self, kind: Kind, values: Values) -> str:
        """The action that assigns values. Raises BadStatement: there are none."""
        columns, said = self._assigned(kind, values)
        pairs = (f"{name} = {value}" for name, value in zip(columns, said))
        return f"UPDATE SET {', '.join(pairs)}"

    def inserting(self, values: Values) -> str:
        """The action that puts in a row. Raises BadStatement: it has no values."""
        columns, said = self._assigned("NOT MATCHED", values)
        return f"INSERT ({', '.join(columns)}) VALUES ({', '.join(said)})"

    def _assigned(self, kind: Kind, values: Values) -> tuple[list[str], list[str]]:
        if not values:
            raise BadStatement("No columns are assigned; expected some, as {'name': value}.")
        columns = [".".join(map(quoted_name, column_parts(name, self.own))) for name in values]
        return columns, self._sql(kind, list(values.values()))

    def _sql(self, kind: Kind, values: list[Value]) -> list[str]:
        """Values as SQL over what a clause of a kind sees."""
        source, target = Side(self.source, _SOURCE), Side(self.target, self.own)
        seen = {"NOT MATCHED": (source,), "NOT MATCHED BY SOURCE": (target,)}
        return sql_of(self.table.session, seen.get(kind, (source, target)), values)

    def run(self) -> pa.Table:
        """Carry it out; the numbers of rows that were changed."""
        evolves = "WITH SCHEMA EVOLUTION" if self.evolves else ""
        return self.table.change(
            f"MERGE {evolves} INTO {self.table.spelled} AS {quoted_name(self.own)} USING {ROWS} AS "
            f"{_SOURCE} ON {self.on} {' '.join(self.clauses)}",
            self.source,
        )
