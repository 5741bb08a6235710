"""Vectors of photos and texts by one model, those known from the cache. Knows files; not figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.core.arrays import Matrix
from engine.encode.cache.embeddings import EmbeddingCache, digest
from engine.encode.encoder import Encoder
from engine.errors import InvalidParameterValue
from engine.photo_files import read_photo
from engine.shop.embedding.photos import ProductPhotos
from engine.shop.embedding.vectors import ContentVectors, Progress


@dataclass(frozen=True)
class PhotoVectors:
    """Vectors of the photos that could be used.

    Attributes:
        rows: which of the photos those are, ascending.
        vectors: (n, d) of those, in their order.
        failed: why the others could not.
    """

    rows: tuple[int, ...]
    vectors: Matrix
    failed: dict[int, str]


class CachedEncoder:
    """One model, whose vectors are kept by content."""

    def __init__(self, encoder: Encoder, cache: EmbeddingCache) -> None:
        self._dimension = encoder.dimension
        self._vectors = ContentVectors(encoder, cache)

    def photos(self, files: Sequence[Path], progress: Progress) -> PhotoVectors:
        """Vectors of photos; `progress` is called with numbers of finished ones."""
        photos = ProductPhotos(
            lambda path: read_photo(Path(path)), [str(file) for file in files], range(len(files))
        )
        outcome = self._vectors.of_images(photos.distinct(), progress)
        progress(len(files) - outcome.done)
        failed = dict(photos.unread)
        for row, name in enumerate(photos.digests):
            if name is not None and name in outcome.failed:
                failed[row] = outcome.failed[name]
        vectors = outcome.vectors(photos.digests, self._dimension)
        rows = tuple(int(row) for row in np.flatnonzero(vectors.mask))
        return PhotoVectors(rows, vectors.matrix, dict(sorted(failed.items())))

    def texts(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors of texts, in their order.

        Raises:
            InvalidParameterValue: the model makes no vector of one of them.
        """
        digests = [digest(text.encode()) for text in texts]
        outcome = self._vectors.of_texts(dict(zip(digests, texts)), lambda done: None)
        for name, text in zip(digests, texts):
            if name in outcome.failed:
                raise InvalidParameterValue(f"text {text!r:.80}: {outcome.failed[name]}")
        return outcome.vectors(digests, self._dimension).matrix
