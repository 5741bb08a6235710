"""Composing vectors, such as a text's and an image's, and fusing rankings. Knows numbers; no sources.

"Hybrid" names a query type in the API; a vector mixed from text and image is a *blend* here, and
keeps the table's column name `hybrid_embedding`.
Truth: hybrid embedding rule of the shop, `w * text + (1 - w) * image`, then unit length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.core.arrays import Matrix, unit_rows
from engine.core.assumptions import RRF_BEST, RRF_K
from engine.errors import InvalidParameterValue

DEFAULT_TEXT_WEIGHT = 0.5
Key = Any  # a primary key: an integer or text


def check_text_weight(weight: float) -> float:
    """The weight of the text in a blend, 0 (image only) to 1 (text only).

    Raises:
        InvalidParameterValue: outside 0..1 or not a number.
    """
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
        raise InvalidParameterValue(
            f"text_weight is {weight!r}; expected a number from 0 (image only) to 1 (text only)."
        )
    return float(weight)


def blend_vectors(
    text_vectors: Matrix, image_vectors: Matrix, text_weight: float = DEFAULT_TEXT_WEIGHT
) -> Matrix:
    """`w * text + (1 - w) * image`, row by row, scaled to unit length.

    Args:
        text_vectors, image_vectors: (n, d) unit rows of one CLIP space.
        text_weight: w, from 0 to 1.

    Returns:
        (n, d) float32 unit rows.

    Raises:
        InvalidParameterValue: the shapes differ, the weight is out of range, or two vectors cancel.
    """
    weight = check_text_weight(text_weight)
    if text_vectors.shape != image_vectors.shape:
        raise InvalidParameterValue(
            f"text vectors have shape {text_vectors.shape}, image vectors {image_vectors.shape}; "
            "a blend needs equal shapes."
        )
    return compose_vectors([(text_vectors, weight), (image_vectors, 1.0 - weight)])


def compose_vectors(terms: Sequence[tuple[Matrix, float]]) -> Matrix:
    """The weighted sum of matrices, row by row, scaled to unit length.

    Args:
        terms: at least one (n, d) matrix of unit rows with its weight; of one shape.

    Returns:
        (n, d) float32 unit rows.

    Raises:
        InvalidParameterValue: the terms of a row cancel.
    """
    vectors, weight = terms[0]
    mixed = weight * vectors.astype(np.float64)
    for vectors, weight in terms[1:]:
        mixed += weight * vectors.astype(np.float64)
    return unit_rows(mixed)


def reciprocal_rank_fusion(rankings: Sequence[Sequence[Key]]) -> list[tuple[Key, float]]:
    """Fuse rankings: each gives 1 / (60 + rank) to what it holds, ranks from 1; the sums are scaled.

    Args:
        rankings: primary keys, best first, each at most once in a ranking.

    Returns:
        (key, score) of every key, best first, ties by ascending key; the score is 1 for what is
        first in two rankings.

    Source: Cormack, Clarke and Büttcher 2009, with the service's documented constant; the scale is
    assumed (`assumptions.RRF_BEST`).
    """
    sums: dict[Key, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            sums[key] = sums.get(key, 0.0) + 1.0 / (RRF_K + rank)
    fused = [(key, total / RRF_BEST) for key, total in sums.items()]
    return sorted(fused, key=lambda pair: (-pair[1], pair[0]))
