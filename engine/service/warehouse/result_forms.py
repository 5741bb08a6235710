"""Results in the API's forms: columns, texts in JSON, CSV, Arrow streams. Knows values; not SQL.

Truth: the Statement Execution API: every value is a text or null; nulls of CSV are `null`.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa

from engine.core.arrow.objects import values_of
from engine.core.types import catalog_type, result_type
from engine.core.values import FarTime

Json = dict[str, Any]
FORMATS = ("JSON_ARRAY", "ARROW_STREAM", "CSV")


def schema_of(table: pa.Table) -> Json:
    """A result's columns as a manifest shows them."""
    columns = [_column(field, place) for place, field in enumerate(table.schema)]
    return {"column_count": len(columns), "columns": columns}


def _column(field: pa.Field, place: int) -> Json:
    out: Json = {
        "name": field.name,
        "position": place,
        "type_name": catalog_type(field.type)[0],
        "type_text": result_type(field.type),
    }
    if pa.types.is_decimal(field.type):
        out |= {"type_precision": field.type.precision, "type_scale": field.type.scale}
    return out


# ------------------------------------------------------------------ values
def text_rows(table: pa.Table) -> list[list[str | None]]:
    """Rows of texts and nulls."""
    columns = [_texts(column) for column in table.columns]
    return [list(row) for row in zip(*columns)]


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [None if value is None else _text(value) for value in values_of(column)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, FarTime):
        return value.isoformat() if value.is_date else f"{value.isoformat('milliseconds')}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _time(value: datetime) -> str:
    """A time in UTC, with as many digits as it has, three at least."""
    there = value if value.tzinfo is None else value.astimezone(timezone.utc)
    exactness = "microseconds" if there.microsecond % 1000 else "milliseconds"
    return f"{there.replace(tzinfo=None).isoformat(timespec=exactness)}Z"


def _plain(value: Any) -> Any:
    """A value as JSON has it: finite numbers and truths stay, all else within is a text."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        pairs = bool(value) and all(isinstance(one, tuple) and len(one) == 2 for one in value)
        if pairs:  # a map's entries
            return {str(key): _plain(one) for key, one in value}
        return [_plain(one) for one in value]
    stays = value is None or isinstance(value, (bool, int))
    return value if stays or (isinstance(value, float) and math.isfinite(value)) else _text(value)


def json_rows(table: pa.Table) -> list[list[Any]]:
    """Rows of values as JSON has them; finite numbers stay numbers."""
    columns = [[_plain(value) for value in values_of(column)] for column in table.columns]
    return [list(row) for row in zip(*columns)]


def json_of(table: pa.Table) -> str:
    """Rows as JSON objects by the columns' names, one a line; finite numbers stay numbers."""
    names = table.column_names
    rows = [dict(zip(names, row)) for row in json_rows(table)]
    lines = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"[{lines}]"


# ------------------------------------------------------------------ bytes of a chunk
def as_json(table: pa.Table, first: bool) -> bytes:
    """A chunk as compact JSON."""
    rows = text_rows(table)
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def as_csv(table: pa.Table, first: bool) -> bytes:
    """A chunk as CSV of RFC 4180; only the first one has the names of the columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    if first:
        writer.writerow(table.column_names)
    for row in text_rows(table):
        writer.writerow(["null" if value is None else value for value in row])
    return out.getvalue().encode()


def as_arrow(table: pa.Table, first: bool) -> bytes:
    """A chunk as an Arrow stream."""
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


WRITERS: dict[str, tuple[str, Callable[[pa.Table, bool], bytes]]] = {
    "JSON_ARRAY": ("application/json", as_json),
    "CSV": ("text/csv", as_csv),
    "ARROW_STREAM": ("application/vnd.apache.arrow.stream", as_arrow),
}
