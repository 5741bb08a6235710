"""Values of rows that callers write, in the types of their columns, or refused with what is taken.

Knows types; not indexes. What is taken as a number or a time is decided in `core/values`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Vector, types_of
from engine.core.values import (
    DATE_EXAMPLE,
    TEXT_TAKEN,
    TIME_TAKEN,
    FarTime,
    any_date,
    any_time,
    integer_of,
    is_text,
    listed,
    plain,
    shown,
    single_of,
)
from engine.errors import InvalidParameterValue


def value_of(value: object, kind: pa.DataType, column: str) -> Any:
    """A value in the type of its column; null, also inside an array, stays null.

    Raises:
        InvalidParameterValue: it is of another type, out of its range, or no finite number.
    """
    if value is None:
        return None
    if pa.types.is_list(kind):
        if not isinstance(value, (list, tuple, np.ndarray)):
            raise _refused(value, kind, column)
        return [value_of(item, kind.value_type, column) for item in value]
    convert, _ = _conversion(kind)
    try:
        return convert(plain(value), kind)
    except (TypeError, ValueError, OverflowError):
        raise _refused(value, kind, column) from None


def vector_of(value: object, dimension: int, column: str) -> Vector:
    """A vector of a row as float32.

    Raises:
        InvalidParameterValue: missing, of another length, or with something that is no finite number.
    """
    try:
        numbers = np.asarray(value)
        if numbers.dtype.kind not in "fiu" or numbers.shape != (dimension,) or _has_flag(value):
            raise ValueError
        with np.errstate(over="ignore"):
            vector = numbers.astype(np.float32)
        if not np.isfinite(vector).all():
            raise ValueError
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise InvalidParameterValue(
            f"column {column!r} must hold {dimension} finite numbers; it is given "
            f"{_fault_of(value, dimension)}."
        ) from None
    return vector


def _has_flag(value: object) -> bool:
    """Whether true or false is among some numbers, for which numpy takes 1 and 0."""
    return isinstance(value, (list, tuple)) and bool in types_of(value)


def _fault_of(value: object, dimension: int) -> str:
    """Why a value is no vector of that many numbers, as the end of a sentence."""
    if value is None:
        return "nothing"
    values = listed(value)
    if not isinstance(values, (list, tuple)):
        return shown(value)
    if len(values) != dimension:
        return f"{len(values)} values"
    for place, number in enumerate(values):
        if isinstance(number, bool) or not isinstance(number, (int, float, np.number)):
            return f"{shown(number)} at place {place}"
    return f"a number that is not finite, or too large for float32, among {dimension}"


def _refused(value: object, kind: pa.DataType, column: str) -> InvalidParameterValue:
    is_list = pa.types.is_list(kind)
    _, taken = _conversion(kind.value_type if is_list else kind)
    expected = f"a list, each value {taken}" if is_list else taken
    return InvalidParameterValue(
        f"column {column!r} holds {shown(value)} of type {type(value).__name__}, which is not of "
        f"type {kind}; expected {expected}."
    )


# ------------------------------------------------------------------ one type each
def _to_integer(value: object, kind: pa.DataType) -> int:
    """Keys may come as text, and JSON's clients write whole numbers as floats."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise TypeError
    if isinstance(value, str):
        number = integer_of(value)
    else:
        if not isinstance(value, int) and not (math.isfinite(value) and -(2**64) < value < 2**64):
            raise OverflowError
        number = int(value)
        if number != value:
            raise ValueError
    half = 2 ** (int(kind.bit_width) - 1)
    if not -half <= number < half:
        raise OverflowError
    return number


def _to_float(value: object, kind: pa.DataType) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise TypeError
    number = float(value)
    if not math.isfinite(single_of(number) if pa.types.is_float32(kind) else number):
        raise OverflowError  # NaN too, which no reply could show
    return number


def _to_text(value: object, kind: pa.DataType) -> str:
    if not is_text(value):
        raise ValueError
    return str(value)


def _to_boolean(value: object, kind: pa.DataType) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _to_date(value: object, kind: pa.DataType) -> Any:
    return _for_arrow(any_date(value))


def _to_time(value: object, kind: pa.DataType) -> Any:
    return _for_arrow(any_time(value))


def _for_arrow(moment: object) -> object:
    """Arrow takes what Python can't say as the number of days, or of microseconds."""
    return moment.count if isinstance(moment, FarTime) else moment


_Convert = Callable[[Any, pa.DataType], Any]
_CONVERSIONS: tuple[tuple[Callable[[pa.DataType], bool], _Convert, str], ...] = (
    (pa.types.is_integer, _to_integer, "an integer such as 42, in the type's range"),
    (pa.types.is_floating, _to_float, "a finite number such as 19.99, in the type's range"),
    (pa.types.is_string, _to_text, TEXT_TAKEN),
    (pa.types.is_boolean, _to_boolean, "true or false"),
    (pa.types.is_date, _to_date, f"a date such as '{DATE_EXAMPLE}'"),
    (pa.types.is_timestamp, _to_time, TIME_TAKEN),
)


@lru_cache(maxsize=256)
def _conversion(kind: pa.DataType) -> tuple[_Convert, str]:
    return next((convert, taken) for is_it, convert, taken in _CONVERSIONS if is_it(kind))
