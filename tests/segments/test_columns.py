"""Values taken from a column by position are Arrow's own, for every type, with nulls and slices."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.segments import columns
from engine.store.segments.columns import number_array, taker, valid_mask

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1))
TIMES = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))
NARROW = st.floats(width=32)
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int8(): st.integers(-(2**7), 2**7 - 1),
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint8(): st.integers(0, 2**8 - 1),
    pa.uint16(): st.integers(0, 2**16 - 1),
    pa.uint32(): st.integers(0, 2**32 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float32(): NARROW,
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(max_size=6),
    pa.large_string(): st.text(max_size=6),
    pa.binary(): st.binary(max_size=6),
    pa.date32(): DAYS,
    pa.timestamp("us"): TIMES,
    pa.time64("us"): st.times(),
    pa.duration("us"): st.timedeltas(dt.timedelta(-9), dt.timedelta(9)),
    pa.decimal128(8, 2): st.integers(-(10**5), 10**5).map(lambda n: Decimal(n) / 4),
    pa.list_(pa.int32()): st.lists(st.none() | st.integers(-9, 9), max_size=3),
    pa.list_(pa.float32()): st.lists(st.none() | NARROW.filter(math.isfinite), max_size=3),
    pa.list_(pa.decimal128(8, 2)): st.lists(st.none() | st.just(Decimal("-0.35")), max_size=3),
    pa.list_(pa.timestamp("us")): st.lists(st.none() | TIMES, max_size=3),
    pa.list_(pa.list_(pa.int64())): st.lists(st.none() | st.lists(st.integers(0, 9)), max_size=3),
    pa.list_(pa.string()): st.lists(st.text(max_size=2), max_size=3),
    pa.struct([("a", pa.timestamp("us")), ("b", pa.list_(pa.string()))]): st.fixed_dictionaries(
        {"a": st.none() | TIMES, "b": st.none() | st.lists(st.text(max_size=2), max_size=2)}
    ),
    pa.struct([("a", pa.int64())]): st.fixed_dictionaries({"a": st.none() | st.integers(0, 9)}),
    pa.map_(pa.string(), pa.int64()): st.lists(
        st.tuples(st.text(max_size=2), st.integers(0, 9)), max_size=2
    ),
    pa.null(): st.none(),
}


def same(one: Any, two: Any) -> bool:
    """Equal, of one type, and NaN equal to NaN."""
    if isinstance(one, float) and isinstance(two, float) and math.isnan(one):
        return math.isnan(two)
    return type(one) is type(two) and one == two


def shortest(value: Any, kind: pa.DataType) -> Any:
    """A float32 as numpy writes it, which is the shortest decimal that reads back to it."""
    if kind == pa.list_(pa.float32()) and value is not None:
        return [shortest(item, pa.float32()) for item in value]
    return float(str(np.float32(value))) if kind == pa.float32() and value is not None else value


@st.composite
def sliced(draw: st.DrawFn, kind: pa.DataType, nulls: bool) -> pa.Array:
    values = VALUES[kind] | st.none() if nulls else VALUES[kind]
    column = pa.array(draw(st.lists(values, max_size=20)), kind)
    start = draw(st.integers(0, len(column)))
    return column.slice(start, draw(st.integers(0, len(column) - start)))


def some_rows(draw: st.DataObject, column: pa.Array) -> np.ndarray:
    rows = draw.draw(st.lists(st.integers(0, len(column) - 1), max_size=12)) if len(column) else []
    return np.array(rows, dtype=np.int64)


@pytest.mark.parametrize("kind", VALUES, ids=str)
@settings(deadline=None)
@given(data=st.data(), nulls=st.booleans())
def test_values_are_those_of_arrow(kind: pa.DataType, data: st.DataObject, nulls: bool) -> None:
    column = data.draw(sliced(kind, nulls))
    rows = some_rows(data, column)
    taken = taker(column)(rows)
    expected = [shortest(column[row].as_py(), kind) for row in rows.tolist()]
    assert len(taken) == len(expected)
    assert all(map(same, taken, expected)), (taken, expected)


@pytest.mark.parametrize("most", [0, 65_536], ids=["many values", "few values"])
@settings(deadline=None)
@given(data=st.data(), kind=st.sampled_from([pa.string(), pa.int32(), pa.float64()]))
def test_values_of_a_dictionary_are_those_of_arrow(
    most: int, data: st.DataObject, kind: pa.DataType
) -> None:
    """Few distinct values are kept decoded; of many only what is taken is decoded."""
    plain = data.draw(sliced(kind, nulls=True))
    column = plain.dictionary_encode()
    start = data.draw(st.integers(0, len(column)))
    column = column.slice(start)
    rows = some_rows(data, column)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(columns, "_MAX_DECODED", most)
        taken = taker(column)(rows)
    expected = [column[row].as_py() for row in rows.tolist()]
    assert all(map(same, taken, expected)), (taken, expected)
    assert len(taken) == len(rows)


@settings(deadline=None)
@given(data=st.data(), nulls=st.booleans())
def test_numbers_and_nulls_are_seen_through_a_slice(data: st.DataObject, nulls: bool) -> None:
    column = data.draw(sliced(pa.int32(), nulls))
    expected = column.to_pylist()
    there = valid_mask(column)
    if there is None:
        assert None not in expected
        there = np.ones(len(column), dtype=np.bool_)
    assert there.tolist() == [value is not None for value in expected]
    numbers = number_array(column)
    assert numbers[there].tolist() == [value for value in expected if value is not None]
