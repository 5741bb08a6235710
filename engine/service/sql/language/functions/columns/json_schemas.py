"""`schema_of_json`: the type that JSON's values have, in SQL's words, as Spark infers it."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa

from engine.errors import BadStatement

_NAME = re.compile(r"\w+", re.ASCII)
_LONG = 1 << 63
_MOST_DIGITS = 38


def schema_of_json(text: pa.ChunkedArray) -> pa.Array:
    """The types of texts' JSON. Raises BadStatement: a text that is none."""
    return pa.array([_said(_read(one)) for one in text.to_pylist()], pa.string())


def _read(text: str) -> Any:
    try:
        return _kind_of(json.loads(text))
    except ValueError as error:
        raise BadStatement(
            f"[BAD_REQUEST] schema_of_json: {text!r:.80} is no JSON: {error}"
        ) from None


def _kind_of(value: Any) -> Any:
    """A word; a list of the kind of its values; or kinds by name. None is that of nulls."""
    if isinstance(value, dict):
        return {name: _kind_of(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        kind = None
        for one in value:
            kind = _both(kind, _kind_of(one))
        return [kind]
    if value is None:
        return None
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        digits = len(str(abs(value)))
        wide = f"DECIMAL({digits},0)" if digits <= _MOST_DIGITS else "DOUBLE"
        return "BIGINT" if -_LONG <= value < _LONG else wide
    return "DOUBLE" if isinstance(value, float) else "STRING"


def _both(one: Any, other: Any) -> Any:
    """The kind that holds values of two."""
    if one is None or other is None or one == other:
        return other if one is None else one
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _both(one.get(key), other.get(key)) for key in sorted({*one, *other})}
    if isinstance(one, list) and isinstance(other, list):
        return [_both(one[0], other[0])]
    return "DOUBLE" if {one, other} == {"BIGINT", "DOUBLE"} else "STRING"


def _said(kind: Any) -> str:
    if isinstance(kind, dict):
        fields = ", ".join(f"{_name(name)}: {_said(one)}" for name, one in kind.items())
        return f"STRUCT<{fields}>"
    if isinstance(kind, list):
        return f"ARRAY<{_said(kind[0])}>"
    return kind or "STRING"


def _name(name: str) -> str:
    return name if _NAME.fullmatch(name) else f"`{name}`"
