"""How a call's arguments reach a function's body. Knows trees; not where calls stand.

Values stand in the place of parameters. What costs more than a look is computed once, however often the
body names it: by a lambda, or, where the body is a query, which no lambda may hold, as a relation of one
row beside it. So is an argument whose columns could be taken for those of the query.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from engine.service.sql.language.functions.translation import own_functions
from engine.service.sql.routines.parameters import ColumnsOf, named_in, put_values
from engine.service.sql.routines.routine import Routine

GIVEN = "vitrine_given"  # before the names of what is handed over: none that a user has
ROWS = "vitrine_rows"
_SIMPLE = (exp.Literal, exp.Column, exp.Null, exp.Boolean, exp.Identifier, exp.Placeholder)

Values = Mapping[str, exp.Expression]


def value_of(
    routine: Routine, body: exp.Expression, given: Values, columns_of: ColumnsOf, depth: int
) -> exp.Expression:
    """A function's body as a value, given its arguments.

    Args:
        given: by names of parameters in small letters.
        depth: of this call within the bodies of others.
    """
    if body.find(exp.Query) is not None:
        if all(map(_is_simple, given.values())) and not _may_be_mixed_up(body, given):
            return put_values(routine, body, given, columns_of)
        inner = put_values(routine, body, _beside(given), columns_of)
        return exp.Subquery(this=exp.select(inner).from_(_relation(given)))
    often = named_in(routine, body, columns_of)
    once = [
        name for name, value in given.items() if often.count(name) > 1 and not _is_simple(value)
    ]
    names = {name: exp.to_identifier(f"{GIVEN}_{depth}_{name}") for name in once}
    found = put_values(routine, body, {**given, **names}, columns_of)
    for name in once:
        found = _by_lambda(names[name], given[name], found)
    return found


def rows_of(
    routine: Routine, body: exp.Expression, given: Values, columns_of: ColumnsOf
) -> exp.Expression:
    """A function's body as a query, given its arguments.

    A search for each row of other relations has to see that its arguments are columns of those.
    """
    if "vector_search" in own_functions(body) or not _may_be_mixed_up(body, given):
        return put_values(routine, body, given, columns_of)
    inner = put_values(routine, body, _beside(given), columns_of)
    alias = exp.TableAlias(this=exp.to_identifier(ROWS))
    lateral = exp.Lateral(this=exp.Subquery(this=inner), alias=alias)
    every = exp.Column(this=exp.Star(), table=exp.to_identifier(ROWS))
    return exp.select(every).from_(_relation(given)).join(lateral, join_type="cross")


def _by_lambda(name: exp.Identifier, value: exp.Expression, body: exp.Expression) -> exp.Expression:
    """The only element of a list of one value, transformed."""
    each = exp.Lambda(this=body, expressions=[name.copy()])
    listed = exp.Transform(this=exp.Array(expressions=[value]), expression=each)
    return exp.Anonymous(this="get", expressions=[listed, exp.Literal.number(0)])


def _beside(given: Values) -> dict[str, exp.Expression]:
    return {name: exp.column(f"{GIVEN}_{name}", table=GIVEN, quoted=True) for name in given}


def _relation(given: Values) -> exp.Expression:
    named = [exp.alias_(value, f"{GIVEN}_{name}", quoted=True) for name, value in given.items()]
    relation: exp.Expression = exp.select(*named).subquery(GIVEN)
    return relation


def _is_simple(value: exp.Expression) -> bool:
    while isinstance(value, (exp.Cast, exp.Paren, exp.Neg)):
        value = value.this
    return isinstance(value, _SIMPLE)


def _may_be_mixed_up(body: exp.Expression, given: Values) -> bool:
    """Whether names in arguments could be taken for others, where they are put into a query."""
    inside = {one.alias_or_name.lower() for one in body.find_all(exp.Table, exp.Subquery, exp.CTE)}
    return any(
        not column.table or column.table.lower() in inside
        for value in given.values()
        for column in value.find_all(exp.Column)
    )
