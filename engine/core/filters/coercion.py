"""What a condition of a column may say: its kind, its operators, and values coerced to its kind.

The rules that both dialects share. Knows columns and values; not how filters are written. In each
function `written` is the condition as its author wrote it, or the key of a dict.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.core.filters.foreign_operators import refused_value
from engine.core.filters.tree import Scalar, narrowed
from engine.core.schema import Column
from engine.core.values import (
    DATE_EXAMPLE,
    TEXT_TAKEN,
    TIME_TAKEN,
    any_date,
    any_time,
    decimal_of,
    exact_number_of,
    is_text,
    plain,
    shown,
)
from engine.errors import BadRequest


def not_filtered(written: str, column: Column) -> BadRequest:
    """The refusal of a column of kind "other"."""
    return BadRequest(
        f"Filter {written!r}: column {column.name!r} holds values that can't be filtered."
    )


def check_ordered(written: str, column: Column, operator: str) -> None:
    """Refuse a range over texts, booleans or arrays (assumed)."""
    if column.is_array or column.kind in ("string", "boolean"):
        raise BadRequest(
            f"Filter {written!r}: operator {operator} needs a column of numbers, dates or "
            f"timestamps; {column.name!r} holds "
            f"{'arrays' if column.is_array else column.kind + ' values'}."
        )


def like_pattern(written: str, column: Column, value: object) -> str:
    """The pattern of a LIKE; refuses a column that holds no text."""
    if column.kind != "string" or column.is_array:
        raise BadRequest(
            f"Filter {written!r}: LIKE needs a string column; {column.name!r} is none."
        )
    return str(coerced(written, column, value))


def coerced(written: str, column: Column, value: object) -> Scalar:
    """The value in the column's kind. Numeric text counts as a number (assumed).

    Raises:
        BadRequest: the column's kind can't be compared with such a value; null is none.
    """
    if isinstance(value, Mapping):
        raise refused_value(written, column.name, value)
    try:
        return _COERCIONS[column.kind](plain(value), column)
    except (ValueError, TypeError, OverflowError):
        nulls = f" Rows without a value are asked for as text: `{column.name}` IS NULL."
        raise BadRequest(
            f"Filter {written!r}: {shown(value)} of type {type(value).__name__} can't be "
            f"compared with column {column.name!r}, which holds {column.kind} values; expected "
            f"{_TAKEN[column.kind]}.{nulls if value is None and not column.is_array else ''}"
        ) from None


# ------------------------------------------------------------------ values
def _to_number(value: object) -> int | float | Decimal:
    """A number in the range of doubles, or any integer; an integer where it is whole."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise TypeError
    number = _digits_of(value) if isinstance(value, str) else value
    if isinstance(number, int):
        return number
    if not (number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)):
        raise ValueError
    if isinstance(number, Decimal) and math.isinf(float(number)):
        raise ValueError
    return int(number) if number == int(number) else number


def _digits_of(text: str) -> int | Decimal:
    """A number as text with all of its digits, also where a double would do."""
    number = exact_number_of(text)
    return decimal_of(number) if isinstance(number, float) else number


def _to_integer(value: object, column: Column) -> int | float | Decimal:
    """A number to compare integers with, which may have a fraction.

    Beyond 64 bits no stored integer is equal, and an infinity compares the same way.
    """
    number = _to_number(value)
    if -(2**63) <= number < 2**64:
        return number
    return math.inf if number > 0 else -math.inf


def _to_float(value: object, column: Column) -> float:
    """A double; of a narrower column the nearest of its floats, so that 19.99 is what was written."""
    number = _to_number(value)
    try:
        double = float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
    nearest = narrowed(double, column)
    return nearest if math.isfinite(nearest) else double


def _to_decimal(value: object, column: Column) -> Decimal:
    """A decimal number exactly as written; of a double what its shortest form says."""
    if isinstance(value, float) and math.isfinite(value):
        return decimal_of(value)
    number = _to_number(value)
    return decimal_of(number) if isinstance(number, float) else Decimal(number)


def _to_text(value: object, column: Column) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not is_text(value):
        raise ValueError
    return value


def _to_boolean(value: object, column: Column) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_COERCIONS: dict[str, Callable[[object, Column], Scalar]] = {
    "int": _to_integer,
    "float": _to_float,
    "decimal": _to_decimal,
    "string": _to_text,
    "boolean": _to_boolean,
    "date": lambda value, column: any_date(value),
    "timestamp": lambda value, column: any_time(value),
}
_TAKEN: dict[str, str] = {
    "int": "a number such as 42",
    "float": "a number such as 19.99",
    "decimal": "a number such as 19.99",
    "string": TEXT_TAKEN,
    "boolean": "true or false",
    "date": f"a date such as '{DATE_EXAMPLE}'",
    "timestamp": TIME_TAKEN,
}
