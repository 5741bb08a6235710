"""BM25 as the literature has it, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.core.ranking.bm25 import MOST_GAIN, Term, gains, idf


@pytest.mark.parametrize(
    ("rows", "holding"), [(1, 1), (10, 1), (10, 10), (44_446, 3), (10**7, 10**7)]
)
def test_the_idf_is_the_logarithm_that_is_never_negative(rows: int, holding: int) -> None:
    expected = math.log(1 + (rows - holding + 0.5) / (holding + 0.5))
    assert idf(rows, holding) == pytest.approx(expected, rel=1e-6)
    assert idf(rows, holding) > 0


def test_a_rarer_token_is_worth_more() -> None:
    worth = [idf(100, holding) for holding in range(101)]
    assert worth == sorted(worth, reverse=True)


def test_gains_by_hand() -> None:
    term = Term("name", "red", idf=2.0, average=4.0)
    found = gains(term, np.array([0, 1, 2, 1]), np.array([4, 4, 4, 8]))
    # k1 = 1.2, b = 0.75: norms are 1.2 at the average length and 1.2 (0.25 + 1.5) at twice that.
    expected = [0.0, 2 * 2.2 / 2.2, 2 * 4.4 / 3.2, 2 * 2.2 / (1 + 1.2 * 1.75)]
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert found.dtype == np.float64


def test_no_count_gains_more_than_the_most() -> None:
    term = Term("name", "red", idf=1.0, average=1e6)
    found = gains(term, np.array([1, 10, 10**9]), np.array([1, 10, 10**9]))
    assert (found < MOST_GAIN).all()
    found = gains(term, np.array([1, 10, 10**9]), np.array([0, 0, 0]))
    assert list(found) == sorted(found)
    assert found[-1] == pytest.approx(MOST_GAIN)
