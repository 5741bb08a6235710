"""Filters as DuckDB SQL. Knows the filter tree and SQL; not tables, not connections.

Every value is a bound parameter, and columns go by names that the caller chose. Truth:
`tree.matches`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from engine.core.filters.tree import (
    BLANKS,
    And,
    AnyOf,
    Compare,
    Is,
    IsNull,
    Like,
    Node,
    Not,
    Operator,
    Or,
    Words,
)
from engine.core.schema import Column
from engine.core.values import FarTime

# As an SQL regular expression: DuckDB's engine knows these escapes.
_ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f", "\v": r"\v"}
OPPOSITE: dict[Operator, Operator] = {
    "=": "!=",
    "!=": "=",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}
_DECIMAL_DIGITS = 38  # of DuckDB's widest decimal, as of the cloud's
_EXACTLY = Context(prec=1000, Emax=MAX_EMAX, Emin=MIN_EMIN)
_BLANKS_PATTERN = "[" + "".join(_ESCAPES.get(blank, blank) for blank in BLANKS) + "]+"


def to_sql(node: Node, names: Mapping[str, str]) -> tuple[str, list[Any]]:
    """An SQL condition that is true for exactly the rows that match, and its parameters in order.

    Args:
        names: what each column is called in SQL; plain identifiers that differ in more than case.
    """
    parameters: list[Any] = []
    return _sql(node, names, parameters, True), parameters


def _sql(node: Node, names: Mapping[str, str], parameters: list[Any], wanted: bool) -> str:
    """A condition that is true for exactly the rows of which the node is true, or (not wanted) false.

    NOT is so carried down to single conditions, where unknown and false count alike.
    """
    if isinstance(node, Not):
        return _sql(node.part, names, parameters, not wanted)
    if isinstance(node, (And, Or)):
        joiner = " AND " if isinstance(node, And) is wanted else " OR "
        return "(" + joiner.join(_sql(part, names, parameters, wanted) for part in node.parts) + ")"
    name = names[node.column.name]
    if isinstance(node, IsNull):
        return _is_null(node, name, wanted)
    if isinstance(node, Is):
        same = "DISTINCT" if node.negated is wanted else "NOT DISTINCT"
        return f"({name} IS {same} FROM {'true' if node.value else 'false'})"
    if isinstance(node, Compare):
        operator = node.operator if wanted else OPPOSITE[node.operator]
        if compares_exactly(node.column, (node.value,)):
            return _exact_compare(node.column, name, operator, node.value, parameters)
        place = _bound(node.value, parameters)
        return _not_nan(node.column, name, f"{name} {operator} {place}")
    if isinstance(node, Like):
        parameters.append(node.pattern)
        return f"({name} {'LIKE' if wanted else 'NOT LIKE'} ?)"
    if isinstance(node, Words):
        parameters.extend(node.words)
        held = f"string_split_regex({name}, '{_BLANKS_PATTERN}')"
        tests = " AND ".join(f"list_contains({held}, ?)" for _ in node.words)
        return f"({tests})" if wanted else f"(NOT ({tests}))"
    return _not_nan(node.column, name, _any_of(node, name, parameters, node.negated is wanted))


def _is_null(node: IsNull, name: str, wanted: bool) -> str:
    can_be_nan = node.column.kind == "float" and not node.column.is_array
    if node.negated is wanted:
        return (
            f"({name} IS NOT NULL AND NOT isnan({name}))" if can_be_nan else f"({name} IS NOT NULL)"
        )
    return f"({name} IS NULL OR isnan({name}))" if can_be_nan else f"({name} IS NULL)"


def compares_exactly(column: Column, values: Sequence[Any]) -> bool:
    """Whether the column's values are compared with these digit by digit."""
    taken = {"int": (int, float, Decimal), "decimal": (Decimal,)}.get(column.kind, ())
    return bool(taken) and all(isinstance(v, taken) and v == v for v in values)


def _exact_compare(
    column: Column, name: str, operator: Operator, value: Any, parameters: list[Any]
) -> str:
    """A comparison of integers or decimals with a value of the column's own scale.

    DuckDB would compare an integer with a fraction as doubles, which confuses large neighbours, and
    fails where a common type of two decimals has too many digits.
    """
    rounded, is_exact = at_scale(column, value, up=operator in ("<", ">="))
    if operator in ("=", "!=") and not is_exact:
        return f"({name} IS NOT NULL)" if operator == "!=" else "(false)"
    if rounded is None:
        above = value > 0
        all_match = operator == "!=" or (operator in ("<", "<=")) is above
        return f"({name} IS NOT NULL)" if all_match else "(false)"
    parameters.append(rounded)
    return f"({name} {operator} ?)"


def at_scale(column: Column, value: Any, up: bool) -> tuple[Any, bool]:
    """The nearest value of the column's scale in one direction, and whether it is the value itself.

    `x < 1.5` is `x < 2` and `x <= 1.5` is `x <= 1`, for whole x. None where no column holds as many
    digits.
    """
    if column.kind == "int":
        if isinstance(value, float) and math.isinf(value):
            return None, False
        whole = math.ceil(value) if up else math.floor(value)
        return whole, whole == value
    if not value.is_finite() or value.adjusted() + column.scale >= _DECIMAL_DIGITS:
        return None, False
    place = Decimal(1).scaleb(-column.scale)
    rounded = value.quantize(place, ROUND_CEILING if up else ROUND_FLOOR, _EXACTLY)
    if rounded.adjusted() + column.scale >= _DECIMAL_DIGITS:
        return None, False
    return rounded, rounded == value


def _any_of(node: AnyOf, name: str, parameters: list[Any], negated: bool) -> str:
    values = list(node.values)
    if compares_exactly(node.column, values):
        # What has a fraction, or more digits than the column, equals none of its values.
        rounded = [at_scale(node.column, value, up=True) for value in values]
        values = [value for value, is_exact in rounded if is_exact]
    if not values:
        return f"{name} IS NOT NULL" if negated else "false"
    places = ", ".join([_bound(value, parameters) for value in values])
    test = f"list_has_any({name}, [{places}])" if node.column.is_array else f"{name} IN ({places})"
    return f"NOT ({test})" if negated else test


def _bound(value: Any, parameters: list[Any]) -> str:
    """Where a value stands in SQL; a time that Python can't say is bound as its number."""
    if not isinstance(value, FarTime):
        parameters.append(value)
        return "?"
    parameters.append(value.count)
    if value.is_date:
        return "(DATE '1970-01-01' + CAST(? AS INTEGER))"
    return "make_timestamp(CAST(? AS BIGINT))"


def _not_nan(column: Column, name: str, condition: str) -> str:
    if column.kind == "float" and not column.is_array:
        return f"({condition} AND NOT isnan({name}))"
    return f"({condition})"
