"""Packed sets of rows behave as Python's sets of their numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.rows import GrowingRows, RowSet


@st.composite
def members(draw: st.DrawFn) -> tuple[int, set[int], set[int]]:
    """A total and two sets of rows below it; sparse and dense ones are packed differently."""
    total = draw(st.integers(0, 300))
    rows = st.integers(0, max(total - 1, 0))
    few = st.sets(rows, max_size=6)
    most = few.map(lambda gone: set(range(total)) - gone)
    chosen = few | most if total else st.just(set())
    return total, draw(chosen), draw(chosen)


def packed(rows: set[int], total: int) -> RowSet:
    return RowSet.of_rows(np.array(sorted(rows), dtype=np.int64), total)


@settings(deadline=None)
@given(members())
def test_a_row_set_holds_the_rows_that_it_was_made_of(given: tuple[int, set, set]) -> None:
    total, rows, _ = given
    made = packed(rows, total)
    assert (made.total, made.count) == (total, len(rows))
    assert made.rows().tolist() == sorted(rows)
    assert made.rows().dtype == np.int64
    assert np.flatnonzero(made.mask()).tolist() == sorted(rows)
    assert len(made.mask()) == total
    assert [row for row in range(total) if row in made] == sorted(rows)


@settings(deadline=None)
@given(members())
def test_the_same_set_comes_from_a_mask(given: tuple[int, set, set]) -> None:
    total, rows, _ = given
    mask = np.array([row in rows for row in range(total)], dtype=np.bool_)
    made, other = RowSet.of_mask(mask), packed(rows, total)
    np.testing.assert_array_equal(made.bitmap, other.bitmap)
    assert made.rows().tolist() == other.rows().tolist()
    np.testing.assert_array_equal(made.mask(), mask)


@settings(deadline=None)
@given(members())
def test_and_is_the_intersection(given: tuple[int, set, set]) -> None:
    total, one, two = given
    both = packed(one, total) & packed(two, total)
    assert both.rows().tolist() == sorted(one & two)
    assert both.count == len(one & two)


@settings(deadline=None)
@given(members())
def test_bits_are_those_that_faiss_reads(given: tuple[int, set, set]) -> None:
    """Eight rows a byte, the lowest bit first."""
    total, rows, _ = given
    made = packed(rows, total)
    number = sum(1 << row for row in rows)
    assert made.bitmap.tobytes() == number.to_bytes((total + 7) // 8, "little")


def test_changing_what_came_out_leaves_the_set_as_it_was() -> None:
    made = packed({1, 5}, 100)
    made.mask()[:] = True
    made.rows()[:] = 0
    assert made.rows().tolist() == [1, 5]
    assert np.flatnonzero(made.mask()).tolist() == [1, 5]


def test_the_bytes_that_a_set_takes_are_told() -> None:
    assert packed(set(range(8000)), 8000).nbytes == 1000
    assert packed({5}, 8000).nbytes == 1000 + 4


@settings(deadline=None)
@given(members())
def test_not_is_what_the_set_lacks(given: tuple[int, set, set]) -> None:
    total, rows, _ = given
    rest = ~packed(rows, total)
    assert rest.rows().tolist() == [row for row in range(total) if row not in rows]
    slow = RowSet.of_mask(~packed(rows, total).mask())
    np.testing.assert_array_equal(rest.bitmap, slow.bitmap)
    assert (rest.count, rest.nbytes) == (slow.count, slow.nbytes)


@settings(deadline=None)
@given(members())
def test_a_set_of_bits_is_that_of_its_mask(given: tuple[int, set, set]) -> None:
    total, one, two = given
    sides = packed(one, total), packed(two, total)
    both, slow = sides[0] & sides[1], RowSet.of_mask(sides[0].mask() & sides[1].mask())
    np.testing.assert_array_equal(both.bitmap, slow.bitmap)
    assert (both.count, both.nbytes) == (slow.count, slow.nbytes)
    assert both.rows().tolist() == slow.rows().tolist()


@settings(deadline=None)
@given(members(), st.data(), st.booleans())
def test_rows_that_are_added_make_the_set_that_is_made_at_once(
    given: tuple[int, set, set], data: st.DataObject, from_nothing: bool
) -> None:
    total, rows, _ = given
    start = None if from_nothing else packed(rows, total)
    held: set[int] = set() if from_nothing else set(rows)
    grown, before = GrowingRows(total, start), set(held)
    for _ in range(data.draw(st.integers(0, 4)) if total else 0):
        more = data.draw(st.lists(st.integers(0, total - 1), max_size=9))
        new = set(more) - held
        assert grown.add(np.array(more, dtype=np.int64)) == len(new)
        held |= new
        every = np.arange(total)
        assert grown.holds(every).tolist() == [row in held for row in range(total)]
        assert np.flatnonzero(grown.mask()).tolist() == sorted(held)
        assert grown.added.tolist() == sorted(held - before)
        assert grown.added_count == len(held - before)
        made, slow = grown.built(), packed_slowly(held, total)
        np.testing.assert_array_equal(made.bitmap, slow.bitmap)
        assert (made.count, made.nbytes) == (slow.count, slow.nbytes)
        assert made.rows().tolist() == sorted(held)
    if start is not None:  # it is as it was
        np.testing.assert_array_equal(start.bitmap, packed_slowly(rows, total).bitmap)


def packed_slowly(rows: set[int], total: int) -> RowSet:
    return RowSet.of_mask(np.array([row in rows for row in range(total)], dtype=np.bool_))


def test_a_set_that_was_made_does_not_grow_with_what_is_added_later() -> None:
    grown = GrowingRows(100, packed({1}, 100))
    grown.add(np.array([2]))
    made = grown.built()
    grown.add(np.array([3]))
    assert made.rows().tolist() == [1, 2]
    assert np.flatnonzero(made.mask()).tolist() == [1, 2]


@pytest.mark.parametrize("total", [0, 1, 63, 64, 65, 1000])
def test_rows_are_counted_without_numpys_own_count_too(
    total: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bitmap = packed_slowly(set(range(0, total, 3)), total).bitmap
    counted = RowSet.of_bits(bitmap, total).count
    monkeypatch.delattr(np, "bitwise_count", raising=False)  # numpy before 2
    assert RowSet.of_bits(bitmap, total).count == counted == len(range(0, total, 3))
