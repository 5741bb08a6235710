"""Objects of JSON files as rows of one table, as Spark infers it. Knows values; not files.

Where a place holds values of several kinds all of them are texts (`1` beside `"x"` is `"1"`, an object
its JSON); whole numbers beyond 64 bits are decimals; an object without fields is no column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa

from engine.core.types import DECIMAL_DIGITS
from engine.service.given_rows import table_of

Rows = Sequence[Mapping[str, Any]]
_WHOLE = range(-(2**63), 2**63)


def json_table(rows: Rows, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The objects of files as a table.

    Args:
        types: of columns that are asked for: for one of texts, values are the texts that JSON has.

    Raises:
        InvalidInputException: whole numbers beside others that a double does not hold exactly.
    """
    texts = {name.lower() for name, kind in types.items() if pa.types.is_string(kind)}
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns, kept = [], []
    for name in names:
        values = [row.get(name) for row in rows]
        made = list(map(_text, values)) if name.lower() in texts else _alike(values)
        if made is not None:
            column = table_of([{name: value} for value in made]).column(name)
            columns.append(column.cast(_with_texts(column.type)))
            kept.append(name)
    return pa.table(columns, names=kept)


def _alike(values: Sequence[Any]) -> list[Any] | None:
    """Values of one kind; None where they are objects without a field."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {dict}:
        return _objects(values)
    if kinds == {list}:
        return _lists(values)
    if kinds == {int} and not all(value in _WHOLE for value in values if value is not None):
        return _large(values)
    if len(kinds) < 2 or kinds == {int, float}:
        return list(values)
    return [_text(value) for value in values]


def _large(values: Sequence[Any]) -> list[Any]:
    digits = max(len(str(abs(value))) for value in values if value is not None)
    kind: Any = Decimal if digits <= DECIMAL_DIGITS else float
    return [None if value is None else kind(value) for value in values]


def _objects(values: Sequence[Any]) -> list[Any] | None:
    names = dict.fromkeys(name for value in values if value is not None for name in value)
    fields = {
        name: _alike([None if value is None else value.get(name) for value in values])
        for name in names
    }
    known = {name: field for name, field in fields.items() if field is not None}
    if not known:
        return None
    return [
        None if value is None else {name: field[place] for name, field in known.items()}
        for place, value in enumerate(values)
    ]


def _lists(values: Sequence[Any]) -> list[Any]:
    flat = [one for value in values if value is not None for one in value]
    made = _alike(flat)
    rest = iter(flat if made is None else made)
    return [None if value is None else [next(rest) for _ in value] for value in values]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return orjson.dumps(value, default=str).decode()


def _with_texts(kind: pa.DataType) -> pa.DataType:
    """A type in which what never has a value is a text."""
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_with_texts(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([one.with_type(_with_texts(one.type)) for one in kind])
    return kind
