"""Values of any types as texts: as a cast says them, as JSON, and as a line of CSV.

Structures, lists and maps within each other included. Truth: Spark's own texts.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrow.objects import values_of
from engine.core.types import catalog_type, is_list
from engine.core.values import FarTime
from engine.errors import BadStatement
from engine.service.sql.language.functions.added import type_text

_is = pa.types
Say = Callable[[Any], str]
_LEAST, _MOST = 1e-3, 1e7  # between which a number has no exponent
_QUOTED = re.compile(r'[,"\n\r]')
_IN_QUOTES = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


def texts(column: pa.ChunkedArray) -> pa.Array:
    """Values as a cast to STRING says them."""
    return _each(column, _text_of(column.type))


def type_texts(column: pa.ChunkedArray) -> pa.Array:
    """Types in DuckDB's words, in the cloud's."""
    return pa.array([type_text(one) for one in column.to_pylist()], pa.string())


def json_texts(column: pa.ChunkedArray) -> pa.Array:
    """Values as `to_json` says them: of structures the fields that are there, of maps all."""
    return _each(column, _json_of(column.type))


def csv_lines(column: pa.ChunkedArray) -> pa.Array:
    """Structures as lines of CSV."""
    if not _is.is_struct(column.type):
        raise BadStatement(f"to_csv takes a structure; it is given {catalog_type(column.type)[1]}.")
    nested = [one.name for one in column.type if _is.is_nested(one.type) or _is.is_binary(one.type)]
    if nested:
        raise BadStatement(f"to_csv: the field {nested[0]} is no single number, text or time.")
    says = [(one.name, _text_of(one.type, in_csv=True)) for one in column.type]
    return _each(
        column,
        lambda row: ",".join(
            "" if row[name] is None else _field(say(row[name])) for name, say in says
        ),
    )


def _each(column: pa.ChunkedArray, say: Say) -> pa.Array:
    return pa.array([None if one is None else say(one) for one in values_of(column)], pa.string())


# ------------------------------------------------------------------ as a cast says them
def _text_of(kind: pa.DataType, in_csv: bool = False) -> Say:
    """What says a value of a type that is not null."""
    if _is.is_struct(kind):
        says = [(one.name, _or_null(_text_of(one.type))) for one in kind]
        return lambda row: "{" + ", ".join(say(row[name]) for name, say in says) + "}"
    if _is.is_map(kind):
        key, item = _or_null(_text_of(kind.key_type)), _or_null(_text_of(kind.item_type))
        return lambda pairs: "{" + ", ".join(f"{key(a)} -> {item(b)}" for a, b in pairs) + "}"
    if is_list(kind):
        inner = _or_null(_text_of(kind.value_type))
        return lambda values: "[" + ", ".join(map(inner, values)) + "]"
    if _is.is_timestamp(kind):
        return (lambda at: _json_time(at, bool(kind.tz))) if in_csv else _time
    if _is.is_binary(kind) or _is.is_large_binary(kind):
        return lambda value: str(value, "utf-8", "replace")
    return _plain_of(kind)


def _or_null(say: Say) -> Say:
    return lambda value: "null" if value is None else say(value)


def _plain_of(kind: pa.DataType) -> Say:
    if _is.is_float32(kind):
        return lambda value: number_text(str(np.float32(value)))
    if _is.is_float64(kind):
        return lambda value: number_text(repr(value))
    if _is.is_decimal(kind):
        return lambda value: format(value, "f")
    if _is.is_boolean(kind):
        return lambda value: "true" if value else "false"
    return str


def number_text(shortest: str) -> str:
    """A double as Java says it: 1.0E20.

    Args:
        shortest: the shortest digits that mean it, as Python says them.
    """
    value = float(shortest)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or _LEAST <= abs(value) < _MOST:
        plain = format(Decimal(shortest), "f")
        return plain if "." in plain else f"{plain}.0"
    sign, digits, exponent = Decimal(shortest).as_tuple()
    said = "".join(map(str, digits)).rstrip("0") or "0"
    whole = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{said[0]}.{said[1:] or '0'}E{whole}"


def _time(at: dt.datetime | FarTime) -> str:
    """Its fraction has no zeros at the end."""
    if isinstance(at, FarTime):
        said = at.isoformat().replace("T", " ")
    else:
        said = at.replace(tzinfo=None).isoformat(" ")
    return said.rstrip("0") if "." in said else said


# ------------------------------------------------------------------ as JSON
def _json_of(kind: pa.DataType) -> Say:
    if _is.is_struct(kind):
        says = [(one.name, _quoted(one.name), _json_of(one.type)) for one in kind]
        return lambda row: (
            "{"
            + ",".join(
                f"{name}:{say(row[field])}" for field, name, say in says if row[field] is not None
            )
            + "}"
        )
    if _is.is_map(kind):
        key, item = _or_null(_text_of(kind.key_type)), _or_null(_json_of(kind.item_type))
        return lambda pairs: "{" + ",".join(f"{_quoted(key(a))}:{item(b)}" for a, b in pairs) + "}"
    if is_list(kind):
        inner = _or_null(_json_of(kind.value_type))
        return lambda values: "[" + ",".join(map(inner, values)) + "]"
    if _is.is_timestamp(kind):
        return lambda at: f'"{_json_time(at, bool(kind.tz))}"'
    if _is.is_binary(kind) or _is.is_large_binary(kind):
        return lambda value: f'"{base64.b64encode(value).decode()}"'
    plain = _plain_of(kind)
    if _is.is_floating(kind):
        return lambda value: plain(value) if math.isfinite(value) else f'"{plain(value)}"'
    if _is.is_integer(kind) or _is.is_decimal(kind) or _is.is_boolean(kind):
        return plain
    return lambda value: _quoted(str(value))


def _quoted(text: str) -> str:
    said = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{found[1].upper()}", said)


def _json_time(at: dt.datetime | FarTime, zoned: bool) -> str:
    if isinstance(at, FarTime):
        said = at.isoformat("milliseconds")
    else:
        said = at.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{said}Z" if zoned else said


# ------------------------------------------------------------------ as CSV
def _field(text: str) -> str:
    """A field with quotes around it where it needs them; quotes within behind a backslash."""
    text = text.strip()
    if text and not _QUOTED.search(text) and not text.startswith("#"):
        return text
    return '"' + text.replace('"', '\\"') + '"'


def csv_fields(column: pa.ChunkedArray, by: pa.ChunkedArray) -> pa.Array:
    """The fields of lines of CSV, null for those that are empty."""
    rows = zip(column.to_pylist(), by.to_pylist())
    return pa.array([_fields(line, sign) for line, sign in rows], pa.list_(pa.string()))


def _fields(line: str, by: str) -> list[str | None]:
    out: list[str | None] = []
    start = 0
    while line and start <= len(line):
        quoted = _IN_QUOTES.match(line, start)
        end = quoted.end() if quoted else -1
        if quoted and (end == len(line) or line[end] == by):
            field = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
        else:
            end = line.find(by, start)
            end = len(line) if end < 0 else end
            field = line[start:end]
        out.append(field or None)
        start = end + 1
    return out
