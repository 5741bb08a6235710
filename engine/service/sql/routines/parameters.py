"""Which names in a function's body are its parameters: a column of that name comes first.

Source: docs.databricks.com/sql/language-manual/sql-ref-name-resolution.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlglot import exp

from engine.service.sql.routines.routine import Routine

ColumnsOf = Callable[[exp.Table], list[str]]


def put_values(
    routine: Routine,
    body: exp.Expression,
    values: Mapping[str, exp.Expression],
    columns_of: ColumnsOf,
) -> exp.Expression:
    """A body with values in the place of its parameters; changes it.

    Args:
        values: by names of parameters in small letters.
        columns_of: names of a table's columns, in small letters.
    """
    holder = exp.Tuple(expressions=[body])
    for column, name, fields in list(_named(routine, holder, columns_of)):
        value = values[name].copy()
        for field in fields:  # of a parameter that is a struct
            value = exp.Dot(this=value, expression=field.copy())
        is_result = isinstance(column.parent, exp.Select) and column.arg_key == "expressions"
        column.replace(exp.alias_(value, column.name, quoted=True) if is_result else value)
    left: exp.Expression = holder.expressions[0].pop()
    return left


def named_in(routine: Routine, body: exp.Expression, columns_of: ColumnsOf) -> list[str]:
    """The parameters that a body names, in small letters, each as often as it does."""
    holder = exp.Tuple(expressions=[body.copy()])
    return [name for _, name, _ in _named(routine, holder, columns_of)]


def places_of(
    routine: Routine, body: exp.Expression, columns_of: ColumnsOf
) -> list[exp.Expression]:
    """Where a body names its parameters."""
    return [place for place, _, _ in _named(routine, body, columns_of)]


def _named(
    routine: Routine, holder: exp.Expression, columns_of: ColumnsOf
) -> Iterator[tuple[exp.Column, str, list[exp.Expression]]]:
    """Where parameters are named: the node, the parameter, and the fields of it that are wanted."""
    own = [part.lower() for part in routine.name.split(".")]
    known = {field.name.lower() for field in routine.parameters}
    for column in holder.find_all(exp.Column):
        if isinstance(column.this, exp.Star):
            continue
        parts = [part.name.lower() for part in column.parts]
        above = _before(parts, own)
        if above and parts[above] in known:
            yield column, parts[above], list(column.parts)[above + 1 :]
        elif parts[0] in known and not _is_column(column, parts[0], columns_of):
            yield column, parts[0], list(column.parts)[1:]


def _before(parts: list[str], own: list[str]) -> int:
    """How many parts of a column's name say the function's; 0 for none."""
    return next((n for n in (3, 2, 1) if len(parts) > n and parts[:n] == own[-n:]), 0)


def _is_column(node: exp.Column, name: str, columns_of: ColumnsOf) -> bool:
    """Whether a relation that a column's place can see has a column, or is itself, of a name."""
    above: list[exp.Expression] = [node]
    while (around := above[-1].parent) is not None:
        if isinstance(around, exp.Select) and name in _seen(around, columns_of, above):
            return True
        if isinstance(around, exp.Lambda) and name in {
            one.name.lower() for one in around.expressions
        }:
            return True
        above.append(around)
    return False


def _seen(
    select: exp.Select, columns_of: ColumnsOf, inside: Sequence[exp.Expression] = ()
) -> set[str]:
    """Columns of the relations of a query, in small letters; with the relations' own names.

    Args:
        inside: what a place stands in, which sees all relations but the one that it is a part of.
    """
    first = select.args.get("from_")
    relations = [first.this] if first is not None else []
    relations += [join.this for join in select.args.get("joins") or []]
    relations += select.args.get("laterals") or []
    found: set[str] = set()
    for one in relations:
        if any(one is part for part in inside):
            continue
        found.update(_columns(one, columns_of))
        found.add(one.alias_or_name.lower())
    return found


def _columns(relation: exp.Expression, columns_of: ColumnsOf) -> set[str]:
    alias = relation.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.columns:
        return {column.name.lower() for column in alias.columns}
    if isinstance(relation, exp.Values):
        rows = relation.expressions[:1]
        width = max((len(one.expressions) if isinstance(one, exp.Tuple) else 1) for one in rows)
        return {f"col{place}" for place in range(1, width + 1)}
    query: exp.Expression | None = relation.this if isinstance(relation, exp.Subquery) else None
    if isinstance(relation, exp.Lateral) and isinstance(relation.this, exp.Subquery):
        query = relation.this.this
    if isinstance(relation, exp.Table):
        query = _cte(relation)
        if query is None:
            return set(columns_of(relation))
    return set() if query is None else _results(query, columns_of)


def _results(query: exp.Expression, columns_of: ColumnsOf) -> set[str]:
    """Names of a query's columns; for a star, of all that it sees."""
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    if not isinstance(query, exp.Select):
        return set()
    if query.is_star:
        return _seen(query, columns_of)
    return {name.lower() for name in query.named_selects}


def _cte(relation: exp.Table) -> exp.Expression | None:
    """The query of the common table expression that a relation names; None for a table."""
    if len(relation.parts) != 1:
        return None
    around: exp.Expression | None = relation.parent
    while around is not None:
        named = around.args.get("with_")
        for one in named.expressions if named is not None else ():
            if one.alias.lower() == relation.name.lower():
                query: exp.Expression = one.this
                return query
        around = around.parent
    return None
