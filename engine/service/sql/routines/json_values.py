"""Values of JSON as values of SQL's types: what each type takes, and what is wrong. Knows no calls.

Source: JSON Schema's `type` and `format`; unitycatalog-ai takes dates and times as texts, BINARY in
base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlglot import exp

from engine.core.values import (
    DATE_EXAMPLE,
    TIME_TAKEN,
    decimal_of,
    integer_of,
    number_of,
    shown,
    to_date,
    to_timestamp,
)
from engine.errors import BadRequest, NotSupported

Json = dict[str, Any]
_T = exp.DataType.Type
_BITS = {_T.TINYINT: 8, _T.SMALLINT: 16, _T.INT: 32, _T.BIGINT: 64}
_FLOATS = {_T.FLOAT, _T.DOUBLE}
_TIMES = {_T.TIMESTAMP, _T.TIMESTAMPTZ, _T.TIMESTAMPLTZ, _T.TIMESTAMPNTZ}
NESTED = {_T.ARRAY, _T.MAP, _T.STRUCT}
_STRING = exp.DataType(this=_T.TEXT)


class WrongArgument(BadRequest):
    """An argument that is missing, or no value of its parameter's type; its message names it."""


def schema_of(kind: exp.DataType) -> Json:
    """The JSON schema of a type's values.

    Raises:
        NotSupported: BINARY within another type.
    """
    if kind.this == _T.ARRAY:
        return {"type": "array", "items": schema_of(_item(kind))}
    if kind.this == _T.MAP:
        return {"type": "object", "additionalProperties": schema_of(_item(kind))}
    if kind.this == _T.STRUCT:
        fields = {name: schema_of(one) for name, one in _fields(kind).items()}
        return {"type": "object", "properties": fields}
    _check_said(kind)
    return dict(_LEAVES[kind.this][0]) if kind.this in _LEAVES else {"type": "string"}


def value_of(kind: exp.DataType, value: object, place: str) -> Any:
    """A value of JSON as `from_json` reads it for a type; decimals as texts, BINARY as bytes.

    Args:
        place: what messages call it, such as `sizes[2]`.

    Raises:
        WrongArgument: it is no value of the type; names the place, the value and what is expected.
        NotSupported: BINARY within another type.
    """
    if value is None:
        return None
    if kind.this == _T.ARRAY:
        return _list(kind, value, place)
    if kind.this in NESTED:
        return _object(kind, value, place)
    _check_said(kind)
    _, read, expected = _LEAVES.get(kind.this, _TEXT)
    try:
        return read(value)
    except (TypeError, ValueError, OverflowError, KeyError):
        raise _wrong(place, value, expected) from None


def _list(kind: exp.DataType, value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(place, value, "a list")
    item = _item(kind)
    return [value_of(item, one, f"{place}[{number}]") for number, one in enumerate(value)]


def _object(kind: exp.DataType, value: object, place: str) -> Json:
    if not isinstance(value, dict):
        raise _wrong(place, value, "an object")
    if kind.this == _T.MAP:
        key, item = kind.expressions[0] if kind.expressions else _STRING, _item(kind)
        for name in value:
            value_of(key, name, f"{place}, in a key,")
        return {name: value_of(item, one, f"{place}.{name:.60}") for name, one in value.items()}
    fields = _fields(kind)
    for name in value:
        if name not in fields:
            raise WrongArgument(
                f"Argument {place} has no field {name!r:.60}; it has {', '.join(fields)}."
            )
    return {name: value_of(fields[name], one, f"{place}.{name}") for name, one in value.items()}


def _wrong(place: str, value: object, expected: str) -> WrongArgument:
    return WrongArgument(f"Argument {place} is {shown(value)}; expected {expected}.")


def _item(kind: exp.DataType) -> exp.DataType:
    """The type of what a list or a map holds."""
    found: exp.DataType = kind.expressions[-1] if kind.expressions else _STRING
    return found


def _fields(kind: exp.DataType) -> dict[str, exp.DataType]:
    return {one.name: one.args.get("kind") or _STRING for one in kind.expressions}


def _check_said(kind: exp.DataType) -> None:
    if kind.this == _T.BINARY and kind.find_ancestor(exp.DataType) is not None:
        raise NotSupported("BINARY within another type can't be said in JSON; declare a STRING.")


# ------------------------------------------------------------------ values without parts
def _integer(bits: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, str):
            value = integer_of(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
            raise TypeError
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise OverflowError
        return int(value)

    return read


def _number(value: object) -> int | float:
    if isinstance(value, str):
        value = number_of(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return value


def _decimal(value: object) -> str:
    """Its text, which no binary number is between."""
    number_of(str(_number(value)))  # no infinity
    exact = decimal_of(value) if isinstance(value, float) else Decimal(str(value))
    return f"{exact:f}"


def _double(value: object) -> float:
    number = float(_number(value))
    if number in (float("inf"), -float("inf")):
        raise OverflowError
    return number


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _date(value: object) -> str:
    return to_date(_text(value)).isoformat()


def _time(value: object) -> str:
    to_timestamp(_text(value))
    return str(value)


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        raise ValueError from None


_Leaf = tuple[Json, Callable[[object], Any], str]
_TEXT: _Leaf = ({"type": "string"}, _text, "a text")
_LEAVES: dict[exp.DataType.Type, _Leaf] = {
    **{
        kind: ({"type": "integer"}, _integer(bits), f"a whole number of {bits} bits")
        for kind, bits in _BITS.items()
    },
    **{kind: ({"type": "number"}, _double, "a number") for kind in _FLOATS},
    **{kind: ({"type": "string", "format": "date-time"}, _time, TIME_TAKEN) for kind in _TIMES},
    _T.DECIMAL: ({"type": "number"}, _decimal, "a number, or its text"),
    _T.BOOLEAN: ({"type": "boolean"}, _boolean, "true or false"),
    _T.DATE: (
        {"type": "string", "format": "date"},
        _date,
        f"a date such as '{DATE_EXAMPLE}', as text",
    ),
    _T.BINARY: (
        {"type": "string", "contentEncoding": "base64"},
        _bytes,
        "bytes as text in base64",
    ),
}
