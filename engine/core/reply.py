"""Rows as the API's reply: manifest, data_array, row_count, page token. Knows JSON forms; not indexes.

Truth: replies seen from the service. Integers arrive as floats, a timestamp without zone as
`2015-09-15T21:36:46`, the score comes last, and an empty result has no `data_array`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.errors import InvalidParameterValue

_CHECK_BYTES = 8


def json_value(value: object, integers_as_floats: bool = True) -> Any:
    """One stored value in the form the service sends."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return float(value) if integers_as_floats else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(k): json_value(v, integers_as_floats) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [json_value(item, integers_as_floats) for item in value]
    return str(value)  # times of day and durations, as ISO-like text


def reply(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    next_page_token: str = "",
    integers_as_floats: bool = True,
) -> dict[str, Any]:
    """The reply of one page.

    Args:
        columns: requested columns in order, without the score.
        rows: for each result its column values, then its score.
        next_page_token: empty for the last page.
    """
    names = [*columns, "score"]
    result: dict[str, Any] = {"row_count": len(rows)}
    if rows or next_page_token:
        result["data_array"] = [
            [json_value(value, integers_as_floats) for value in row[:-1]] + [float(row[-1])]
            for row in rows
        ]
    return {
        "manifest": {"column_count": len(names), "columns": [{"name": name} for name in names]},
        "result": result,
        "next_page_token": next_page_token,
    }


def encode_token(state: Mapping[str, Any]) -> str:
    """An opaque, stateless page token: the whole state and a check sum, in URL-safe base64."""
    body = json.dumps(state, separators=(",", ":"), sort_keys=True, default=str).encode()
    check = hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest()
    return base64.urlsafe_b64encode(check + body).decode()


def decode_token(token: object) -> dict[str, Any]:
    """The state inside a page token.

    Raises:
        InvalidParameterValue: not a token of ours, or damaged; the service's text.
    """
    try:
        raw = base64.b64decode(str(token).encode("ascii"), altchars=b"-_", validate=True)
        check, body = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if not body or hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest() != check:
            raise ValueError
        state: dict[str, Any] = json.loads(body)
        return state
    except (ValueError, UnicodeError):
        raise invalid_token(token) from None


def invalid_token(token: object) -> InvalidParameterValue:
    """The service's refusal of a page token."""
    return InvalidParameterValue(
        f"Invalid page token: {token}, please use the page token returned from previous page."
    )
