"""Values of several types in one: equal to what they were, or refused; whatever the order.

The oracle is Python's own arithmetic: `Fraction` of a number, text of a text, the instant of a time.
"""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.tables.widening import NotExact, common_type, is_always_exact, widened

DAY = dt.date(1970, 1, 1)


def integers(bits: int, signed: bool) -> st.SearchStrategy[int]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    edges = [low, high, 0, 1, min(high, 2**53), min(high, 2**53 + 1), min(high, 2**24 + 1)]
    return st.sampled_from(edges) | st.integers(low, high)


def stamps(unit: str, zone: str | None) -> st.SearchStrategy[int]:
    """Counts of the unit; the far ones lie beyond what finer units reach."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    far = [253402300799, -62135596800, 10**12]  # 9999-12-31, year 1, year 33658
    seconds = st.integers(-(10**9), 10**9) | st.sampled_from(far)
    counts = st.builds(lambda s, rest: s * per_second + rest % per_second, seconds, st.integers(0))
    return counts.filter(lambda count: abs(count) < 2**63)


SCALARS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    **{
        kind: integers(kind.bit_width, pa.types.is_signed_integer(kind))
        for kind in (
            *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
            *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        )
    },
    pa.float16(): st.floats(width=16, allow_nan=False).map(np.float16),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(max_size=4),
    pa.large_string(): st.text(max_size=4),
    pa.binary(): st.binary(max_size=4),
    pa.binary(2): st.binary(min_size=2, max_size=2),
    pa.date32(): st.dates(),
    pa.decimal128(5, 2): st.integers(-(10**5) + 1, 10**5 - 1).map(lambda n: Decimal(n).scaleb(-2)),
    pa.decimal128(38, 9): st.integers(-(10**38) + 1, 10**38 - 1).map(
        lambda n: Decimal((n < 0, tuple(map(int, str(abs(n)))), -9))
    ),
    pa.null(): st.none(),
    **{
        pa.timestamp(unit, zone): stamps(unit, zone)
        for unit in ("s", "ms", "us", "ns")
        for zone in (None, "UTC", "Europe/Berlin")
    },
}
LISTS = {
    kind: st.lists(SCALARS[kind.value_type] | st.none(), min_size=size, max_size=size or 3)
    for kind, size in (
        (pa.list_(pa.float32()), 0),
        (pa.list_(pa.float64()), 0),
        (pa.list_(pa.float16()), 0),
        (pa.list_(pa.float32(), 2), 2),
        (pa.list_(pa.float64(), 2), 2),
        (pa.large_list(pa.int64()), 0),
        (pa.list_(pa.int8()), 0),
        (pa.list_(pa.string()), 0),
        (pa.list_(pa.null()), 0),
    )
}
KINDS = {**SCALARS, **LISTS}


def array(values: list[Any], kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind)


def meaning(value: Any, kind: pa.DataType) -> Any:
    """What a value of a type says, told so that equal values of all types are equal."""
    if value is None:
        return None
    if pa.types.is_nested(kind):
        return [meaning(one, kind.value_type) for one in value]
    if pa.types.is_timestamp(kind):
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        return ("instant" if kind.tz else "local time", Fraction(value, per_second))
    if isinstance(value, dt.date):
        return ("local time", Fraction((value - DAY).days * 86400))
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, (str, bytes)):
        return value
    if value in (float("inf"), float("-inf")):
        return float(value)
    return (
        "number",
        Fraction(value)
        if isinstance(value, Decimal)
        else Fraction(float(value))
        if isinstance(value, (float, np.floating))
        else Fraction(value),
    )


def meanings(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        values = column.cast(pa.int64()).to_pylist()
    else:
        values = column.to_pylist()
    return [meaning(value, kind) for value in values]


@st.composite
def column(draw: st.DrawFn, kind: pa.DataType) -> pa.Array:
    made = array(draw(st.lists(KINDS[kind] | st.none(), max_size=6)), kind)
    if draw(st.booleans()) and not pa.types.is_nested(kind) and not pa.types.is_null(kind):
        made = made.dictionary_encode()
    start = draw(st.integers(0, len(made)))
    return made.slice(start)


def told(column: pa.Array) -> list[Any]:
    return meanings(column.dictionary_decode() if pa.types.is_dictionary(column.type) else column)


@settings(max_examples=1500, deadline=None)
@given(data=st.data())
def test_values_out_are_values_in_or_the_column_is_refused(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=3))
    columns = [data.draw(column(kind)) for kind in kinds]
    wanted = common_type(c.type for c in columns)
    assert all(
        common_type(c.type for c in order) == wanted for order in itertools.permutations(columns)
    )
    if wanted is None:
        return
    for one in columns:
        try:
            made = widened(one, wanted)
        except NotExact:
            assert not is_always_exact(one.type, wanted)
            continue
        assert made.type == wanted
        assert (
            [*map(told, [made])] == [*map(told, [one])]
            if pa.types.is_null(wanted)
            else (told(made) == told(one))
        )


GOING_TOGETHER = [
    ([pa.int8(), pa.uint8()], pa.int16()),
    ([pa.int32(), pa.uint32(), pa.int8()], pa.int64()),
    ([pa.uint8(), pa.uint32()], pa.uint32()),
    ([pa.int64(), pa.uint64()], pa.int64()),
    ([pa.int16(), pa.float32()], pa.float32()),
    ([pa.int32(), pa.float32()], pa.float64()),
    ([pa.int64(), pa.float64()], pa.float64()),
    ([pa.float16(), pa.float64()], pa.float64()),
    ([pa.decimal128(5, 2), pa.decimal128(7, 4)], pa.decimal128(7, 4)),
    ([pa.decimal128(5, 2), pa.int64()], pa.decimal128(22, 2)),
    ([pa.decimal128(38, 2), pa.decimal128(38, 9)], pa.decimal256(45, 9)),
    ([pa.string(), pa.large_string()], pa.large_string()),
    ([pa.dictionary(pa.int8(), pa.string()), pa.string()], pa.string()),
    ([pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.string())], pa.string()),
    ([pa.timestamp("s"), pa.timestamp("ms")], pa.timestamp("ms")),
    ([pa.timestamp("us"), pa.timestamp("ns")], pa.timestamp("us")),
    ([pa.timestamp("us", "UTC"), pa.timestamp("us", "Asia/Tokyo")], pa.timestamp("us", "UTC")),
    ([pa.date32(), pa.timestamp("ms")], pa.timestamp("ms")),
    ([pa.date32(), pa.date64()], pa.date32()),
    ([pa.time32("s"), pa.time64("ns")], pa.time64("ns")),
    ([pa.list_(pa.float32()), pa.list_(pa.float64())], pa.list_(pa.float64())),
    ([pa.list_(pa.float32(), 4), pa.list_(pa.float32())], pa.list_(pa.float32())),
    ([pa.list_(pa.float16(), 4), pa.list_(pa.float32(), 4)], pa.list_(pa.float32(), 4)),
    ([pa.list_(pa.null()), pa.list_(pa.list_(pa.int8()))], pa.list_(pa.list_(pa.int8()))),
    ([pa.struct([("a", pa.int8())]), pa.struct([("a", pa.null())])], pa.struct([("a", pa.int8())])),
    (
        [pa.map_(pa.string(), pa.int8()), pa.map_(pa.string(), pa.int16())],
        pa.map_(pa.string(), pa.int16()),
    ),
    ([pa.null(), pa.bool_()], pa.bool_()),
    ([pa.null()], pa.null()),
]  # fmt: skip
APART = [
    [pa.bool_(), pa.int8()],
    [pa.bool_(), pa.string()],
    [pa.string(), pa.int64()],
    [pa.string(), pa.date32()],
    [pa.string(), pa.binary()],
    [pa.decimal128(5, 2), pa.float64()],
    [pa.timestamp("us"), pa.timestamp("us", "UTC")],
    [pa.date32(), pa.timestamp("us", "UTC")],
    [pa.int64(), pa.timestamp("us")],
    [pa.int32(), pa.date32()],
    [pa.time32("s"), pa.timestamp("s")],
    [pa.list_(pa.int8()), pa.int8()],
    [pa.list_(pa.string()), pa.list_(pa.int8())],
    [pa.struct([("a", pa.int8())]), pa.struct([("b", pa.int8())])],
    [pa.decimal256(76, 0), pa.decimal256(76, 70)],
]


@pytest.mark.parametrize(("kinds", "expected"), GOING_TOGETHER, ids=str)
def test_types_that_go_together(kinds: list[pa.DataType], expected: pa.DataType) -> None:
    for order in itertools.permutations(kinds):
        assert common_type(order) == expected
        assert common_type([*order, pa.null()]) == expected


@pytest.mark.parametrize("kinds", APART, ids=str)
def test_types_that_no_type_holds(kinds: list[pa.DataType]) -> None:
    for order in itertools.permutations(kinds):
        assert common_type(order) is None
        assert common_type([pa.null(), *order]) is None


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pa.array([2**53 + 1]), pa.float64()),
        (pa.array([[2**53 + 1]]), pa.list_(pa.float64())),
        (pa.array([2**63], pa.uint64()), pa.int64()),
        (pa.array([1], pa.timestamp("ns")), pa.timestamp("us")),
        (pa.array([2**62], pa.timestamp("s")), pa.timestamp("us")),
        (pa.array([5]), pa.bool_()),
        (pa.array([1.5]), pa.int64()),
        (pa.array(["1"]), pa.int64()),
        (pa.array([1], pa.date64()), pa.date32()),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused(column: pa.Array, wanted: pa.DataType) -> None:
    assert not is_always_exact(column.type, wanted) or common_type([column.type, wanted]) != wanted
    with pytest.raises(NotExact):
        widened(column, wanted)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_column_without_values_takes_any_type(kind: pa.DataType) -> None:
    made = widened(pa.nulls(3, kind), pa.struct([("a", pa.int8())]))
    assert made.to_pylist() == [None, None, None]
