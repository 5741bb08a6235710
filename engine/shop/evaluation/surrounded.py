"""Figures of photos in other surroundings: margins, backgrounds. Knows models; not how they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Matrix
from engine.encode.encoder import Encoder
from engine.encode.images import decode
from engine.shop.embedding.vectors import Progress
from engine.shop.evaluation.figures.catalogue import drawn, zero_shot_type
from engine.shop.evaluation.figures.figure import Encode, Figure, Product
from engine.shop.evaluation.figures.nearest import nearest, ranks
from engine.shop.evaluation.surroundings import bounded

# By name: a picture as it is, to one in other surroundings.
Surroundings = Mapping[str, Callable[[Any], Any]]

PHOTOS = 1000  # of a catalogue that are put into each surrounding


def surrounded_figures(
    vectors: Matrix,
    varied: Matrix,
    rows: Sequence[int],
    products: Sequence[Product],
    encode: Encode,
) -> tuple[Figure, ...]:
    """What photos in one surrounding still find among the catalogue's photos as they are.

    Zero-shot type as for plain photos; how often its own plain photo is the nearest of those that were
    drawn; precision at 5 by type among all others.

    Args:
        vectors: (n, d) of the products' photos as they are. varied: (m, d) of some in the surrounding.
        rows: which those are.
    """
    some = [products[row] for row in rows]
    types = np.array([product.get("articleType") or "" for product in products], dtype=object)
    ids = tuple(str(product["id"]) for product in some)
    own = np.asarray(rows)[:, None]
    found = nearest(varied, vectors, 6)
    others = [[row for row in top if row != me][:5] for top, (me,) in zip(found, own)]
    known = [n for n, product in enumerate(some) if product.get("articleType") and others[n]]
    right = [np.mean(types[others[place]] == types[rows[place]]) for place in known]
    return (
        zero_shot_type(varied, some, encode),
        Figure(
            "own_photo_first",
            "its own plain photo is the nearest",
            ids,
            (ranks(varied, vectors[list(rows)]) <= 1).astype(np.float64),
        ),
        Figure(
            "same_type_precision_at_5",
            "plain photos of same type, precision at 5",
            tuple(ids[place] for place in known),
            np.array(right, dtype=np.float64),
        ),
    )


def chosen_rows(products: Sequence[Product]) -> list[int]:
    """Which products' photos are put into surroundings: the same ones for every model."""
    return drawn([product["id"] for product in products], PHOTOS)


def varied_vectors(
    encoder: Encoder, files: Sequence[Path], change: Callable[[Any], Any], progress: Progress
) -> Matrix:
    """(m, d) vectors of photos, each changed before the model's own preprocessing."""
    parts = [np.empty((0, encoder.dimension), dtype=np.float32)]
    for some in _batches(files, encoder.image_batch):
        parts.append(encoder.encode_images([change(bounded(decode(file))) for file in some]))
        progress(len(some))
    return np.concatenate(parts)


def _batches(files: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    for start in range(0, len(files), size):
        yield files[start : start + size]
