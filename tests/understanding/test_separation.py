"""Shares of variance, rank correlations, areas under curves: held against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from engine.shop.latent.separation import (
    area_under_curve,
    rank_correlations,
    ranks_of,
    share_by_chance,
    shares,
    sums_by,
)


def test_sums_by_group_are_those_of_loops() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 6, 100)
    codes[codes == 3] = 4  # a group that nobody is in
    vectors = rng.normal(size=(100, 3)).astype(np.float32)
    sums, counts = sums_by(codes, vectors)
    for group in range(6):
        rows = [i for i in range(100) if codes[i] == group]
        assert counts[group] == len(rows)
        assert sums[group] == pytest.approx(vectors[rows].astype(float).sum(axis=0), abs=1e-6)


def test_sums_of_nothing_are_empty() -> None:
    sums, counts = sums_by(np.array([-1, -1]), np.ones((2, 3)))
    assert sums.shape == (0, 3)
    assert counts.shape == (0,)


def test_a_share_of_variance_is_that_of_loops() -> None:
    rng = np.random.default_rng(1)
    codes, values = rng.integers(-1, 4, 200), rng.normal(size=(200, 2))
    values[:, 0] += codes
    for column in range(2):
        known = [(codes[i], values[i, column]) for i in range(200) if codes[i] >= 0]
        mean = sum(v for _, v in known) / len(known)
        between = 0.0
        for group in range(4):
            own = [v for g, v in known if g == group]
            between += len(own) * (sum(own) / len(own) - mean) ** 2
        whole = sum((v - mean) ** 2 for _, v in known)
        assert shares(values, codes)[column] == pytest.approx(between / whole)


def test_shuffled_groups_have_the_share_of_chance() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(60, 1))
    found = [shares(values, rng.permutation(np.arange(60) % 5))[0] for _ in range(500)]
    assert np.mean(found) == pytest.approx(share_by_chance(np.arange(60) % 5), rel=0.1)


def test_a_dimension_that_is_constant_tells_nothing() -> None:
    assert shares(np.ones((4, 1)), np.array([0, 0, 1, 1])).tolist() == [0.0]
    assert shares(np.ones((2, 1)), np.array([-1, -1])).tolist() == [0.0]
    assert share_by_chance(np.array([-1, 0])) == 0.0


def test_ranks_of_equal_values_share_their_mean() -> None:
    assert ranks_of(np.array([3.0, 1.0, 3.0])).tolist() == [0.25, -0.5, 0.25]


def test_a_rank_correlation_is_that_of_scipy_s_definition() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 9, 80).astype(float)
    vectors = np.stack([values**3, -values, rng.normal(size=80), np.ones(80)], axis=1)
    found = rank_correlations(vectors, values)
    assert found[:2] == pytest.approx([1, -1])
    assert found[3] == 0
    own = [
        1 + sum(b < a for b in vectors[:, 2]) + (sum(b == a for b in vectors[:, 2]) - 1) / 2
        for a in vectors[:, 2]
    ]
    wanted = [
        1 + sum(b < a for b in values) + (sum(b == a for b in values) - 1) / 2 for a in values
    ]
    assert found[2] == pytest.approx(np.corrcoef(own, wanted)[0, 1])


def test_an_area_under_a_curve_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(4)
    scores, holds = rng.integers(0, 6, 50).astype(float), rng.random(50) < 0.3
    pairs = [
        1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0
        for i in range(50)
        for j in range(50)
        if holds[i] and not holds[j]
    ]
    assert area_under_curve(scores, holds) == pytest.approx(sum(pairs) / len(pairs))


def test_of_one_kind_alone_there_is_no_area() -> None:
    assert area_under_curve(np.ones(3), np.ones(3, dtype=bool)) is None
    assert area_under_curve(np.empty(0), np.empty(0, dtype=bool)) is None
