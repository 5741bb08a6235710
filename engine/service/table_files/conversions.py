"""A column in a type that was asked for, every value what it was. Knows values; not columns' names.

Arrow's own casts also make 1 of 1.5, a time of any integer, a day of a time, and infinity of what is
too large. Here a value either says the same in the other type, or it has no form in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from engine.core.arrow.objects import column_from, has_far_times, values_of
from engine.core.types import is_list
from engine.core.values import any_date, any_time

_is = pa.types
_BOOLEAN = r"^(true|false)$"
_INTEGER = r"^-?[0-9]+$"
_INFINITE = r"^[+-]?inf(inity)?$"


def converted(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """The values in another type; None where one has no form in it.

    Numbers keep their value (a double is a decimal by its shortest form, and the nearest float; 1 and 0
    are booleans), times are no numbers, a day is a midnight and a midnight a day. Texts are read: times
    as `any_time` reads them, those without a zone in UTC; lists as JSON.
    """
    if _is.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if values.type == kind:
        return values
    if is_list(kind):
        return _lists(values, kind)
    for from_, to, convert in _WAYS:
        if from_(values.type) and to(kind):
            return convert(values, kind)
    return _cast(values, kind)


def _cast(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    try:
        return values.cast(kind)
    except pa.ArrowException:
        return None


def _none(values: pa.ChunkedArray, kind: pa.DataType) -> None:
    """There is no way: the unit of a number that stands for a time is not known."""


def _to_floats(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    found = _cast(values, kind)
    if found is None:
        return None
    said = pc.is_inf(values) if _is.is_floating(values.type) else _says_infinity(values)
    return found if pc.sum(pc.is_inf(found)) == pc.sum(said) else None


def _says_infinity(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.match_substring_regex(texts, _INFINITE, ignore_case=True)


def _by_text(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    return _cast(values.cast(pa.string()), kind)


def _numbers_to_booleans(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    is_one = pc.equal(values, 1)
    return is_one if pc.all(pc.or_(is_one, pc.equal(values, 0))).as_py() is not False else None


def _texts_to_booleans(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    matching = pc.match_substring_regex(texts, _BOOLEAN, ignore_case=True)
    return pc.equal(pc.utf8_lower(texts), "true") if pc.all(matching).as_py() is not False else None


def _texts_to_integers(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    matching = pc.match_substring_regex(texts, _INTEGER)  # Arrow also reads 0x1F
    return _cast(texts, kind) if pc.all(matching).as_py() is not False else None


def _texts_to_times(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    return _each(texts, any_time, kind)


def _texts_to_dates(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    return _each(texts, any_date, kind)


def _each(
    texts: pa.ChunkedArray, read: Callable[[object], Any], kind: pa.DataType
) -> pa.ChunkedArray | None:
    try:
        read_ones = [None if text is None else read(text) for text in texts.to_pylist()]
        return pa.chunked_array([column_from(read_ones, kind)])
    except (ValueError, TypeError, OverflowError):  # Arrow's too: beyond what a unit holds
        return None


def _times_to_texts(times: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    if not has_far_times(times):
        return _cast(times, kind)
    texts = [None if value is None else str(value) for value in values_of(times)]
    return pa.chunked_array([texts], kind)  # Arrow would write another year


def _times_to_dates(times: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    utc = times.cast(pa.timestamp(times.type.unit))
    days = utc.cast(kind, safe=False)
    return days if pc.all(pc.equal(days.cast(utc.type), utc)).as_py() is not False else None


def _lists(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    if _is_text(values.type):
        return _lists_of_texts(values, kind)
    if not is_list(values.type):
        return None
    flat = pc.list_flatten(values)
    if isinstance(flat, pa.Array):
        flat = pa.chunked_array([flat])
    inner = converted(flat, kind.value_type)
    if inner is None:
        return None
    lengths = pc.list_value_length(values)
    counts = np.asarray(pc.fill_null(lengths, 0).combine_chunks())
    places = np.concatenate([[0], np.cumsum(counts)])
    nulls = np.append(np.asarray(pc.is_null(lengths).combine_chunks()), False)
    offsets = pa.array(places, pa.int32(), mask=nulls)
    made = pa.ListArray.from_arrays(offsets, inner.combine_chunks())
    return pa.chunked_array([made.cast(kind)])


def _lists_of_texts(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """Texts that hold JSON lists."""
    try:
        lists = pa.array(
            [None if text is None else orjson.loads(text) for text in texts.to_pylist()]
        )
    except (ValueError, TypeError, pa.ArrowException):
        return None
    if not is_list(lists.type):
        return None
    return _lists(pa.chunked_array([lists]), kind)


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (_is.is_string, _is.is_large_string, _is.is_string_view))


def _is_number(kind: pa.DataType) -> bool:
    return bool(_is.is_integer(kind) or _is.is_floating(kind))


def _is_time(kind: pa.DataType) -> bool:
    return bool(_is.is_timestamp(kind) or _is.is_date(kind))


def _is_no_time(kind: pa.DataType) -> bool:
    return _is_number(kind) or _is.is_boolean(kind) or _is.is_decimal(kind)


# From a type of the first kind to one of the second; the first way that fits counts.
_WAYS: tuple[tuple[Callable[[Any], bool], Callable[[Any], bool], Callable[..., Any]], ...] = (
    (_is_time, _is_no_time, _none),
    (_is_no_time, _is_time, _none),
    (_is_text, _is.is_timestamp, _texts_to_times),
    (_is_text, _is.is_date, _texts_to_dates),
    (_is_text, _is.is_boolean, _texts_to_booleans),
    (_is_text, _is.is_integer, _texts_to_integers),
    (_is_text, _is.is_floating, _to_floats),
    (_is.is_floating, _is.is_floating, _to_floats),
    (_is_number, _is.is_decimal, _by_text),
    (_is.is_decimal, _is.is_floating, _by_text),  # Arrow makes 0.35000000000000003 of 0.35
    (_is.is_decimal, _is.is_boolean, _numbers_to_booleans),
    (_is_number, _is.is_boolean, _numbers_to_booleans),
    (_is.is_timestamp, _is.is_date, _times_to_dates),
    (_is_time, _is_text, _times_to_texts),
)
