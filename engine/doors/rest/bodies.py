"""Bodies to values and back, for every route and every door. Knows JSON; not fields."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

import orjson

from engine.doors.rest.json_text import parse_json, parse_keys
from engine.errors import BadRequest

_MARKS = (  # what a body in another encoding begins with, longest first
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_ROWS_AT_ONCE = 64  # with vectors of 1,024 numbers, some milliseconds


class MalformedRequest(BadRequest):
    """The request can't be read, or has a field that the route doesn't take and that is refused."""

    error_code = "MALFORMED_REQUEST"


def parse_body(body: str | bytes, holds_keys: bool = False) -> Any:
    """The values of a request's body as it came.

    Args:
        holds_keys: it may hold keys, of which integers beyond 64 bits keep their digits.

    Raises:
        MalformedRequest: not JSON, empty, or in another encoding than UTF-8.
    """
    try:
        return parse_keys(body) if holds_keys else parse_json(body)
    except ValueError as error:
        raise MalformedRequest(f"The body is not JSON: {error}.{_encoding_hint(body)}") from None


def _encoding_hint(body: str | bytes) -> str:
    if isinstance(body, str):
        return ""
    marked = next((name for mark, name in _MARKS if body.startswith(mark)), None)
    if marked is None and b"\0" in body[:4]:
        marked = "UTF-16 or UTF-32"
    return f" It is {marked}; send UTF-8 without a byte order mark." if marked else ""


def encode_json(reply: object) -> bytes:
    """A reply as JSON text in UTF-8; NaN and Infinity become null.

    Long lists are encoded some rows at a time, between which other threads get their turn. Half a
    character, such as in the name of a file that is not UTF-8, is one of its escapes.
    """
    try:
        return b"".join(_pieces(reply)) if _has_many_rows(reply) else orjson.dumps(reply)
    except orjson.JSONEncodeError:
        return json.dumps(reply).encode()


def _has_many_rows(value: object, depth: int = 2) -> bool:
    if type(value) is list:
        return len(value) > _ROWS_AT_ONCE
    if type(value) is dict and depth:
        for held in value.values():
            kind = type(held)
            if (kind is list or kind is dict) and _has_many_rows(held, depth - 1):
                return True
    return False


def _pieces(value: object) -> Iterator[bytes]:
    if type(value) is dict and _has_many_rows(value):
        yield b"{"
        for place, (name, held) in enumerate(value.items()):
            yield (b"," if place else b"") + orjson.dumps(name) + b":"
            yield from _pieces(held)
        yield b"}"
    elif type(value) is list and len(value) > _ROWS_AT_ONCE:
        for start in range(0, len(value), _ROWS_AT_ONCE):
            yield b"," if start else b"["
            yield orjson.dumps(value[start : start + _ROWS_AT_ONCE])[1:-1]
        yield b"]"
    else:
        yield orjson.dumps(value)
