"""New rows with what the table itself gives: defaults, numbers of identities, generated values.

Knows rows; not statements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
import pyarrow as pa
from sqlglot import exp

from engine.core.arrow.objects import values_of
from engine.errors import BadStatement
from engine.service.sql.queries import QueryRunner
from engine.service.sql.relations import ROW
from engine.service.sql.writing.column_rules.placeholders import value_of
from engine.service.sql.writing.column_rules.rules import ColumnRules, columns_read, next_numbers
from engine.store.tables.changing import TableChange

_EXPECTED = "vitrine_expected_"  # before the name of a generated column: its value as it has to be


def given_and_filled(
    runner: QueryRunner,
    change: TableChange,
    given: dict[str, pa.ChunkedArray],
    rows: int,
    rules: ColumnRules,
) -> pa.Table:
    """New rows with the columns that are not given and have a default, or are identities.

    Args:
        given: columns as the statement gave them, by the table's names. rows: how many.

    Raises:
        BadStatement: one that only the table may give.
    """
    rules.refuse_given(given)
    types = runner.types_of(change.schema)
    columns = dict(given)
    for column, identity in rules.identities.items():
        if column not in given:
            columns[column] = next_numbers(change.facts, column, identity, rows)
    missing = [name for name in rules.defaults if name not in given]
    if missing:
        values = [exp.alias_(value_of(name, rules, types), name, quoted=True) for name in missing]
        counted = runner.show(pa.table({ROW: np.arange(rows)}), "new")
        found = runner.run(exp.select(*values).from_(counted))
        columns |= dict(zip(missing, found.columns))
    if not columns:  # a table has as many rows as its columns
        first = next(field for field in change.schema if not rules.gives(field.name))
        columns[first.name] = pa.nulls(rows, first.type)
    return pa.table(list(columns.values()), names=list(columns))


def loosened(schema: pa.Schema, rules: ColumnRules) -> pa.Schema:
    """A table's columns, of which those that are generated later may be null."""
    loose = (f.with_nullable(f.nullable or f.name in rules.generated) for f in schema)
    return pa.schema(list(loose))


def with_generated(
    runner: QueryRunner, rows: pa.Table, rules: ColumnRules, given: Collection[str]
) -> pa.Table:
    """Rows of a table with the values of its generated columns.

    Args:
        given: columns that the statement gave, whose values have to be the same.

    Raises:
        BadStatement: they are others.
    """
    if not rules.generated:
        return rows
    types = runner.types_of(rows.schema)
    read = {name for node in rules.generated.values() for name in columns_read(node)}
    seen = rows.select([name for name in rows.column_names if name.lower() in read])
    seen = seen.append_column(ROW, pa.array(np.arange(rows.num_rows)))
    values = [
        exp.alias_(exp.cast(node.copy(), _type(types[name])), name, quoted=True)
        for name, node in rules.generated.items()
    ]
    query = exp.select(exp.column(ROW, quoted=True), *values).from_(runner.show(seen, "new"))
    found = runner.run(query).sort_by(ROW)
    for name, node in rules.generated.items():
        field = rows.schema.field(name)
        made = found.column(name).cast(field.type)
        if name in given:
            _check(name, node, rows.column(name), made)
        rows = rows.set_column(rows.schema.get_field_index(name), field, made)
    return rows


# ------------------------------------------------------------------ UPDATE
def expected(
    values: dict[str, exp.Expression],
    columns: Sequence[str],
    rules: ColumnRules,
    alias: str,
    cast: Callable[[exp.Expression, str], exp.Expression],
) -> list[exp.Expression]:
    """What generated columns become once others have other values, each under a name of its own.

    Args:
        values: as they are assigned, by column. columns: of the table. alias: what it is called.
        cast: gives a value in the type of a column, under the column's name.
    """
    out = []
    assigned = {name.lower(): name for name in values}
    known = {name.lower(): name for name in columns}
    for name, node in rules.generated.items():
        if name not in values and not columns_read(node) & assigned.keys():
            continue
        whole = exp.Paren(this=node.copy())
        for column in list(whole.find_all(exp.Column)):
            one = assigned.get(column.name.lower())
            old = exp.column(known[column.name.lower()], table=alias, quoted=True)
            column.replace(old if one is None else exp.paren(cast(values[one], one).this))
        out.append(exp.alias_(cast(whole, name).this, f"{_EXPECTED}{name}", quoted=True))
    return out


def settled(found: pa.Table, rules: ColumnRules) -> pa.Table:
    """Assigned values with those of generated columns under their own names; see `expected`.

    Raises:
        BadStatement: the statement assigns another value to one.
    """
    names = [name for name in found.column_names if name.startswith(_EXPECTED)]
    for name in names:
        column = name.removeprefix(_EXPECTED)
        made = found.column(name)
        found = found.drop_columns([name])
        if column in found.column_names:
            _check(column, rules.generated[column], found.column(column), made)
        else:
            found = found.append_column(column, made)
    return found


def _check(name: str, node: exp.Expression, given: pa.ChunkedArray, made: pa.ChunkedArray) -> None:
    said, wanted = values_of(given), values_of(made)
    for one, other in zip(said, wanted):
        if one != other and not (one != one and other != other):  # neither is a number
            raise BadStatement(
                f"[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint Generated Column ({name} <=> "
                f"{node.sql(dialect='databricks'):.200}) violated by row with values: - {name} : "
                f"{one!s:.80}. Leave the column out; it would be {other!s:.80}."
            )


def _type(text: str) -> exp.DataType:
    return exp.DataType.build(text, dialect="duckdb")
