"""Cosines to probabilities, and how well these hold. Pure functions of numbers.

One of several labels: softmax of `scale * cosine`, where 1 / scale is the temperature. Each label for
itself: a sigmoid of `contrast_scale * (margin - contrast_offset)`; the margin is by how much the
cosine of a label exceeds that of a text that says nothing ("a photo of a product"). The two numbers of
each are fitted by maximum likelihood (Guo et al., 2017; Platt, 1999).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
LEAST, MOST = 0.01, 1000.0  # scales that are looked at
CLIP_SCALE = 100.0  # the factor that CLIP's own training ends with
BINS = 15


@dataclass(frozen=True)
class Scales:
    """What makes probabilities of a model's cosines; see this file's head."""

    scale: float = CLIP_SCALE
    contrast_scale: float = CLIP_SCALE
    contrast_offset: float = 0.0

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Scales:
        """The inverse of `to_dict`. Raises ValueError, TypeError, KeyError for what is none."""
        names = ("scale", "contrast_scale", "contrast_offset")
        found = Scales(*(float(values[name]) for name in names))
        if not all(np.isfinite(list(found.to_dict().values()))) or found.scale <= 0:
            raise ValueError("scales that are no positive numbers")
        return found


def softmax(cosines: Floats, scale: float) -> Floats:
    """(n, labels) probabilities that sum to 1 in each row."""
    powers = np.exp(scale * (cosines - cosines.max(axis=1, keepdims=True)))
    out: Floats = powers / powers.sum(axis=1, keepdims=True)
    return out


def sigmoid(values: Floats) -> Floats:
    """1 / (1 + exp(-x)), also for large x."""
    out: Floats = 0.5 * (1 + np.tanh(0.5 * values))
    return out


def fit_scale(cosines: Floats, right: Places) -> float:
    """The scale under which the right labels are likeliest.

    The likelihood has one maximum: its slope is bisected, on a logarithmic axis.

    Args:
        cosines: (n, labels). right: (n,) the right label of each row.
    """
    own = cosines[np.arange(len(right)), right]
    low, high = np.log(LEAST), np.log(MOST)
    for _ in range(40):
        middle = (low + high) / 2
        expected = (softmax(cosines, float(np.exp(middle))) * cosines).sum(axis=1)
        if float((expected - own).mean()) > 0:
            high = middle
        else:
            low = middle
    return float(np.exp((low + high) / 2))


def fit_contrast(margins: Floats, holds: Mask) -> tuple[float, float]:
    """Scale and offset of the sigmoid under which what holds is likeliest: Newton's steps.

    Args:
        margins: (m,). holds: (m,) whether the label does.
    """
    x = np.stack([margins, np.ones_like(margins)], axis=1)
    found = np.array([10.0, -1.0])
    for _ in range(50):
        p = sigmoid(x @ found)
        slope = x.T @ (holds - p) - 1e-6 * found  # the last keeps what is told apart exactly finite
        bend = (x * (p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        step *= min(1.0, 20.0 / max(float(np.abs(step).max()), 1e-9))
        found += step
        if np.abs(step).max() < 1e-6:
            break
    scale = float(np.clip(found[0], LEAST, MOST))
    return scale, float(-found[1] / scale)


def calibration_error(confidence: Floats, right: Mask, bins: int = BINS) -> float:
    """Expected calibration error: by how much confidence and share of right ones differ, on average.

    Over bins of equal width of the confidence, weighted by their rows. NaN for no rows.
    """
    if not len(confidence):
        return float("nan")
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    rows = np.bincount(place, minlength=bins)
    said = np.bincount(place, weights=confidence, minlength=bins)
    true = np.bincount(place, weights=right.astype(np.float64), minlength=bins)
    return float(np.abs(said - true).sum() / rows.sum())
