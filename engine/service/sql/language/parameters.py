"""Values of parameters as expressions. Knows Python's types and the API's texts; not statements."""

from __future__ import annotations

import contextlib
import datetime
import decimal
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlglot import exp

from engine.core.values import any_time, listed, shown
from engine.errors import InvalidInputException
from engine.service.sql.language.column_types import in_full
from engine.service.sql.language.dialect import parameter
from engine.service.sql.session import TypedText

_PLAIN = (str, bool, int, datetime.date)


def expressions_of(values: Mapping[str, Any]) -> dict[str, exp.Expression]:
    """Each value as an expression.

    Raises:
        InvalidInputException: a value of a kind that SQL has none for; names it.
        BadStatement: no name of a type.
    """
    return {name: _expression(name, value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """Values of numpy as Python's; its times are times, also those in nanoseconds."""
    if isinstance(value, np.datetime64):
        with contextlib.suppress(ValueError, OverflowError):
            return any_time(value)
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind == "M":
        return list(value)
    return listed(value)


def _expression(name: str, value: Any) -> exp.Expression:
    if value is None:
        return exp.Null()
    if isinstance(value, TypedText):
        typed = parameter(value.text, value.type)
        if isinstance(typed, exp.Cast):
            typed.set("to", in_full(typed.to))
        return typed
    value = _plain(value)
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return exp.Literal.number(f"{value:f}")
    if isinstance(value, float):  # a literal would be a decimal
        return exp.cast(exp.Literal.string(str(value)), "double")
    if isinstance(value, datetime.datetime):
        return exp.cast(exp.Literal.string(value.isoformat(" ")), "timestamp")
    if isinstance(value, bytes):
        return exp.HexString(this=value.hex())
    if isinstance(value, _PLAIN):
        return exp.convert(value)
    if isinstance(value, (list, tuple)):
        return exp.Array(expressions=[_expression(name, one) for one in value])
    raise InvalidInputException(
        f"parameter {name!r} is {shown(value)}; expected a text, a number, true or false, a date, a "
        "time, bytes, a list of such values, or None."
    )
