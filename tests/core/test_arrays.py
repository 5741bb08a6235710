"""Arrays of vectors: unit length, and what a query vector must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from engine.core.arrays import (
    UNIT_TOLERANCE,
    doubles,
    query_vector,
    squared_lengths,
    types_of,
    unit,
    unit_rows,
)
from engine.errors import InvalidParameterValue

STEADY = settings(derandomize=True, deadline=None)

FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@STEADY
@given(
    arrays_of.arrays(np.float32, st.tuples(st.integers(0, 5), st.integers(1, 9)), elements=FLOAT32)
)
def test_rows_that_are_not_zero_become_unit_length(vectors: np.ndarray) -> None:
    vectors = vectors[np.any(vectors != 0, axis=1)]
    unit_vectors = unit_rows(vectors)
    assert unit_vectors.dtype == np.float32
    assert unit_vectors.shape == vectors.shape
    assert np.all(np.abs(squared_lengths(unit_vectors) - 1) < UNIT_TOLERANCE)
    assert np.array_equal(
        np.sign(unit_vectors)[unit_vectors != 0], np.sign(vectors)[unit_vectors != 0]
    )


def test_unit_length_does_not_change_what_was_given() -> None:
    vectors = np.array([[3.0, 4.0]], dtype=np.float32)
    unit_vectors = unit_rows(vectors)
    unit_vectors[0, 0] = 9
    assert vectors.tolist() == [[3.0, 4.0]]
    already = np.array([[1.0, 0.0]], dtype=np.float32)
    assert not np.shares_memory(unit_rows(already), already)


def test_direction_is_kept() -> None:
    assert unit_rows([[3, 4], [0, -2]]).tolist() == [
        [np.float32(0.6), np.float32(0.8)],
        [0.0, -1.0],
    ]
    assert unit([0, 0, 5]).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_row_without_direction_is_named(bad: list[float]) -> None:
    with pytest.raises(InvalidParameterValue, match=r"^\[INVALID_PARAMETER_VALUE\] row 1 of 3 "):
        unit_rows([[1.0, 0.0], bad, bad])


def test_a_matrix_is_asked_for_by_shape() -> None:
    with pytest.raises(InvalidParameterValue, match=r"shape \(2,\)"):
        unit_rows([1.0, 2.0])


@STEADY
@given(
    arrays_of.arrays(np.float32, st.tuples(st.integers(0, 5), st.integers(1, 9)), elements=FLOAT32)
)
def test_squared_lengths_are_those_of_double_precision(vectors: np.ndarray) -> None:
    expected = [sum(float(x) ** 2 for x in row) for row in vectors]
    assert squared_lengths(vectors) == pytest.approx(expected, rel=1e-12)


# ------------------------------------------------------------------ query vectors
@pytest.mark.parametrize(
    "values",
    [[1, 0.5, -2], (1.0, 0.5, -2.0), [np.float64(1), np.float32(0.5), np.int64(-2)]],
)
def test_numbers_of_any_kind_make_a_query_vector(values: Any) -> None:
    vector = query_vector(values, 3, "shop")
    assert vector.dtype == np.float32
    assert vector.tolist() == [1.0, 0.5, -2.0]


def test_a_query_of_another_length_names_both_lengths_and_the_index() -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        query_vector([1.0, 2.0], 3, "main.shop.vs")
    assert caught.value.message.startswith(
        "Query vector dimension 2 does not match index dimension 3."
    )
    assert "main.shop.vs" in caught.value.message


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1.0, "x"], "'x' of type str"),
        ([1.0, None], "None of type NoneType"),
        ([True, 1.0], "True of type bool"),
        ([1.0, [2.0]], "[2.0] of type list"),
        ([np.float32(1), "x"], "'x' of type str"),
    ],
)
def test_what_is_no_number_is_shown(values: list[Any], shown: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        query_vector(values, 2, "shop")
    assert shown in caught.value.message


@pytest.mark.parametrize(
    "bad",
    [float("nan"), float("inf"), float("-inf"), 1e39, 10**400],
    ids=["nan", "inf", "-inf", "1e39", "10**400"],
)
def test_a_number_that_float32_cannot_hold_is_named_by_place(bad: float) -> None:
    with pytest.raises(InvalidParameterValue, match=r"query_vector\[1\] is "):
        query_vector([0.0, bad, 0.0], 3, "shop")


@STEADY
@given(st.lists(st.floats(-1e38, 1e38), min_size=1, max_size=9))
def test_a_list_of_numbers_becomes_what_numpy_makes_of_it(values: list[float]) -> None:
    expected = np.array(values, dtype=np.float64).astype(np.float32)
    made = query_vector(values, len(values), "x")
    assert made.tobytes() == expected.tobytes()
    assert made.flags.writeable


NUMBERS = st.floats() | st.integers(-(2**70), 2**70) | st.sampled_from([1e38, -1e38, 3.4e38, 1e39])


@STEADY
@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_a_vector_is_the_same_in_whatever_form_it_comes(values: list[float]) -> None:
    wide = np.array(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        expected = wide.astype(np.float32)
    for form in (values, tuple(values), wide, doubles(values), np.repeat(wide, 2)[::2]):
        if np.isfinite(expected).all():
            made = query_vector(form, len(values), "x")
            assert made.tobytes() == expected.tobytes()
            assert made.flags.writeable and not np.shares_memory(made, wide)
        else:
            place = int(np.flatnonzero(~np.isfinite(expected))[0])
            with pytest.raises(InvalidParameterValue, match=rf"^.*query_vector\[{place}\] is "):
                query_vector(form, len(values), "x")


@STEADY
@given(st.lists(st.sampled_from([1, 1.5, True, None, "a", 2**70, np.float32(1), [1.0]])))
def test_types_of_many_values_are_those_of_each(values: list[Any]) -> None:
    assert types_of(values) == set(map(type, values)) == types_of(tuple(values))


def test_an_integer_beyond_all_doubles_is_no_double() -> None:
    assert doubles([1, 0.5]).tolist() == [1.0, 0.5]
    with pytest.raises(OverflowError):
        doubles([0.5, 10**400])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_that_is_not_finite_is_refused_by_its_place(value: float, dtype: Any) -> None:
    given_values = np.array([1e38, 1e38, value], dtype=dtype)
    with pytest.raises(InvalidParameterValue, match=r"query_vector\[2\]"):
        query_vector(given_values, 3, "a")
    assert query_vector(given_values[:2], 2, "a").tolist() == [np.float32(1e38)] * 2
