"""Principal components: the projection that needs no more than numpy. Knows vectors."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix

Floats = npt.NDArray[np.float64]


def principal_components(vectors: Matrix, count: int = 2) -> Floats:
    """Vectors on the axes along which they differ most: (n, count), the widest axis first.

    The same vectors give the same signs: of each axis the number farthest from 0 is positive. Axes
    that the vectors don't have are 0.
    """
    out = np.zeros((len(vectors), count))
    if not len(vectors):
        return out
    wide = vectors.astype(np.float64)
    wide -= wide.mean(axis=0)
    _, axes = np.linalg.eigh(wide.T @ wide)  # ascending
    chosen = axes[:, ::-1][:, :count]
    farthest = np.abs(chosen).argmax(axis=0)
    chosen = chosen * np.where(chosen[farthest, np.arange(chosen.shape[1])] < 0, -1.0, 1.0)
    out[:, : chosen.shape[1]] = wide @ chosen
    return cast(Floats, out)
