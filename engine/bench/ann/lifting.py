"""Euclidean distance as an angle: two more coordinates, and all lengths are one.

For contestants that know inner products of unit vectors only. With y = (x - centre) / scale, whose
length is at most 1, and p for what is left of the length:

    row:   (y, -|y|^2 / 2, p) / sqrt(1.25)        query: (y, 1, 0) / |(y, 1, 0)|

Their product is (|q|^2 - |y - q|^2) / 2, times what is the same for all rows of a query: nearest first.
Source: Bachrach et al., Speeding Up the Xbox Recommender System Using a Euclidean Transformation for
Inner-Product Spaces, RecSys 2014, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Matrix, Vector

LONGEST = 1.25  # |y|^2 + (|y|^2 / 2)^2 where |y| is 1


@dataclass(frozen=True)
class Lift:
    """Takes rows and queries of d numbers to unit vectors of d + 2.

    Attributes:
        centre: (d,), subtracted from all, which changes no distance; the rows' mean.
        scale: the greatest distance of a row from it.
    """

    centre: Vector
    scale: float

    def rows(self, vectors: Matrix) -> Matrix:
        """(n, d) to (n, d + 2) float32."""
        near = self._scaled(vectors)
        squares = (near**2).sum(axis=1)
        left = np.sqrt(np.maximum(LONGEST - squares - squares**2 / 4, 0))
        lifted: Matrix = (np.column_stack([near, -squares / 2, left]) / LONGEST**0.5).astype(
            np.float32
        )
        return lifted

    def queries(self, vectors: Matrix) -> Matrix:
        """(q, d) to (q, d + 2) float32."""
        near = self._scaled(vectors)
        ones, zeros = np.ones(len(near)), np.zeros(len(near))
        lifted = np.column_stack([near, ones, zeros])
        found: Matrix = (lifted / np.linalg.norm(lifted, axis=1, keepdims=True)).astype(np.float32)
        return found

    def _scaled(self, vectors: Matrix) -> np.ndarray:
        found: np.ndarray = (vectors.astype(np.float64) - self.centre) / self.scale
        return found
