"""AND and OR whose right side is asked only where the left doesn't decide. Knows expressions.

DuckDB keeps that order in conditions of rows; of what is selected it computes both sides for all rows.
"""

from __future__ import annotations

from sqlglot import exp

from engine.service.sql.language.functions.calls import is_larger

# What never fails, whatever the values of the columns in it are.
_SAFE = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean,
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is,
    exp.Between, exp.In, exp.Like, exp.ILike, exp.Escape, exp.Neg, exp.Tuple, exp.Lower, exp.Upper,
    exp.Trim, exp.Length, exp.Coalesce,
)  # fmt: skip
# What a condition is of; of groups it may be the key that they have, which is said as what is selected.
_OF_ROWS = (exp.Where, exp.Qualify, exp.Join, exp.If)
_LARGE = 2000  # parts
_VOLATILE = (exp.Rand, exp.Randn, exp.Uuid)


def in_order(node: exp.Expression) -> exp.Expression:
    """A chain of ANDs, or of ORs, that looks at each part only where those before don't decide."""
    kind = type(node)
    if isinstance(_around(node), kind) or _is_of_rows(node):
        return node
    parts = list(node.flatten())
    if all(map(_is_safe, parts[1:])) or node.find(*_VOLATILE) is not None:
        return node
    if is_larger(node, _LARGE):  # each part is said twice, in those around it again
        return node
    decided = exp.Boolean(this=kind is exp.Or)
    ifs = [
        exp.If(
            this=exp.Is(this=exp.paren(one.copy()), expression=decided.copy()), true=decided.copy()
        )
        for one in parts[:-1]
    ]
    ordered = exp.Case(ifs=ifs, default=node.copy())
    if isinstance(_around(node), exp.Join) and kind is exp.And:
        # By keys that stand alone rows are found, by those in a CASE all pairs are tried.
        return exp.and_(*filter(_is_safe, parts), ordered)
    return ordered


def _around(node: exp.Expression) -> exp.Expression | None:
    around = node.parent
    while isinstance(around, exp.Paren):
        around = around.parent
    return around


def _is_of_rows(node: exp.Expression) -> bool:
    """Whether it says which rows there are, or is a part of what does by AND and OR.

    Of an outer join DuckDB computes both sides, as of what is selected.
    """
    around, part = node.parent, node.arg_key
    while isinstance(around, (exp.Connector, exp.Paren)):
        around, part = around.parent, around.arg_key
    if isinstance(around, exp.Join):
        return not around.side
    if isinstance(around, exp.If) and part != "this":  # what it is then
        return False
    return isinstance(around, _OF_ROWS) and not isinstance(around.parent, exp.Filter)


def _is_safe(part: exp.Expression) -> bool:
    return all(isinstance(one, _SAFE) for one in part.walk())


CHANGES = {exp.And: in_order, exp.Or: in_order}
