"""Vectors of contents: from the cache, else encoded and stored in it. Knows digests; not products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix
from engine.encode.cache.embeddings import Cached, CachePart, EmbeddingCache
from engine.encode.encoder import Encoder
from engine.encode.pipeline import embed_batches
from engine.encode.watch import Watch
from engine.shop.embedding.photos import PhotoBuffer

Progress = Callable[[int], object]


@dataclass
class Vectors:
    """Vectors of some rows of a chunk: `matrix` holds those where `mask` is true, in order.

    Attributes:
        created_at: when each was computed, in microseconds since the epoch.
    """

    mask: Mask
    matrix: Matrix
    created_at: np.ndarray[Any, np.dtype[np.int64]]

    def where(self, mask: Mask) -> Vectors:
        """Those of the rows where another mask is true, too."""
        chosen = mask[self.mask]
        return Vectors(self.mask & mask, self.matrix[chosen], self.created_at[chosen])


@dataclass
class Outcome:
    """What became of some contents, each named by its digest.

    Attributes:
        known: those that have a vector. failed: why the others have none.
        done: how many went through the encoder, failed ones included.
    """

    known: dict[bytes, Cached] = field(default_factory=dict)
    failed: dict[bytes, str] = field(default_factory=dict)
    done: int = 0

    @property
    def encoded(self) -> int:
        """How many vectors were computed."""
        return self.done - len(self.failed)

    def vectors(self, digests: Sequence[bytes | None], dimension: int) -> Vectors:
        """Of rows whose contents have these digests; None is a row without a content."""
        found = [self.known.get(name) if name else None for name in digests]
        mask = np.array([item is not None for item in found], dtype=np.bool_)
        good = [item for item in found if item is not None]
        matrix = np.array([item.vector for item in good], dtype=np.float32).reshape(-1, dimension)
        return Vectors(mask, matrix, np.array([item.created_at for item in good], dtype=np.int64))


class ContentVectors:
    """The vectors that one encoder makes of images and texts, cached.

    Attributes:
        watch: how long the model worked and waited.
    """

    def __init__(self, encoder: Encoder, cache: EmbeddingCache) -> None:
        self._encoder, self.watch = encoder, Watch()
        facts = (encoder.fingerprint, encoder.precision, encoder.dimension, True)
        self._images, self._texts = cache.part("image", *facts), cache.part("text", *facts)

    def of_images(self, images: Iterable[tuple[bytes, bytes]], progress: Progress) -> Outcome:
        """Of distinct images, each its digest and bytes; they are read ahead of the model.

        Args:
            progress: called with the number of images that were encoded just now.
        """
        outcome = Outcome()
        batches = self._misses(images, outcome.known)
        self._encode(batches, self._images, outcome, progress)
        return outcome

    def of_texts(self, texts: Mapping[bytes, str], progress: Progress) -> Outcome:
        """Of distinct texts by their digests; `progress` as for images."""
        outcome = Outcome(dict(self._texts.get(list(texts))))
        missing = [name for name in texts if name not in outcome.known]
        if missing:
            batches = (
                _batch("text", [(missing[i], texts[missing[i]]) for i in rows])
                for rows, _ in self._encoder.text_batches([texts[name] for name in missing])
            )
            self._encode(batches, self._texts, outcome, progress)
        return outcome

    def _misses(
        self, images: Iterable[tuple[bytes, bytes]], known: dict[bytes, Cached]
    ) -> Iterator[pa.RecordBatch]:
        """Batches of the images that nobody has encoded yet; runs ahead of the model."""
        waiting, fresh = PhotoBuffer(), PhotoBuffer()
        size = self._encoder.image_batch

        def look_up() -> None:
            found = self._images.get(list(fresh.images))
            known.update(found)
            for name, data in fresh.take():
                if name not in found:
                    waiting.add(name, data)

        for name, data in images:
            fresh.add(name, data)
            if fresh.is_full(size):
                look_up()
            while waiting.is_full(size):
                yield _batch("image", waiting.take(size))
        look_up()
        while waiting.images:
            yield _batch("image", waiting.take(size))

    def _encode(
        self,
        batches: Iterator[pa.RecordBatch],
        cache: CachePart,
        outcome: Outcome,
        progress: Progress,
    ) -> None:
        """Encode batches keyed by digest, and store each durably."""
        for out in embed_batches(batches, self._encoder, self.watch):
            names, reasons = out.column("key").to_pylist(), out.column("reason").to_pylist()
            good = [row for row, reason in enumerate(reasons) if reason is None]
            outcome.failed.update(
                {names[row]: reason for row, reason in enumerate(reasons) if reason}
            )
            flat = out.column("embedding").drop_null().flatten().to_numpy()
            if good:
                vectors = flat.reshape(len(good), -1)
                outcome.known.update(cache.put([names[row] for row in good], vectors))
            outcome.done += len(out)
            progress(len(out))


def _batch(kind: str, items: list[tuple[bytes, Any]]) -> pa.RecordBatch:
    content = pa.binary() if kind == "image" else pa.string()
    names, contents = zip(*items)
    return pa.record_batch(
        [pa.array(names, pa.binary()), pa.array(contents, content)], names=["key", kind]
    )
