"""Keys are found as a dictionary finds them, whatever their type and whatever is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.store.segments import keys
from engine.store.segments.columns import number_array
from engine.store.segments.keys import KeyIndex

KINDS = {
    "int8": st.integers(-(2**7), 2**7 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 2**8 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "string": st.text(max_size=4),
}
# What callers may ask for: keys of any type and size.
ASKED = st.one_of(
    st.integers(-3, 3), st.integers(), st.booleans(), st.floats(), st.none(), st.text(max_size=2)
)


@settings(deadline=None)
@given(data=st.data(), kind=st.sampled_from(list(KINDS)))
def test_keys_are_found_as_in_a_dictionary(data: st.DataObject, kind: str) -> None:
    held = data.draw(st.lists(KINDS[kind] | KINDS[kind].filter(bool), unique=True, max_size=30))
    asked: list[Any] = data.draw(st.lists(ASKED | KINDS[kind], max_size=10))
    asked += data.draw(st.lists(st.sampled_from(held), max_size=10)) if held else []
    rows = {(type(key), key): row for row, key in enumerate(held)}
    index = KeyIndex(pa.array(held, getattr(pa, kind)()))
    found = index.find(asked)
    # By type too: True and 1.0 are equal to the key 1 and are not that key.
    assert found.tolist() == [rows.get((type(key), key), -1) for key in asked]
    assert found.dtype == "int64"


@settings(deadline=None)
@given(
    held=st.lists(st.integers(-20, 20), unique=True, max_size=30),
    ascending=st.booleans(),
    swapped=st.integers(0, 29),
)
def test_keys_that_ascend_and_those_that_nearly_do_are_found(
    held: list[int], ascending: bool, swapped: int
) -> None:
    held.sort()
    if not ascending and swapped + 1 < len(held):
        held[swapped : swapped + 2] = held[swapped + 1], held[swapped]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keys, "_COMPARED", 3)
        index = KeyIndex(pa.array(held, pa.int64()))
    asked = list(range(-22, 23))
    expected = [held.index(key) if key in held else -1 for key in asked]
    assert index.find(asked).tolist() == expected


def test_keys_that_ascend_are_not_copied() -> None:
    """Ten million of them would take 160 MB and more than a second."""
    column = pa.array(np.arange(100_000))
    assert np.shares_memory(KeyIndex(column)._sorted, number_array(column))


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.uint64()], ids=str)
def test_what_is_equal_to_a_key_but_no_integer_is_not_that_key(kind: pa.DataType) -> None:
    index = KeyIndex(pa.array([0, 1, 2], kind))
    assert index.find([True, False, 1.0, 2.0]).tolist() == [-1, -1, -1, -1]
    assert index.find([1, 2**63, -(2**63) - 1, 2**64]).tolist() == [1, -1, -1, -1]


@pytest.mark.parametrize("kind", [pa.int32(), pa.uint64(), pa.string()], ids=str)
def test_an_index_without_keys_finds_nothing(kind: pa.DataType) -> None:
    assert KeyIndex(pa.array([], kind)).find([1, "a", None]).tolist() == [-1, -1, -1]
    assert KeyIndex(pa.array([], kind)).find([]).tolist() == []


def test_a_slice_of_a_column_counts_rows_from_its_start() -> None:
    for column in (pa.array([9, 8, 7, 6]), pa.array(["9", "8", "7", "6"])):
        values = column.to_pylist()
        assert KeyIndex(column.slice(2)).find(values).tolist() == [-1, -1, 0, 1]


def test_text_that_repeats_may_come_as_a_dictionary() -> None:
    column = pa.array(["b", "a", "c"]).dictionary_encode()
    assert KeyIndex(column).find(["a", "b", "x"]).tolist() == [1, 0, -1]
