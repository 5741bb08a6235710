"""INSERT: the rows of a query in a table's columns, and what they take the place of.

Knows columns and types; not how rows are written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa
from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.at_hand import fits
from engine.service.sql.language.functions.macros import cast_to
from engine.service.sql.queries import QueryRunner
from engine.service.sql.unresolved import refuse_twins
from engine.service.sql.writing.column_rules.filling import (
    given_and_filled,
    loosened,
    with_generated,
)
from engine.service.sql.writing.column_rules.placeholders import is_default, without_placeholders
from engine.service.sql.writing.column_rules.rules import ColumnRules
from engine.service.sql.writing.evolution import Evolution
from engine.service.sql.writing.row_changes import (
    Target,
    as_schema,
    check_nulls,
    delete_all,
    delete_rows,
    numbers_of,
    with_ctes,
)
from engine.store.tables.changing import TableChange

_NEW = "vitrine_new_rows"


def insert(
    runner: QueryRunner, change: TableChange, tree: exp.Insert, evolution: Evolution | None = None
) -> int:
    """Carry out an INSERT; the number of its rows.

    Args:
        evolution: what the table's columns may become; None for nothing.

    Raises:
        BadStatement: rows that don't fit the table. NotSupported: a form that isn't offered.
    """
    for part in ("partition", "alternative", "returning", "conflict", "default"):
        if tree.args.get(part):
            raise NotSupported(f"INSERT with {part.upper()} is not supported.")
    names = _listed(tree)
    rules = ColumnRules.of(runner.relations.column_facts(change.table.name))
    query, gone = _values_said(runner, change, _inserted(tree), names, rules)
    source = runner.source(with_ctes(query, tree))
    if tree.args.get("by_name"):
        names = source.column_names
    if evolution is not None:
        names = names or _by_place(change.schema, source)
        evolution.grow(change, [f.with_name(name) for f, name in zip(source.schema, names)])
    rows = completed(runner, change, source, names, rules, gone)
    _refuse_not_given(tree.args.get("using") or [], names or change.schema.names)
    _make_room(runner, change, tree, source, rows)
    change.added = rows
    return int(rows.num_rows)


def _values_said(
    runner: QueryRunner,
    change: TableChange,
    query: exp.Expression,
    names: Sequence[str],
    rules: ColumnRules,
) -> tuple[exp.Expression, set[int]]:
    """A query without the word DEFAULT, and the places of what the table is to give instead."""
    known = {name.lower(): name for name in change.schema.names}
    wanted = [known.get(name.lower(), "") for name in names or change.schema.names]
    if "" in wanted or not any(map(is_default, query.find_all(exp.Var, exp.Column))):
        return query, set()
    types = runner.types_of(change.schema)
    return without_placeholders(query, wanted, rules, types)


def _listed(tree: exp.Insert) -> list[str]:
    """The columns that an INSERT names. Raises BadStatement: something else stands there."""
    listed = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
    for part in listed:
        if not isinstance(part, exp.Identifier):
            raise BadStatement(
                f"[PARSE_SYNTAX_ERROR] {part.sql(dialect='databricks'):.80}: INSERT names the columns "
                "of its table alone, such as (id, name)."
            )
    return [part.name for part in listed]


def _by_place(schema: pa.Schema, source: pa.Table) -> list[str]:
    """Names for a query's columns: those of the table, and behind these the query's own; none where
    it has fewer."""
    known = schema.names
    return [*known, *source.column_names[len(known) :]] if source.num_columns >= len(known) else []


# ------------------------------------------------------------------ what they take the place of
def _make_room(
    runner: QueryRunner, change: TableChange, tree: exp.Insert, source: pa.Table, rows: pa.Table
) -> None:
    """Delete what the new rows take the place of; nothing where they are only added.

    Args:
        source: the rows as the query gave them. rows: as the table has them.
    """
    if tree.args.get("overwrite"):
        delete_all(change)
        return
    node = (tree.this.this if isinstance(tree.this, exp.Schema) else tree.this).copy()
    if tree.meta.get("target"):
        node.set("alias", exp.TableAlias(this=exp.to_identifier(tree.meta["target"], quoted=True)))
    if tree.args.get("where") is not None:
        _replace_where(Target(runner, change, node), tree, rows)
    elif tree.args.get("using"):
        _replace_using(runner, Target(runner, change, node), tree.args["using"], rows)
    elif tree.args.get("replace_on") is not None:
        _replace_on(runner, Target(runner, change, node), tree, source)


def _replace_using(
    runner: QueryRunner, target: Target, using: Sequence[exp.Expression], rows: pa.Table
) -> None:
    """Delete the rows that equal a new one in some columns; null equals nothing. Raises BadStatement."""
    known = {name.lower(): name for name in target.change.table.schema.names}
    missing = [one.name for one in using if one.name.lower() not in known]
    if missing:
        raise BadStatement(
            f"[UNRESOLVED_COLUMN] REPLACE USING names {missing[0]!r:.80}; table "
            f"{target.change.table.name} has {', '.join(known.values())}."
        )
    new = runner.show(rows.select([known[one.name.lower()] for one in using]), _NEW)
    same = [
        exp.EQ(
            this=exp.column(known[one.name.lower()], table=target.alias, quoted=True),
            expression=exp.column(known[one.name.lower()], table=_NEW, quoted=True),
        )
        for one in using
    ]
    query = exp.select(target.row()).from_(target.relation())
    found = target.run(query.join(new, on=exp.and_(*same), join_type="semi"))
    delete_rows(target.change, numbers_of(found))


def _refuse_not_given(using: Sequence[exp.Expression], names: Sequence[str]) -> None:
    """Raises BadStatement where the new rows lack a column that says what they replace."""
    given = {name.lower() for name in names}
    missing = [one.name for one in using if one.name.lower() not in given]
    if missing:
        raise BadStatement(
            f"[UNRESOLVED_COLUMN] REPLACE USING names {missing[0]!r:.80}; the new rows have "
            f"{', '.join(names)}."
        )


def _replace_on(runner: QueryRunner, target: Target, tree: exp.Insert, source: pa.Table) -> None:
    """Delete the rows that fulfil a condition with a new one."""
    new = runner.show(source, tree.meta.get("source") or _NEW)
    pairs = exp.select(target.row()).distinct().from_(target.relation())
    found = target.run(with_ctes(pairs.join(new, on=tree.args["replace_on"].copy()), tree))
    delete_rows(target.change, numbers_of(found))


def _replace_where(target: Target, tree: exp.Insert, rows: pa.Table) -> None:
    """Delete what `REPLACE WHERE` names, which the new rows must all fulfil. Raises BadStatement."""
    condition = tree.args["where"]
    query = exp.select(target.row()).from_(target.relation()).where(condition.copy())
    found = target.run(with_ctes(query, tree))
    strange = target.count_without(condition, rows)
    if strange:
        raise BadStatement(
            f"[DELTA_REPLACE_WHERE_MISMATCH] {strange} of the {rows.num_rows} new rows do not fulfil "
            f"{condition.sql(dialect='databricks'):.200}, which says what they replace. Leave them out "
            "of the rows, or change the condition."
        )
    delete_rows(target.change, numbers_of(found))


def _inserted(tree: exp.Insert) -> exp.Expression:
    """The query whose rows an INSERT adds. Raises BadStatement where it has none."""
    query, table = tree.expression, tree.args.get("source")
    if isinstance(table, exp.Table):
        return exp.select("*").from_(table.copy())
    if isinstance(query, exp.Values) and tree.args.get("with_"):
        return exp.select("*").from_(query.copy())
    if not isinstance(query, (exp.Query, exp.Values)):
        raise BadStatement("[PARSE_SYNTAX_ERROR] INSERT needs rows: VALUES, a query, or TABLE t.")
    return query.copy()


def completed(
    runner: QueryRunner,
    change: TableChange,
    source: pa.Table,
    names: Sequence[str],
    rules: ColumnRules,
    gone: Collection[int] = (),
) -> pa.Table:
    """Rows in the columns and types of a table, with what its columns hold by themselves.

    Args:
        names: the table's columns that the source's are for, in order; empty for all.
        gone: places of the source's columns whose values the table is to give.

    Raises:
        BadStatement: another number of columns, a name that the table lacks or that stands twice, or
            values that the table's rules refuse.
    """
    wanted = _wanted(change, names, source.num_columns)
    pairs = enumerate(zip(wanted, source.columns))
    given = {name: column for place, (name, column) in pairs if place not in gone}
    if not rules:
        return _fitted(runner, given, source.num_rows, change.schema)
    whole = given_and_filled(runner, change, given, source.num_rows, rules)
    columns = dict(zip(whole.column_names, whole.columns))
    rows = _fitted(runner, columns, whole.num_rows, loosened(change.schema, rules))
    rows = with_generated(runner, rows, rules, given)
    check_nulls(rows, change.schema)
    return rows.cast(change.schema)


def _wanted(change: TableChange, names: Sequence[str], count: int) -> list[str]:
    """The columns of a table that are given, as it spells them; see `completed`."""
    columns = change.schema.names
    refuse_twins(change.table.name, columns)
    known = {name.lower(): name for name in columns}
    wanted = [known.get(name.lower(), "") for name in names] if names else list(columns)
    if "" in wanted or len(set(wanted)) < len(wanted):
        raise BadStatement(
            f"[UNRESOLVED_COLUMN] INSERT names the columns {', '.join(names)}; expected columns of "
            f"table {change.table.name}, each once: {', '.join(columns)}. A table takes new columns by "
            "INSERT WITH SCHEMA EVOLUTION INTO ..."
        )
    if len(wanted) != count:
        raise BadStatement(
            f"[INSERT_COLUMN_ARITY_MISMATCH] The rows have {count} columns; "
            f"{len(wanted)} are to be filled: {', '.join(wanted)}."
        )
    return wanted


def _fitted(
    runner: QueryRunner, given: Mapping[str, pa.ChunkedArray], rows: int, schema: pa.Schema
) -> pa.Table:
    """Columns of some types as rows of a table's; those that are not given are null."""
    columns, wanted = schema.names, list(given)
    source = pa.table(list(given.values()), names=[f"c{n}" for n in range(len(wanted))])
    if fits(source.schema, pa.schema([schema.field(name) for name in wanted])):
        return _placed(given, rows, schema)
    types = runner.types_of(schema)
    shown = runner.connection.show(source)
    values = [
        f'{cast_to(f"c{wanted.index(name)}", types[name])} AS "c{place}"'
        if name in wanted
        else f'CAST(NULL AS {types[name]}) AS "c{place}"'
        for place, name in enumerate(columns)
    ]
    found = runner.connection.run(f'SELECT {", ".join(values)} FROM "{shown}"')
    return as_schema(found, schema)


def _placed(given: Mapping[str, pa.ChunkedArray], rows: int, schema: pa.Schema) -> pa.Table:
    """Columns of a table's own types as its rows, uncopied; those that are not given are null."""
    columns = [
        given[field.name] if field.name in given else pa.nulls(rows, field.type) for field in schema
    ]
    found = pa.table(columns, names=schema.names)
    check_nulls(found, schema)
    return found.cast(schema)
