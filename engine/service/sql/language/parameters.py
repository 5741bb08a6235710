"""Values of parameters as expressions. Knows Python's types and the API's texts; not statements."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from engine.core.values import shown
from engine.errors import InvalidInputException
from engine.service.sql.language.column_types import in_full
from engine.service.sql.language.dialect import parameter
from engine.service.sql.session import TypedText

_PLAIN = (str, bool, int, float, datetime.date, decimal.Decimal)  # datetimes are dates


def expressions_of(values: Mapping[str, Any]) -> dict[str, exp.Expression]:
    """Each value as an expression.

    Raises:
        InvalidInputException: a value of a kind that SQL has none for; names it.
        BadStatement: no name of a type.
    """
    return {name: _expression(name, value) for name, value in values.items()}


def _expression(name: str, value: Any) -> exp.Expression:
    if value is None:
        return exp.Null()
    if isinstance(value, TypedText):
        typed = parameter(value.text, value.type)
        if isinstance(typed, exp.Cast):
            typed.set("to", in_full(typed.to))
        return typed
    if isinstance(value, decimal.Decimal):
        return exp.Literal.number(f"{value:f}")
    if isinstance(value, _PLAIN):
        return exp.convert(value)
    if hasattr(value, "tolist"):  # of numpy
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return exp.Array(expressions=[_expression(name, one) for one in value])
    raise InvalidInputException(
        f"parameter {name!r} is {shown(value)}; expected a text, a number, true or false, a date, a "
        "time, a list of such values, or None."
    )
