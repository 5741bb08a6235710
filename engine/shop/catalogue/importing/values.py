"""The values of a column, all seen, to a type and values of that type. Knows forms of values.

Nothing is lost to a type: a column is of numbers only where every value is one as it is written, so that
`007` and `12345678901234567890123` stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from engine.core.values import is_text
from engine.shop.catalogue.sources.nested import as_json

NULLS = (
    "",
    "NA",
    "N/A",
    "NULL",
    "null",
    "NaN",
    "nan",
    "#N/A",
)  # fields of text files without a value
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,15}|-?(?:0|[1-9]\d{0,14})")
_LEAST, _MOST = -(2**63), 2**63 - 1


def cell(value: Any) -> Any:
    """A field of a text file as a value: without blanks around it, None for none."""
    text = value.strip() if isinstance(value, str) else value
    return None if isinstance(text, str) and text in NULLS else text


def is_whole(text: str) -> bool:
    """Whether a text is an integer of 64 bits exactly as integers are written."""
    return bool(_INTEGER.fullmatch(text)) and text != "-0" and _LEAST <= int(text) <= _MOST


def column(values: Sequence[Any], is_text: bool = False) -> pa.Array:
    """A column of values whose source has no type for them.

    Args:
        is_text: they are fields of a text file, which may stand for numbers.
    """
    there = [value for value in values if value is not None]
    if is_text and there and all(isinstance(value, str) for value in there):
        return _of_texts(values, there)
    return _of_values(values, there)


def keys(values: Sequence[Any]) -> pa.Array:
    """A column of keys, none missing: integers where all are, else texts."""
    if all(isinstance(value, int) for value in values):
        return pa.array(values, pa.int64())
    if all(isinstance(value, str) and is_whole(value) for value in values):
        return pa.array([int(value) for value in values], pa.int64())
    return pa.array([str(value) for value in values], pa.string())


def key_of(value: Any) -> int | str | None:
    """A value as a key: an integer, or a text without blanks around it; None for none."""
    if isinstance(value, bool) or value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, int):
        return value if _LEAST <= value <= _MOST else str(value)
    text = str(value).strip()
    return text if text and is_text(text) else None


def year_of(value: Any) -> int | None:
    """A year, also of a date or written as `2012.0`; None for what is none."""
    found = re.match(r"\s*(\d{4})(?:\.0*|[-/.].*)?\s*$", str(value))
    return int(found[1]) if found else None


def _of_texts(values: Sequence[Any], there: Sequence[str]) -> pa.Array:
    if all(map(is_whole, there)):
        return pa.array([None if value is None else int(value) for value in values], pa.int64())
    if all(map(_DECIMAL.fullmatch, there)):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array(values, pa.string())


def _of_values(values: Sequence[Any], there: Sequence[Any]) -> pa.Array:
    kinds = {type(value) for value in there}
    if kinds == {int} and not all(_LEAST <= value <= _MOST for value in there):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    if kinds <= {int, float} and kinds:
        if kinds == {int}:
            return pa.array(values, pa.int64())
        if all(int(float(one)) == one for one in there if isinstance(one, int)):
            return pa.array([None if one is None else float(one) for one in values], pa.float64())
    if len(kinds) == 1 and kinds <= {str, bool}:
        return pa.array(values, pa.string() if kinds == {str} else pa.bool_())
    if kinds == {list}:
        inner = {type(one) for value in there for one in value if one is not None}
        if inner <= {str}:
            return pa.array(values, pa.list_(pa.string()))
        if inner <= {int, float}:
            return pa.array(values, pa.list_(pa.float64()))
    return pa.array([None if value is None else _shown(value) for value in values], pa.string())


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return as_json(value) if isinstance(value, (list, dict, bool)) else str(value)
