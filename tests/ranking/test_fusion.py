"""Blends of text and image vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.core.arrays import UNIT_TOLERANCE, squared_lengths, unit_rows
from engine.core.ranking.fusion import (
    DEFAULT_TEXT_WEIGHT,
    blend_vectors,
    check_text_weight,
    reciprocal_rank_fusion,
)
from engine.errors import InvalidParameterValue

STEADY = settings(derandomize=True, deadline=None)


def units(seed: int, rows: int = 6, dimension: int = 16) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(rows, dimension)))


@STEADY
@given(st.integers(0, 1000), st.floats(0, 1))
def test_a_blend_is_the_weighted_sum_at_unit_length(seed: int, weight: float) -> None:
    text, image = units(seed), units(seed + 1)
    mixed = weight * text.astype(np.float64) + (1 - weight) * image.astype(np.float64)
    assume(np.linalg.norm(mixed, axis=1).min() > 1e-3)
    blend = blend_vectors(text, image, weight)
    assert blend.dtype == np.float32
    assert np.all(np.abs(squared_lengths(blend) - 1) < UNIT_TOLERANCE)
    expected = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    assert np.allclose(blend, expected, atol=1e-7)


def test_without_a_weight_text_and_image_count_the_same() -> None:
    text, image = units(1), units(2)
    assert DEFAULT_TEXT_WEIGHT == 0.5
    assert np.array_equal(blend_vectors(text, image), blend_vectors(image, text))


def test_weight_one_is_the_text_and_weight_zero_the_image() -> None:
    text, image = units(1), units(2)
    assert np.allclose(blend_vectors(text, image, 1), text, atol=1e-7)
    assert np.allclose(blend_vectors(text, image, 0), image, atol=1e-7)


def test_a_blend_changes_neither_of_its_parts() -> None:
    text, image = units(1), units(2)
    text.setflags(write=False)
    image.setflags(write=False)
    blend = blend_vectors(text, image, 1.0)
    assert not np.shares_memory(blend, text)


def test_two_vectors_that_cancel_are_refused_not_stored_as_zero() -> None:
    text = units(1)
    with pytest.raises(InvalidParameterValue, match="row 0 of 6"):
        blend_vectors(text, -text, 0.5)


def test_different_shapes_are_named() -> None:
    with pytest.raises(InvalidParameterValue, match=r"\(6, 16\).*\(5, 16\)"):
        blend_vectors(units(1), units(2, rows=5))


@pytest.mark.parametrize("weight", [-0.01, 1.01, float("nan"), float("inf"), "0.5", None, True])
def test_a_weight_outside_zero_to_one_is_shown(weight: Any) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        check_text_weight(weight)
    assert f"text_weight is {weight!r}" in caught.value.message
    with pytest.raises(InvalidParameterValue):
        blend_vectors(units(1), units(2), weight)


# ---------------------------------------------------------------------- rankings
RANKINGS = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=12), min_size=1, max_size=2)


def test_first_in_both_rankings_scores_one_and_first_in_one_a_half() -> None:
    assert reciprocal_rank_fusion([[7, 1], [7, 2]])[0] == (7, pytest.approx(1.0))
    assert dict(reciprocal_rank_fusion([[7], [8]])) == {
        7: pytest.approx(0.5),
        8: pytest.approx(0.5),
    }


def test_equal_sums_are_ordered_by_key() -> None:
    fused = reciprocal_rank_fusion([["b", "x"], ["a", "x"]])
    assert [key for key, _ in fused] == ["x", "a", "b"]


@STEADY
@given(RANKINGS)
def test_fused_scores_are_the_documented_sum(rankings: list[list[int]]) -> None:
    fused = reciprocal_rank_fusion(rankings)
    keys = {key for ranking in rankings for key in ranking}
    expected = {
        key: sum(1 / (61 + ranking.index(key)) for ranking in rankings if key in ranking) / (2 / 61)
        for key in keys
    }
    assert dict(fused) == pytest.approx(expected)
    assert all(0 < score <= 1 + 1e-12 for _, score in fused)
    assert fused == sorted(fused, key=lambda pair: (-pair[1], pair[0]))
