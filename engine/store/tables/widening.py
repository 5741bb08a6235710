"""One type for the values of several, and values brought to it exactly. Knows Arrow types; not files.

Only what holds every value as it is counts as a common type: numbers are no text, 5 is not true, a time
is no date, and a decimal fraction is no binary one. Where that depends on the values (64-bit integers
beside doubles), the type is given and each value is checked when it is brought to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa

from engine.core.types import plain_type

_UNITS = ("s", "ms", "us", "ns")
_FLOATS = (
    (16, 11, pa.float16()),
    (32, 24, pa.float32()),
    (64, 53, pa.float64()),
)  # width, exact bits
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}  # decimal digits of an integer of so many bits
_MOST_DIGITS = (38, 76)  # of decimal128 and decimal256


class NotExact(ValueError):
    """A value has no equal in the wanted type; the text says which and why."""


def common_type(kinds: Iterable[pa.DataType]) -> pa.DataType | None:
    """The type that holds the values of all these exactly, whatever their order; None for none.

    A column without any value (`null`) takes the type of the others. Mixed times get microseconds,
    the API's unit, and 64-bit integers beside floats get doubles: see `widened` for their check.
    """
    found = _distinct(kind for kind in kinds if not pa.types.is_null(kind))
    if len(found) < 2:
        return found[0] if found else pa.null()
    plain = _distinct(k.value_type if pa.types.is_dictionary(k) else k for k in found)
    if len(plain) == 1:
        return plain[0]
    for tests, join in _FAMILIES:
        if all(any(test(kind) for test in tests) for kind in plain):
            return join(plain)
    return None


def is_always_exact(kind: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether every value of a type fits the common type, so that none needs a check."""
    if kind == wanted or pa.types.is_null(kind):
        return True
    if pa.types.is_dictionary(kind):
        return is_always_exact(kind.value_type, wanted)
    if _is_list(kind) and _is_list(wanted):
        return is_always_exact(kind.value_type, wanted.value_type)
    if pa.types.is_integer(kind):
        return bool(kind.bit_width < 64 or (pa.types.is_int64(kind) and not _is_float(wanted)))
    return any(test(kind) for test in (_is_float, _is_text, _is_binary, pa.types.is_decimal))


def widened(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    """A column in a common type of its own and others, every value equal to what it was.

    Raises:
        NotExact: a value, or the column's type, has no exact form in that type.
    """
    if column.type == wanted:
        return column
    column = _plainly(column)
    if column.null_count == len(column):
        return pa.nulls(len(column), wanted)
    if common_type([column.type, wanted]) != wanted:
        raise NotExact(f"{column.type} is not a kind of {wanted}")
    try:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        return column.cast(wanted)
    except pa.ArrowException as error:
        raise NotExact(str(error)) from None


def _plainly(column: pa.Array) -> pa.Array:
    kind = plain_type(column.type)
    return column if kind == column.type else column.cast(kind)


# ------------------------------------------------------------------ families of types
def _distinct(kinds: Iterable[pa.DataType]) -> list[pa.DataType]:
    return list(dict.fromkeys(kinds))


def _is_float(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind))


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _is_binary(kind: pa.DataType) -> bool:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests) or bool(pa.types.is_fixed_size_binary(kind))


def _is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _is_local_time(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.tz is None)


def _is_instant(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.tz is not None)


def _integers(kinds: Sequence[pa.DataType]) -> pa.DataType:
    signed = [k.bit_width for k in kinds if pa.types.is_signed_integer(k)]
    unsigned = [k.bit_width for k in kinds if pa.types.is_unsigned_integer(k)]
    if not signed:
        return max(kinds, key=lambda kind: kind.bit_width)
    # Beside a signed type, an unsigned one needs a bit more; 64 of them are checked by value.
    bits = min(64, max(*signed, *(2 * width for width in unsigned), 0))
    return {8: pa.int8(), 16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[bits]


def _numbers(kinds: Sequence[pa.DataType]) -> pa.DataType:
    integers = [k for k in kinds if pa.types.is_integer(k)]
    bits = max((k.bit_width - pa.types.is_signed_integer(k) for k in integers), default=0)
    widest = max(k.bit_width for k in kinds if _is_float(k))
    fitting = [kind for width, exact, kind in _FLOATS if width >= widest and exact >= bits]
    return fitting[0] if fitting else pa.float64()


def _decimals(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    decimals = [k for k in kinds if pa.types.is_decimal(k)]
    whole = [k.precision - k.scale for k in decimals]
    whole += [_DIGITS[k.bit_width] for k in kinds if pa.types.is_integer(k)]
    scale = max(0, *(k.scale for k in decimals))
    digits = max(1, max(whole) + scale)
    if digits > _MOST_DIGITS[1]:
        return None
    wide = digits > _MOST_DIGITS[0] or any(pa.types.is_decimal256(k) for k in decimals)
    return pa.decimal256(digits, scale) if wide else pa.decimal128(digits, scale)


def _texts(kinds: Sequence[pa.DataType]) -> pa.DataType:
    return pa.large_string() if any(map(pa.types.is_large_string, kinds)) else pa.string()


def _binaries(kinds: Sequence[pa.DataType]) -> pa.DataType:
    return pa.large_binary() if any(map(pa.types.is_large_binary, kinds)) else pa.binary()


def _unit(kinds: Sequence[pa.DataType]) -> str:
    """The finest unit; of nanoseconds and others microseconds, which reach beyond the year 2262."""
    units = {k.unit for k in kinds}
    return str(max(units, key=_UNITS.index)) if len(units) == 1 or "ns" not in units else "us"


def _instants(kinds: Sequence[pa.DataType]) -> pa.DataType:
    zones = {k.tz for k in kinds}
    return pa.timestamp(_unit(kinds), tz=zones.pop() if len(zones) == 1 else "UTC")


def _local_times(kinds: Sequence[pa.DataType]) -> pa.DataType:
    """Times without a zone; a date among them is its midnight."""
    times = [k for k in kinds if pa.types.is_timestamp(k)]
    has_dates = len(times) < len(kinds)
    unit = _unit(times)
    return pa.timestamp("us" if has_dates and unit == "ns" else unit)


def _times(kinds: Sequence[pa.DataType]) -> pa.DataType:
    unit = max((k.unit for k in kinds), key=_UNITS.index)
    return pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)


def _lists(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    element = common_type([k.value_type for k in kinds])
    if element is None:
        return None
    sizes = {k.list_size if pa.types.is_fixed_size_list(k) else None for k in kinds}
    if len(sizes) == 1 and None not in sizes:
        return pa.list_(element, sizes.pop())
    large = any(map(pa.types.is_large_list, kinds))
    return pa.large_list(element) if large else pa.list_(element)


def _structs(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    names = [[field.name for field in kind] for kind in kinds]
    if any(other != names[0] for other in names):
        return None
    fields = []
    for place, name in enumerate(names[0]):
        kind = common_type([k.field(place).type for k in kinds])
        if kind is None:
            return None
        fields.append(pa.field(name, kind))
    return pa.struct(fields)


def _maps(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    keys, items = (common_type([getattr(k, p) for k in kinds]) for p in ("key_type", "item_type"))
    return None if keys is None or items is None else pa.map_(keys, items)


# Tests of which each type meets one, and the join; the first family that has them all counts.
_FAMILIES: tuple[
    tuple[tuple[Callable[[Any], bool], ...], Callable[[Sequence[pa.DataType]], pa.DataType | None]],
    ...,
] = (
    ((pa.types.is_integer,), _integers),
    ((pa.types.is_integer, _is_float), _numbers),
    ((pa.types.is_integer, pa.types.is_decimal), _decimals),
    ((_is_text,), _texts),
    ((_is_binary,), _binaries),
    ((pa.types.is_date,), lambda kinds: pa.date32()),
    ((_is_local_time, pa.types.is_date), _local_times),
    ((_is_instant,), _instants),
    ((pa.types.is_time,), _times),
    ((pa.types.is_duration,), lambda kinds: pa.duration(_unit(kinds))),
    ((_is_list,), _lists),
    ((pa.types.is_struct,), _structs),
    ((pa.types.is_map,), _maps),
)
