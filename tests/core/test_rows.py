"""Packed sets of rows behave as Python's sets of their numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.rows import RowSet


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
    np.testing.assert_array_equal(rest.bitmap, packed(set(range(total)) - rows, total).bitmap)


@settings(deadline=None)
@given(members())
def test_a_set_of_bits_is_that_of_its_mask(given: tuple[int, set, set]) -> None:
    total, one, two = given
    sides = packed(one, total), packed(two, total)
    both, slow = sides[0] & sides[1], RowSet.of_mask(sides[0].mask() & sides[1].mask())
    np.testing.assert_array_equal(both.bitmap, slow.bitmap)
    assert (both.count, both.nbytes) == (slow.count, slow.nbytes)
    assert both.rows().tolist() == slow.rows().tolist()
