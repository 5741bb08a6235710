"""How a call's arguments reach a function's body. Knows trees; not where calls stand.

Values stand in the place of parameters. What costs more than a look is computed once, however often the
body names it: by a lambda, or, where the body is a query, which no lambda may hold, as a relation of one
row beside it. So is an argument whose columns could be taken for those of the query.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from engine.service.sql.language.functions.translation import own_functions
from engine.service.sql.routines.parameters import ColumnsOf, named_in, places_of, put_values
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
        simple = all(map(_is_simple, given.values())) or "vector_search" in own_functions(body)
        if simple and not _may_be_mixed_up(body, given):
            return put_values(routine, body, given, columns_of)
        inner = put_values(routine, body, _beside(given, depth), columns_of)
        return exp.Subquery(this=exp.select(inner).from_(_relation(given, depth)))
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
    routine: Routine, body: exp.Expression, given: Values, columns_of: ColumnsOf, depth: int
) -> exp.Expression:
    """A function's body as a query, given its arguments. See `value_of`."""
    asked = [_is_asked_alone(one) for one in places_of(routine, body, columns_of)]
    if all(asked) or not _may_be_mixed_up(body, given):
        return put_values(routine, body, given, columns_of)
    inner = put_values(routine, body, _beside(given, depth), columns_of)
    alias = exp.TableAlias(this=exp.to_identifier(ROWS))
    lateral = exp.Lateral(this=exp.Subquery(this=inner), alias=alias)
    every = exp.Column(this=exp.Star(), table=exp.to_identifier(ROWS))
    return exp.select(every).from_(_relation(given, depth)).join(lateral, join_type="cross")


def _by_lambda(name: exp.Identifier, value: exp.Expression, body: exp.Expression) -> exp.Expression:
    """The only element of a list of one value, transformed."""
    each = exp.Lambda(this=body, expressions=[name.copy()])
    listed = exp.Transform(this=exp.Array(expressions=[value]), expression=each)
    return exp.Anonymous(this="get", expressions=[listed, exp.Literal.number(0)])


def _beside(given: Values, depth: int) -> dict[str, exp.Expression]:
    table = f"{GIVEN}_{depth}"
    return {name: exp.column(f"{GIVEN}_{name}", table=table, quoted=True) for name in given}


def _relation(given: Values, depth: int) -> exp.Expression:
    named = [exp.alias_(value, f"{GIVEN}_{name}", quoted=True) for name, value in given.items()]
    relation: exp.Expression = exp.select(*named).subquery(f"{GIVEN}_{depth}")
    return relation


def _is_asked_alone(place: exp.Expression) -> bool:
    """Whether a place is an argument of a search that nothing stands before: it sees no column there."""
    call = place.find_ancestor(exp.Anonymous, exp.Query)
    while isinstance(call, exp.Anonymous) and call.name.lower() != "vector_search":
        call = call.find_ancestor(exp.Anonymous, exp.Query)
    relation = call.parent if isinstance(call, exp.Anonymous) else None
    return isinstance(relation, exp.Table) and isinstance(relation.parent, exp.From)


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
