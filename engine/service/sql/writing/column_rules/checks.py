"""CHECK constraints: conditions that every row of a table fulfils. Knows rows; not statements.

They are kept as the cloud keeps them, as properties of the table: `delta.constraints.NAME` and the
condition's text. A condition that is null is not fulfilled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError

from engine.core.arrow.objects import rows_of
from engine.errors import BadStatement, ResourceConflict
from engine.service.catalogs.columns import CHECK, checks_of
from engine.service.sql.language.dialect import expression
from engine.service.sql.queries import QueryRunner
from engine.service.sql.unresolved import refuse_unread
from engine.store.tables.changing import TableChange


def property_of(constraint: str) -> str:
    """The property that keeps a constraint."""
    return CHECK + constraint.lower()


def check_condition(runner: QueryRunner, schema: pa.Schema, name: str, text: str) -> None:
    """Refuse a condition that a table of these columns can't have. Raises BadStatement."""
    node = _parsed(name, text)
    for code, what, kinds in _REFUSED:
        if node.find(*kinds) is not None:
            raise BadStatement(
                f"[{code}] {what} are not supported in the CHECK constraint {name} (condition = "
                f"{text:.200}): it is about one row, and says the same of it each time."
            )
    found = runner.run(_of_rows(runner, node, schema.empty_table())).schema.field(0).type
    if found != pa.bool_():
        raise BadStatement(
            f"[DELTA_NON_BOOLEAN_CHECK_CONSTRAINT] CHECK constraint {name} ({text:.200}) should be a "
            f"boolean expression; it is {found}."
        )


_REFUSED: tuple[tuple[str, str, tuple[type[exp.Expression], ...]], ...] = (
    ("DELTA_UNSUPPORTED_SUBQUERY", "Subqueries", (exp.Query,)),
    ("DELTA_AGGREGATION_NOT_SUPPORTED", "Aggregate and window functions", (exp.AggFunc, exp.Window)),
    ("DELTA_NON_DETERMINISTIC_FUNCTION_NOT_SUPPORTED", "Non-deterministic functions",
     (exp.Rand, exp.Uuid)),
)  # fmt: skip


def add_check(
    runner: QueryRunner,
    change: TableChange,
    properties: Mapping[str, str],
    name: str,
    text: str,
) -> None:
    """Refuse a new constraint of a table that has others, and whose rows don't all fulfil it.

    Args:
        properties: of the table.

    Raises:
        ResourceConflict: it has one of this name. BadStatement: the condition, the rows, no columns.
    """
    old = checks_of(properties).get(name.lower())
    if old is not None:
        raise ResourceConflict(
            f"[DELTA_CONSTRAINT_ALREADY_EXISTS] Constraint '{name}' already exists. Please delete the "
            f"old constraint first: ALTER TABLE {change.table.name} DROP CONSTRAINT {name}. Old "
            f"constraint: {old:.200}"
        )
    refuse_unread(change.table.name, change.schema.names)
    check_condition(runner, change.schema, name, text)
    rows = (change.rows_now(place) for place in range(len(change.table.files)))
    strange = sum(_strangers(runner, one, _parsed(name, text)).num_rows for one in rows)
    if strange:
        raise BadStatement(
            f"[DELTA_NEW_CHECK_CONSTRAINT_VIOLATION] {strange} rows in {change.table.name} violate the "
            f"new CHECK constraint ({text:.200}). Change or delete them first: SELECT * FROM "
            f"{change.table.name} WHERE NOT coalesce({text:.200}, false)"
        )


def refuse_strangers(
    runner: QueryRunner, change: TableChange, properties: Mapping[str, str]
) -> None:
    """Refuse a change of a table where new or changed rows don't fulfil a constraint of it.

    Raises:
        BadStatement: with the first such row's values.
    """
    checks = checks_of(properties)
    if checks:
        for rows in _written(change):
            refuse_rows(runner, rows, checks)


def refuse_rows(runner: QueryRunner, rows: pa.Table, checks: Mapping[str, str]) -> None:
    """Refuse rows that don't fulfil a constraint. Raises BadStatement, with the first one's values."""
    for name, text in checks.items():
        found = _strangers(runner, rows, _parsed(name, text))
        if not found.num_rows:
            continue
        first = rows_of(found.slice(0, 1))[0]
        values = "\n".join(f" - {column} : {_shown(first[column])}" for column in sorted(first))
        raise BadStatement(
            f"[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint {name} ({text:.200}) violated by "
            f"row with values:\n{values}"
        )


def check_made(
    runner: QueryRunner, schema: pa.Schema, rows: pa.Table, checks: Mapping[str, str]
) -> None:
    """Refuse the constraints of a table that is made, or its rows. Raises BadStatement."""
    for name, text in checks.items():
        check_condition(runner, schema, name, text)
    if rows.num_rows:
        refuse_rows(runner, rows, checks)


def refuse_checked(
    properties: Mapping[str, str], column: str, besides: Collection[str] = ()
) -> None:
    """Refuse to change a column that a constraint reads. Raises BadStatement."""
    readers = [
        f"{name} -> {text}"
        for name, text in checks_of(properties).items()
        if column in columns_named(_parsed(name, text), [column, *besides])
    ]
    if readers:
        raise BadStatement(
            f"[DELTA_CONSTRAINT_DEPENDENT_COLUMN_CHANGE] Cannot alter column {column} because this "
            f"column is referenced by the following check constraint(s): {'; '.join(readers):.300}. "
            "Drop the constraint first."
        )


def columns_named(node: exp.Expression, names: Collection[str]) -> list[str]:
    """The columns, of some, that an expression reads, a field of a struct by its column."""
    known = {name.lower(): name for name in names}
    found: dict[str, None] = {}
    for column in node.find_all(exp.Column):
        parts = [part.name.lower() for part in column.parts]
        name = next((part for part in parts if part in known), None)
        if name is not None:
            found[known[name]] = None
    return list(found)


def _written(change: TableChange) -> Iterator[pa.Table]:
    """The rows that a change writes: files with changed rows whole, and those that are new."""
    for rows in (*change.replaced.values(), change.added):
        if rows is not None and rows.num_rows:
            yield rows


def _strangers(runner: QueryRunner, rows: pa.Table, node: exp.Expression) -> pa.Table:
    """What the condition reads of the rows that don't fulfil it."""
    read = columns_named(node, rows.column_names)
    seen = rows.select(read or rows.column_names[:1])
    query = exp.select(*(exp.column(one, quoted=True) for one in read or seen.column_names))
    kept = exp.Coalesce(this=exp.paren(node.copy()), expressions=[exp.false()])
    return runner.run(query.from_(runner.show(seen, "new")).where(exp.not_(kept)))


def _of_rows(runner: QueryRunner, node: exp.Expression, rows: pa.Table) -> exp.Select:
    return exp.select(exp.alias_(node.copy(), "c")).from_(runner.show(rows, "new"))


def _parsed(name: str, text: str) -> exp.Expression:
    try:
        return expression(text)
    except (SqlglotError, ValueError):
        raise BadStatement(
            f"[PARSE_SYNTAX_ERROR] CHECK constraint {name}: {text:.200} can't be read as a condition."
        ) from None


def _shown(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else f"{value!s:.200}"
