"""Recall, intervals and significance, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bench.statistics.intervals import bootstrap, percentile
from engine.bench.statistics.pareto import frontier
from engine.bench.statistics.recall import recall_at
from engine.bench.statistics.significance import holm, paired_randomization
from engine.errors import InvalidParameterValue

NONE = -np.inf


def test_a_planted_recall_is_measured_right() -> None:
    right = np.linspace(1, 0, 11)[None, :10].repeat(3, 0)
    found = right.copy()
    found[1, 7:] = -0.5  # three of ten are wrong
    found[2] = -0.5
    assert recall_at(10, found, right).tolist() == [1.0, 0.7, 0.0]
    assert recall_at(5, found, right).tolist() == [1.0, 1.0, 0.0]


def test_rows_of_one_score_stand_for_each_other() -> None:
    right = np.array([[0.9, 0.5, 0.5, 0.4]])
    assert recall_at(2, np.array([[0.9, 0.5 - 1e-7]]), right).tolist() == [1.0]
    assert recall_at(2, np.array([[0.9, 0.499]]), right).tolist() == [0.5]


def test_fewer_right_answers_than_asked_for() -> None:
    right = np.array([[0.9, NONE, NONE]])
    assert recall_at(3, np.array([[0.9, NONE, NONE]]), right).tolist() == [1.0]
    nothing = np.full((1, 3), NONE)
    assert recall_at(3, nothing, nothing).tolist() == [1.0]
    assert recall_at(3, np.array([[0.1, NONE, NONE]]), nothing).tolist() == [0.0]


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for seed in range(200):
        low, high = bootstrap(rng.normal(3, 1, 60), seed=seed, resamples=400)
        held += low <= 3 <= high
    assert 178 <= held <= 199  # 95 % of 200, within four standard errors


def test_equal_systems_differ_as_seldom_as_the_level_says() -> None:
    rng = np.random.default_rng(1)
    found = 0
    for seed in range(400):
        one, other = rng.random((2, 40))
        found += paired_randomization(one, other, seed=seed, resamples=400) <= 0.05
    assert 4 <= found <= 38  # 5 % of 400 is 20, within four standard errors


def test_a_real_difference_is_found_and_none_is_not() -> None:
    rng = np.random.default_rng(2)
    base = rng.random(100)
    assert paired_randomization(base + 0.05 + rng.normal(0, 0.05, 100), base) < 0.001
    assert paired_randomization(base, base) == 1.0


def test_pairs_have_one_length() -> None:
    with pytest.raises(InvalidParameterValue, match=r"\(2,\) and \(3,\)"):
        paired_randomization([1, 2], [1, 2, 3])


def test_holms_adjustment_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_percentiles_are_numpys() -> None:
    assert percentile([4, 1, 3, 2], 50) == 2.5
    with pytest.raises(InvalidParameterValue):
        percentile([], 50)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_the_frontier_is_what_nothing_beats(points: list[tuple[int, int]]) -> None:
    kept = {points[place] for place in frontier(points)}
    beaten = {
        one
        for one in points
        for other in points
        if other != one and other[0] >= one[0] and other[1] >= one[1]
    }
    assert kept == set(points) - beaten
