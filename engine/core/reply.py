"""Rows as the API's reply: manifest, data_array, row_count, page token. Knows JSON forms; not indexes.

Truth: replies seen from the service. Integers arrive as floats, a timestamp without zone as
`2015-09-15T21:36:46`, the score comes last, and an empty result has no `data_array`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from engine.core.values import FarTime, decimal_of, plain, shown
from engine.errors import InvalidParameterValue

FACET_COLUMNS = ("facet_column_name", "facet_value", "facet_count")
_CHECK_BYTES = 16
_SENT_AS_THEY_ARE = {str, bool, type(None)}


def json_value(value: object, integers_as_floats: bool = True) -> Any:
    """One stored value in the form the service sends."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return float(value) if integers_as_floats else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, (date, FarTime)):  # datetimes are dates
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(k): json_value(v, integers_as_floats) for k, v in value.items()}
    if isinstance(value, Sequence):
        # A vector: a finite sum has finite parts, and its numbers are sent as they are.
        if set(map(type, value)) == {float} and math.isfinite(sum(value)):
            return list(value)
        return [json_value(item, integers_as_floats) for item in value]
    return str(value)  # times of day and durations, as ISO-like text


def sent_values(values: Sequence[Any], integers_as_floats: bool = True) -> Sequence[Any]:
    """`json_value` of a column's values; columns of one plain type are gone through at once."""
    kinds = set(map(type, values))
    if kinds <= _SENT_AS_THEY_ARE:
        return values
    if kinds == {int}:
        return list(map(float, values)) if integers_as_floats else values
    if kinds == {float} and math.isfinite(sum(values)):  # a finite sum has finite parts
        return values
    return [json_value(value, integers_as_floats) for value in values]


def sent_values_exactly(values: Sequence[Any]) -> Sequence[Any]:
    """The same where integers are sent as integers."""
    return sent_values(values, integers_as_floats=False)


def _decimal(value: Decimal) -> float | str:
    """A number where a double's shortest form says the same, else text, which keeps every digit."""
    number = float(value)
    return number if decimal_of(number) == value else f"{value:f}"


def typed_value(value: object) -> dict[str, Any]:
    """One stored value as the scan reply writes it: under the name of its type; null as `{}`."""
    sent = json_value(value)
    if sent is None:
        return {}
    if isinstance(sent, bool):
        return {"bool_value": sent}
    if isinstance(sent, float):
        return {"number_value": sent}
    if isinstance(sent, list):
        return {"list_value": {"values": [typed_value(item) for item in sent]}}
    if isinstance(sent, dict):
        return {"struct_value": {"fields": typed_fields(sent)}}
    return {"string_value": sent}


def typed_fields(values: Mapping[str, object]) -> list[dict[str, Any]]:
    """Named values as the scan reply writes them: `{"key": name, "value": typed_value}`, in order."""
    return [{"key": name, "value": typed_value(value)} for name, value in values.items()]


def reply(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    next_page_token: str = "",
    facets: Sequence[Sequence[Any]] | None = None,
) -> dict[str, Any]:
    """The reply of one page.

    Args:
        columns: requested columns in order, without the score.
        rows: for each result its column values as they are sent, then its score.
        next_page_token: empty for the last page.
        facets: `[column, value or range, count]` of each facet's entries; None for none asked.
    """
    names = [*columns, "score"]
    result: dict[str, Any] = {"row_count": len(rows)}
    if rows or next_page_token:
        result["data_array"] = list(map(list, rows))
    manifest: dict[str, Any] = {
        "column_count": len(names),
        "columns": [{"name": name} for name in names],
    }
    out = {"manifest": manifest, "result": result, "next_page_token": next_page_token}
    if facets is not None:
        manifest["facet_column_count"] = len(FACET_COLUMNS)
        manifest["facet_columns"] = [{"name": name} for name in FACET_COLUMNS]
        rows_of_facets = [[_counted(value) for value in row] for row in facets]
        out["facet_result"] = {"facet_row_count": len(facets), "facet_array": rows_of_facets}
    return out


def _counted(value: object) -> Any:
    """A value of a facet. An infinity is a text here: null would be both, and rows without a value."""
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return json_value(value, integers_as_floats=False)


def token_value(value: object) -> Any:
    """What JSON has no form for, in one that says the same where the token is read."""
    said = plain(value)
    return str(value) if type(said) is type(value) else said


def encode_token(state: Mapping[str, Any], secret: bytes) -> str:
    """An opaque, stateless page token: the whole state, signed, in URL-safe base64.

    Args:
        secret: the workspace's; a token that was signed with another is refused.
    """
    body = json.dumps(state, separators=(",", ":"), sort_keys=True, default=token_value).encode()
    return base64.urlsafe_b64encode(_signature(body, secret) + body).decode()


def _signature(body: bytes, secret: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES, key=secret).digest()


def decode_token(token: object, secret: bytes) -> dict[str, Any]:
    """The state inside a page token.

    Raises:
        InvalidParameterValue: not a token of this workspace, or damaged; the service's text.
    """
    try:
        text = token.encode("ascii") if isinstance(token, str) else b""
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        check, body = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        # One spelling each: base64 reads some changed letters as the same bytes.
        if not body or base64.urlsafe_b64encode(raw) != text:
            raise ValueError
        if not hmac.compare_digest(_signature(body, secret), check):
            raise ValueError
        state: dict[str, Any] = json.loads(body)
        return state
    except (ValueError, UnicodeError):
        raise invalid_token(token) from None


def invalid_token(token: object) -> InvalidParameterValue:
    """The service's refusal of a page token."""
    given = token if isinstance(token, str) else shown(token)
    return InvalidParameterValue(
        f"Invalid page token: {given}, please use the page token returned from previous page."
    )
