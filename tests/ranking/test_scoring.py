"""Scores and the exact ranking that every fast path is compared with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from engine.core.ranking.scoring import (
    api_scores,
    best_first,
    cosines,
    rank_exact,
    squared_distances,
)

STEADY = settings(derandomize=True, deadline=None)

SMALL = st.integers(-3, 3).map(float)  # exact in float32, and full of ties
MATRICES = arrays_of.arrays(np.float32, st.tuples(st.integers(0, 12), st.just(3)), elements=SMALL)
QUERIES = arrays_of.arrays(np.float32, 3, elements=SMALL)


@STEADY
@given(QUERIES, MATRICES)
def test_distances_are_euclidean(query: np.ndarray, vectors: np.ndarray) -> None:
    expected = [sum((float(a) - float(b)) ** 2 for a, b in zip(query, row)) for row in vectors]
    assert squared_distances(query, vectors).tolist() == expected


def test_distances_of_more_rows_than_one_chunk_are_all_there() -> None:
    vectors = np.arange(20_000, dtype=np.float32)[:, None]
    squared = squared_distances(np.zeros(1, dtype=np.float32), vectors)
    assert np.array_equal(squared, np.arange(20_000.0) ** 2)


def test_the_score_is_one_over_one_plus_the_squared_distance() -> None:
    assert api_scores(np.array([0.0, 1.0, 2.0, 4.0])).tolist() == [1.0, 0.5, 1 / 3, 0.2]


def test_an_equal_vector_scores_exactly_one() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(50, 64)).astype(np.float32)
    for row in vectors:
        assert api_scores(squared_distances(row, vectors)).max() == 1.0


@STEADY
@given(QUERIES, MATRICES)
def test_cosines_are_between_minus_one_and_one_and_zero_without_length(
    query: np.ndarray, vectors: np.ndarray
) -> None:
    for row, cosine in zip(vectors, cosines(query, vectors)):
        length = np.linalg.norm(row.astype(float)) * np.linalg.norm(query.astype(float))
        expected = float(row.astype(float) @ query.astype(float)) / length if length else 0.0
        assert cosine == pytest.approx(expected, abs=1e-12)


@STEADY
@given(QUERIES, MATRICES, st.integers(1, 15), st.randoms(use_true_random=False))
def test_the_ranking_is_by_distance_and_then_by_key(
    query: np.ndarray, vectors: np.ndarray, k: int, random: object
) -> None:
    keys = list(range(100, 100 + len(vectors)))
    random.shuffle(keys)  # type: ignore[attr-defined]
    order, scores = rank_exact(query, vectors, keys, k)
    assert len(order) == len(scores) == min(k, len(vectors))
    distance = [float(np.sum((row.astype(float) - query) ** 2)) for row in vectors]
    ranked = sorted((distance[i], keys[i]) for i in range(len(vectors)))[:k]
    assert [(distance[i], keys[i]) for i in order] == ranked
    assert scores.tolist() == [1 / (1 + d) for d, _ in ranked]


def test_text_keys_break_ties_in_text_order() -> None:
    assert best_first(np.zeros(3), ["b", "a10", "a9"], 3) == [1, 2, 0]


def test_ranking_does_not_change_what_was_given() -> None:
    query, vectors = np.ones(2, dtype=np.float32), np.eye(2, dtype=np.float32)
    query.setflags(write=False)
    vectors.setflags(write=False)
    rank_exact(query, vectors, [1, 2], 2)
    cosines(query, vectors)
    assert vectors.tolist() == [[1.0, 0.0], [0.0, 1.0]]
