"""Cosines to probabilities, their fit and their errors: held against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.shop.classification.probabilities import (
    MOST,
    Scales,
    calibration_error,
    fit_contrast,
    fit_scale,
    sigmoid,
    softmax,
)


def test_a_softmax_is_that_of_plain_arithmetic() -> None:
    cosines = np.array([[0.3, 0.2, -0.1], [0.0, 0.0, 0.0]])
    for row, found in zip(cosines, softmax(cosines, 20.0)):
        powers = [math.exp(20 * value) for value in row]
        assert found == pytest.approx([power / sum(powers) for power in powers])


def test_a_softmax_of_a_large_scale_does_not_overflow() -> None:
    assert softmax(np.array([[1.0, -1.0]]), 5000.0).tolist() == [[1.0, 0.0]]


def test_a_sigmoid_is_one_half_at_zero_and_never_overflows() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]
    assert sigmoid(np.array([1.0]))[0] == pytest.approx(1 / (1 + math.exp(-1)))


@pytest.mark.parametrize("scale", [3.0, 40.0])
def test_the_scale_that_drew_labels_is_found_again(scale: float) -> None:
    rng = np.random.default_rng(1)
    cosines = rng.normal(size=(20_000, 4)) * 2 / scale
    chances = softmax(cosines, scale)
    right = (chances.cumsum(axis=1) < rng.random(len(cosines))[:, None]).sum(axis=1)
    assert fit_scale(cosines, right) == pytest.approx(scale, rel=0.05)


def test_the_fitted_scale_is_the_likeliest_of_many() -> None:
    rng = np.random.default_rng(2)
    cosines, right = rng.normal(size=(300, 3)) * 0.1, rng.integers(0, 3, 300)
    cosines[np.arange(300), right] += 0.05

    def unlikely(scale: float) -> float:
        return -float(np.log(softmax(cosines, scale)[np.arange(300), right]).mean())

    best = unlikely(fit_scale(cosines, right))
    assert best <= min(unlikely(scale) for scale in np.geomspace(0.1, 500, 200)) + 1e-6


def test_what_is_always_right_has_the_largest_scale() -> None:
    assert fit_scale(np.array([[1.0, 0.0]]), np.array([0])) == pytest.approx(MOST, rel=0.01)


def test_the_sigmoid_that_drew_labels_is_found_again() -> None:
    rng = np.random.default_rng(3)
    margins = rng.normal(size=50_000) * 0.1
    holds = rng.random(50_000) < sigmoid(30 * (margins - 0.02))
    scale, offset = fit_contrast(margins, holds)
    assert scale == pytest.approx(30, rel=0.05)
    assert offset == pytest.approx(0.02, abs=0.003)


def test_a_sigmoid_of_what_is_told_apart_exactly_stays_finite() -> None:
    scale, offset = fit_contrast(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0, 0, 1, 1]) == 1)
    assert 0 < scale <= MOST
    assert -0.5 < offset < 0.5


def test_a_calibration_error_is_that_of_plain_loops() -> None:
    rng = np.random.default_rng(4)
    confidence, right = rng.random(500), rng.random(500) < 0.6
    total = 0.0
    for start in range(15):
        rows = [i for i in range(500) if start <= confidence[i] * 15 < start + 1]
        if rows:
            said = sum(confidence[i] for i in rows) / len(rows)
            true = sum(bool(right[i]) for i in rows) / len(rows)
            total += len(rows) * abs(said - true) / 500
    assert calibration_error(confidence, right) == pytest.approx(total)


def test_a_confidence_of_one_is_in_the_last_bin() -> None:
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, False])) == 0.5
    assert math.isnan(calibration_error(np.empty(0), np.empty(0, dtype=bool)))


@pytest.mark.parametrize(
    "values", [{}, {"scale": "x", "contrast_scale": 1, "contrast_offset": 0}, None]
)
def test_scales_that_are_none_are_refused(values: object) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        Scales.from_dict(values)  # type: ignore[arg-type]


def test_scales_come_back_as_they_were() -> None:
    made = Scales(46.0, 61.0, 0.02)
    assert Scales.from_dict(made.to_dict()) == made
    with pytest.raises(ValueError, match="no positive"):
        Scales.from_dict({**made.to_dict(), "scale": -1})
