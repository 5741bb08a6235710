"""The word DEFAULT where a statement gives a value. Knows statements; not rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.writing.column_rules.rules import ColumnRules


def is_default(node: exp.Expression) -> bool:
    """Whether a value is the word DEFAULT."""
    if isinstance(node, exp.Var):
        return bool(node.name.upper() == "DEFAULT")
    if not isinstance(node, exp.Column) or len(node.parts) > 1:
        return False
    return node.name.upper() == "DEFAULT" and not node.this.args.get("quoted")


def refuse_within(node: exp.Expression) -> None:
    """Refuse the word as a part of a value. Raises BadStatement."""
    if any(is_default(one) for one in node.find_all(exp.Var, exp.Column)):
        raise BadStatement(
            "[DEFAULT_PLACEMENT_INVALID] A DEFAULT keyword in a MERGE, INSERT or UPDATE command could "
            f"not be directly assigned to a target column because it was part of an expression: "
            f"{node.sql(dialect='databricks'):.80}"
        )


def without_placeholders(
    query: exp.Expression, names: Sequence[str], rules: ColumnRules, types: Mapping[str, str]
) -> tuple[exp.Expression, set[int]]:
    """Rows of an INSERT with values in the place of DEFAULT, and the places that the table gives.

    Args:
        query: VALUES, or a query whose own list of columns may have the word; it is changed.
        names: the table's columns that its columns are for. types: of these, in DuckDB's words.

    Raises:
        NotSupported: some rows say a value where others leave it to the table.
    """
    rows = _rows(query)
    given_by_table: set[int] = set()
    for row in rows:
        for place, value in enumerate(row.expressions[: len(names)]):
            if is_default(value):
                name = names[place]
                value.replace(value_of(name, rules, types))
                given_by_table |= {place} if rules.gives(name) else set()
    mixed = [n for n in given_by_table if not all(_is_null(row.expressions[n]) for row in rows)]
    if mixed:
        raise NotSupported(
            f"INSERT says DEFAULT for column {names[mixed[0]]}, which the table generates, in some of "
            "its rows only. Say it in all of them, or insert the rows by two statements."
        )
    return query, given_by_table


def value_of(column: str, rules: ColumnRules, types: Mapping[str, str]) -> exp.Expression:
    """The value that DEFAULT stands for: the column's default, or null, in the column's type."""
    kind = exp.DataType.build(types[column], dialect="duckdb")
    return exp.cast(rules.defaults.get(column, exp.Null()).copy(), kind)


def _rows(query: exp.Expression) -> list[exp.Expression]:
    """What holds an INSERT's values: each row of VALUES, or the query with its own list."""
    if isinstance(query, exp.Values):
        return list(query.expressions)
    if isinstance(query, exp.Select):
        inner = _only_values(query)
        return list(inner.expressions) if inner is not None else [query]
    return []


def _only_values(query: exp.Select) -> exp.Values | None:
    """The VALUES of `SELECT * FROM VALUES ...`, as an INSERT behind a WITH has them."""
    start = query.args.get("from_")
    is_all = len(query.expressions) == 1 and isinstance(query.expressions[0], exp.Star)
    return start.this if is_all and start and isinstance(start.this, exp.Values) else None


def _is_null(value: exp.Expression) -> bool:
    return isinstance(value, exp.Cast) and isinstance(value.this, exp.Null)
