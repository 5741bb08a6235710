"""Principal components: the projection that needs no more than numpy. Knows vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix

Floats = npt.NDArray[np.float64]
_BLOCK = 8192  # vectors that are widened at once


def principal_components(vectors: Matrix, count: int = 2) -> Floats:
    """Vectors on the axes along which they differ most: (n, count), the widest axis first.

    The same vectors give the same signs: of each axis the number farthest from 0 is positive. Axes
    that the vectors don't have are 0.
    """
    out = np.zeros((len(vectors), count))
    if not len(vectors):
        return out
    mean = vectors.mean(axis=0, dtype=np.float64)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(vectors), _BLOCK)]
    spread = np.zeros((vectors.shape[1], vectors.shape[1]))
    for block in blocks:
        away = vectors[block] - mean
        spread += away.T @ away
    _, axes = np.linalg.eigh(spread)  # ascending
    chosen = axes[:, ::-1][:, :count]
    farthest = np.abs(chosen).argmax(axis=0)
    chosen = chosen * np.where(chosen[farthest, np.arange(chosen.shape[1])] < 0, -1.0, 1.0)
    for block in blocks:
        out[block, : chosen.shape[1]] = (vectors[block] - mean) @ chosen
    return out
