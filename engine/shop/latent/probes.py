"""Linear probes of vectors: what a straight line can read from them. The only file with scikit-learn.

Ridge regression in closed form, its penalty chosen by leave-one-out on the products it is fitted on;
of values, one line each, rare values weighing as much as frequent ones. The class, rather than a
logistic regression, because it is exact, needs no iterations to converge and takes about a second for
5,000 products of 512 dimensions.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.arrays import Matrix
from engine.optional import require
from engine.shop.indexed.products import Codes
from engine.shop.latent.separation import Floats, rank_correlations

_PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
_DRAWS = 200  # of a bootstrap
_SHUFFLES = 20  # where products lie in clusters, a single one is often all right or all wrong
_SHUFFLED = 2000  # products that a probe of shuffled values is fitted on
_PURPOSE = "a linear probe of latent features"


@dataclass(frozen=True)
class Probe:
    """A probe, judged by products that it was not fitted on.

    Attributes:
        measure: `balanced accuracy` (mean over values of the share that is found) or `rank correlation`
            (Spearman).
        score: of the probe. low, high: 95 % of it (bootstrap over the products it is judged by).
        accuracy: share of products whose value is found; None for numbers.
        baseline: what always saying the most frequent value scores; 0 for a correlation.
        baseline_accuracy: its accuracy.
        shuffled: mean score of probes fitted on shuffled values; of correlations, of their sizes.
    """

    measure: str
    score: float
    low: float
    high: float
    accuracy: float | None
    baseline: float
    baseline_accuracy: float | None
    shuffled: float


def probe_values(fitted: Matrix, codes: Codes, judged: Matrix, right: Codes) -> Probe:
    """How well values can be read: (n, d) vectors with their codes, and others to judge by.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    model = _classifier(fitted, codes)
    said = model.predict(judged)
    most = int(np.bincount(codes).argmax())
    draws = np.random.default_rng(0).integers(0, len(right), (_DRAWS, len(right)))
    low, high = np.percentile([_balanced(said[rows], right[rows]) for rows in draws], [2.5, 97.5])
    return Probe(
        measure="balanced accuracy",
        score=_balanced(said, right),
        low=float(low),
        high=float(high),
        accuracy=float((said == right).mean()),
        baseline=_balanced(np.full_like(right, most), right),
        baseline_accuracy=float((right == most).mean()),
        shuffled=_by_chance(model.alpha_, fitted, codes, judged, right),
    )


def probe_numbers(fitted: Matrix, values: Floats, judged: Matrix, right: Floats) -> Probe:
    """How well the order of numbers, such as prices, can be read; see `probe_values`."""
    said = _regression(fitted, values).predict(judged)
    rng = np.random.default_rng(0)
    mixed = np.stack([rng.permutation(values) for _ in range(_SHUFFLES)], axis=1)
    by_chance = _regression(fitted, mixed).predict(judged)
    draws = rng.integers(0, len(right), (_DRAWS, len(right)))
    low, high = np.percentile(
        [_correlation(said[rows], right[rows]) for rows in draws], [2.5, 97.5]
    )
    return Probe(
        measure="rank correlation",
        score=_correlation(said, right),
        low=float(low),
        high=float(high),
        accuracy=None,
        baseline=0.0,
        baseline_accuracy=None,
        shuffled=float(np.abs(rank_correlations(by_chance, right)).mean()),
    )


def _classifier(vectors: Matrix, codes: Codes) -> Any:
    require("sklearn", _PURPOSE)
    from sklearn.linear_model import RidgeClassifierCV

    return _fitted(RidgeClassifierCV(alphas=_PENALTIES, class_weight="balanced"), vectors, codes)


def _by_chance(penalty: float, fitted: Matrix, codes: Codes, judged: Matrix, right: Codes) -> float:
    """The mean balanced accuracy of probes of shuffled values."""
    from sklearn.linear_model import RidgeClassifier

    rng = np.random.default_rng(0)
    scores = []
    for _ in range(_SHUFFLES):
        rows = rng.permutation(len(codes))[:_SHUFFLED]
        model = RidgeClassifier(alpha=penalty, class_weight="balanced")
        mixed = _fitted(model, fitted[rows], rng.permutation(codes[rows]))
        scores.append(_balanced(mixed.predict(judged), right))
    return float(np.mean(scores))


def _regression(vectors: Matrix, values: Floats) -> Any:
    require("sklearn", _PURPOSE)
    from sklearn.linear_model import RidgeCV

    return _fitted(RidgeCV(alphas=_PENALTIES), vectors, values)


def _fitted(model: Any, vectors: Matrix, wanted: Codes | Floats) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few rows: they are judged by what was held out
        return model.fit(vectors.astype(np.float64), wanted)


def _balanced(said: Codes, right: Codes) -> float:
    """Mean over the values that occur of the share of their rows that is found."""
    counts = np.bincount(right)
    there = counts > 0
    found = np.bincount(right, weights=said == right, minlength=len(counts))
    return float((found[there] / counts[there]).mean())


def _correlation(said: Floats, right: Floats) -> float:
    return float(rank_correlations(said[:, None], right)[0])
