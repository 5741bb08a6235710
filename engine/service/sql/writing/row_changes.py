"""UPDATE, DELETE and TRUNCATE: DuckDB says which rows and which values, files take them.

Knows rows by their place in a table; not how a version is published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from sqlglot import exp

from engine.core.arrays import Rows
from engine.core.names import ThreePartName
from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.calls import structure
from engine.service.sql.queries import QueryRunner, shown_table
from engine.service.sql.relations import ROW, readable, seen_columns, shorten
from engine.service.sql.unresolved import refuse_twins, refuse_unread
from engine.service.sql.writing.column_rules.filling import expected, settled
from engine.service.sql.writing.column_rules.placeholders import is_default, refuse_within, value_of
from engine.service.sql.writing.column_rules.rules import ColumnRules
from engine.store.tables.changing import TableChange
from engine.store.tables.parquet_files import footer

_TARGET = "vitrine_target"
_Q = TypeVar("_Q", bound=exp.Expression)


class Target:
    """The table that a statement changes, as the statement's queries see it.

    Attributes:
        alias: what the statement calls the table. change: what becomes of it.
        types: of its columns, in DuckDB's words. rules: what columns hold by themselves.
    """

    def __init__(self, runner: QueryRunner, change: TableChange, node: exp.Table) -> None:
        self.change, self.alias = change, node.alias_or_name
        name = change.table.name
        refuse_unread(name, change.schema.names)
        refuse_twins(name, change.schema.names)
        above = [node.alias] if node.alias else [name.catalog, name.schema, name.name]
        self._above = [part.lower() for part in above]
        self._runner = runner
        self._named = [] if node.alias else [name]  # tables that columns may be named with in full
        self.types = runner.types_of(change.schema)
        self.rules = ColumnRules.of(runner.relations.column_facts(name))
        seen = readable(change.schema).append(pa.field(ROW, pa.int64()))
        self._relation = shown_table(_TARGET, self.alias, seen)

    def knows(self, name: ThreePartName) -> None:
        """Let columns of another relation of the statement be named with its catalog and schema."""
        self._named.append(name)

    def _shorten(self, query: exp.Expression) -> None:
        for name in self._named:
            shorten(query, name)

    def relation(self) -> exp.Table:
        """A node that stands for the table in a query."""
        return self._relation.copy()

    def row(self) -> exp.Expression:
        """The column of the rows' places."""
        return exp.column(ROW, table=self.alias, quoted=True)

    def column(self, node: exp.Expression) -> str:
        """The table's column that a list of columns names, alone or behind the table's name.

        Raises:
            BadStatement: there is none, or it is said to be another table's.
            NotSupported: a field of a struct.
        """
        column, fields = self.place(node)
        if fields:
            raise NotSupported(
                f"{'.'.join([column, *fields]):.80}: a field alone can't be inserted; write the whole "
                f"column {column}, such as by named_struct(...)."
            )
        return column

    def place(self, node: exp.Expression) -> tuple[str, list[str]]:
        """The table's column that an assignment names, and the field in it, as the table spells them.

        Raises:
            BadStatement: there is none, or it is said to be another table's.
        """
        names = {name.lower(): str(name) for name in self.change.schema.names}
        parts = [part.name for part in getattr(node, "parts", [node])]
        lowered = [part.lower() for part in parts]
        # Behind as much of the table's name as is said, or none of it.
        for said in range(min(len(self._above), len(parts) - 1), -1, -1):
            if lowered[:said] == self._above[len(self._above) - said :] and lowered[said] in names:
                column = names[lowered[said]]
                return column, self._fields(column, parts[said + 1 :], ".".join(parts))
        raise BadStatement(
            f"[UNRESOLVED_COLUMN.WITH_SUGGESTION] Table {self.change.table.name} has no column "
            f"{'.'.join(parts)!r:.80}; its columns are {', '.join(names.values())}. Behind a name "
            f"they are {self._above[-1]}.{next(iter(names.values()))} and so on."
        )

    def _fields(self, column: str, said: Sequence[str], whole: str) -> list[str]:
        """Fields within a struct, as the table spells them. Raises BadStatement: there is no such."""
        kind, found = self.change.schema.field(column).type, list[str]()
        for part in said:
            known = {}
            if pa.types.is_struct(kind):
                known = {field.name.lower(): field for field in kind}
            if part.lower() not in known:
                raise BadStatement(
                    f"[FIELD_NOT_FOUND] No such struct field `{part:.80}` for {whole:.80} in "
                    f"{', '.join(one.name for one in known.values()) or f'{kind}, which has none'}."
                )
            found.append(known[part.lower()].name)
            kind = known[part.lower()].type
        return found

    def field_of(self, column: str, path: Sequence[str]) -> exp.Expression:
        """A field of a struct in a row of the table; the column itself where no path is said."""
        found: exp.Expression = exp.column(column, table=self.alias, quoted=True)
        for name in path:
            found = exp.Dot(this=found, expression=exp.to_identifier(name, quoted=True))
        return found

    def cast(self, value: exp.Expression, column: str) -> exp.Expression:
        """A value in the type of a column, under the column's name."""
        kind = exp.DataType.build(self.types[column], dialect="duckdb")
        return exp.alias_(exp.cast(value.copy(), kind), column, quoted=True)

    def count_without(self, condition: exp.Expression, rows: pa.Table) -> int:
        """How many rows of the table's columns do not fulfil a condition."""
        kept = exp.func("coalesce", exp.paren(condition.copy()), exp.false())
        counted = exp.alias_(exp.Count(this=exp.Star()), "n")
        query = exp.select(counted).from_(self._runner.show(rows, self.alias)).where(exp.not_(kept))
        self._shorten(query)
        return int(self._runner.run(query).column("n")[0].as_py())

    def run(self, query: exp.Select) -> pa.Table:
        """The rows of a query that reads the table through `relation`."""
        self._shorten(query)
        resolved = self._runner.resolved(query)
        table = self.change.table
        read = self._runner.relations.rows(table, seen_columns(resolved, table))
        if ROW in read.column_names:
            read = read.drop_columns([ROW])
        numbers = pa.array(np.arange(table.num_rows, dtype=np.int64))
        whole = readable(table.schema).append(pa.field(ROW, numbers.type))
        name = self._runner.connection.show(read.append_column(ROW, numbers), whole)
        for node in resolved.find_all(exp.Table):
            if node.name == _TARGET:
                node.set("this", exp.to_identifier(name, quoted=True))
        return self._runner.finished(resolved)


# ------------------------------------------------------------------ statements
def update(target: Target, tree: exp.Update) -> int:
    """Carry out an UPDATE; the number of its rows.

    Raises:
        BadStatement, NotSupported: it can't be carried out, and why.
    """
    if tree.args.get("from_") is not None:
        raise NotSupported("UPDATE ... FROM is not supported; use MERGE INTO.")
    query = exp.select(target.row(), *assigned(target, tree.expressions)).from_(target.relation())
    found = target.run(with_ctes(_where(query, tree), tree))
    values = settled(found.drop_columns([ROW]), target.rules)
    change_rows(target.change, numbers_of(found), values)
    return int(found.num_rows)


def assigned(target: Target, assignments: Sequence[exp.Expression]) -> list[exp.Expression]:
    """The values that assignments give, each under its column's name; see `with_consequences`.

    Of a struct of which fields are assigned the others stay; of one that is null they are null.
    """
    given: dict[str, dict[tuple[str, ...], exp.Expression]] = {}
    for one in assignments:
        if not isinstance(one, exp.EQ) or not isinstance(one.this, (exp.Column, exp.Dot)):
            raise BadStatement(f"{one.sql(dialect='databricks'):.80} is not an assignment.")
        column, fields = target.place(one.this)
        place, known = tuple(fields), given.setdefault(column, {})
        if any(place[: len(other)] == other[: len(place)] for other in known):
            raise BadStatement(f"Column {'.'.join([column, *fields])} is assigned twice.")
        known[place] = one.expression
    kinds = target.change.schema
    values = {
        column: _value_of(target, column, kinds.field(column).type, fields)
        for column, fields in given.items()
    }
    return with_consequences(target, values)


def with_consequences(target: Target, values: Mapping[str, exp.Expression]) -> list[exp.Expression]:
    """Values of columns, and what generated columns become by them, which `settled` makes columns of.

    Raises:
        BadStatement: a column that only the table may give, or the word DEFAULT within a value.
    """
    rules, known = target.rules, {name.lower() for name in target.change.schema.names}
    meant: dict[str, exp.Expression] = {}
    for column, value in values.items():
        if column in rules.identities:
            raise BadStatement(
                "[DELTA_IDENTITY_COLUMNS_UPDATE_NOT_SUPPORTED] UPDATE on IDENTITY column "
                f"{column} is not supported."
            )
        if "default" not in known:
            if is_default(value) and column in rules.generated:
                continue
            value = value_of(column, rules, target.types) if is_default(value) else value
            refuse_within(value)
        meant[column] = value
    columns = target.change.schema.names
    return [
        *(target.cast(value, column) for column, value in meant.items()),
        *expected(meant, columns, rules, target.alias, target.cast),
    ]


def _value_of(
    target: Target,
    column: str,
    kind: pa.DataType,
    values: Mapping[tuple[str, ...], exp.Expression],
    path: tuple[str, ...] = (),
) -> exp.Expression:
    """What a column, or a field of it, becomes: what is assigned to it, or a struct of its fields."""
    if path in values:
        return values[path].copy()
    if not any(place[: len(path)] == path for place in values):
        return target.field_of(column, path)
    return structure(
        (field.name, _value_of(target, column, field.type, values, (*path, field.name)))
        for field in kind
    )


def delete(target: Target, tree: exp.Delete) -> int:
    """Carry out a DELETE; the number of its rows."""
    if tree.args.get("using"):
        raise NotSupported("DELETE ... USING is not supported; use MERGE INTO.")
    if tree.args.get("where") is None:
        return delete_all(target.change)
    query = exp.select(target.row()).from_(target.relation())
    found = target.run(with_ctes(_where(query, tree), tree))
    delete_rows(target.change, numbers_of(found))
    return int(found.num_rows)


def delete_all(change: TableChange) -> int:
    """Delete every row of a table; how many there were."""
    change.replaced = {
        place: change.schema.empty_table() for place in range(len(change.table.files))
    }
    return change.table.num_rows


def _where(query: exp.Select, tree: exp.Expression) -> exp.Select:
    where = tree.args.get("where")
    return query if where is None else query.where(where.this.copy())


def with_ctes(query: _Q, tree: exp.Expression) -> _Q:
    """A query that sees what a statement names by WITH before its first word; it is changed."""
    outer, own = tree.args.get("with_"), query.args.get("with_")
    if outer is None:
        return query
    whole = outer.copy()
    if own is not None:
        whole.set("expressions", [*whole.expressions, *own.expressions])
        whole.set("recursive", bool(outer.recursive or own.recursive))
    query.set("with_", whole)
    return query


# ------------------------------------------------------------------ rows and files
def numbers_of(found: pa.Table) -> Rows:
    """The places of the rows that a query found."""
    numbers: Rows = found.column(ROW).to_numpy().astype(np.int64)
    return numbers


def change_rows(change: TableChange, rows: Rows, values: pa.Table) -> None:
    """Give rows of a table other values in some columns.

    Args:
        rows: (n,) places in the table, each once. values: n rows of the columns.
    """
    for place, here, where in _by_file(change, rows):
        whole = change.rows_now(place)
        for name in values.column_names:
            field = change.schema.field(name)
            new = _cast(values.column(name).take(pa.array(where)), field)
            old = whole.column(name)
            order = np.arange(whole.num_rows)
            order[here] = whole.num_rows + np.arange(len(here))
            both = pa.chunked_array([*old.chunks, *new.chunks], type=field.type)
            at = whole.schema.get_field_index(name)
            whole = whole.set_column(at, field, both.take(pa.array(order)))
        check_nulls(whole, change.schema)
        change.replaced[place] = whole


def delete_rows(change: TableChange, rows: Rows) -> None:
    """Delete rows of a table by their places, before any were deleted."""
    for place, here, _ in _by_file(change, np.unique(rows)):
        whole = change.rows_now(place)
        kept = np.ones(whole.num_rows, dtype=np.bool_)
        kept[here] = False
        change.replaced[place] = whole.filter(pa.array(kept))


def _by_file(change: TableChange, rows: Rows) -> list[tuple[int, Rows, Rows]]:
    """For each file with such rows: its place, the rows within it, and where they stand in `rows`."""
    out, start = [], 0
    for place, file in enumerate(change.table.files):
        end = start + footer(file).rows
        where = np.flatnonzero((rows >= start) & (rows < end))
        if len(where):
            out.append((place, rows[where] - start, where))
        start = end
    return out


def as_schema(found: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows as DuckDB gave them, in a table's own types. Raises BadStatement for nulls it refuses."""
    columns = [_cast(column, field) for column, field in zip(found.columns, schema)]
    rows = pa.table(columns, names=schema.names)
    check_nulls(rows, schema)
    return rows.cast(schema)


def _cast(column: pa.ChunkedArray, field: pa.Field) -> Any:
    try:
        return column.cast(field.type)
    except pa.ArrowInvalid as error:
        raise BadStatement(
            f"[CAST_INVALID_INPUT] column {field.name}: a value does not fit {field.type} ({error})."
        ) from None


def check_nulls(rows: pa.Table, schema: pa.Schema) -> None:
    """Refuse nulls in columns that take none. Raises BadStatement."""
    for field in schema:
        if not field.nullable and rows.column(field.name).null_count:
            raise BadStatement(
                f"[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL constraint violated for column: "
                f"{field.name}."
            )


def source_of(runner: QueryRunner, tree: exp.Merge) -> tuple[pa.Table, str]:
    """The rows of a MERGE's source and the name that the statement calls it; read once."""
    node = tree.args["using"]
    query = with_ctes(exp.select("*").from_(node.copy()), tree)
    resolved = runner.relations.with_views(query, runner.scope())
    return runner.run(resolved), node.alias_or_name or "source"
