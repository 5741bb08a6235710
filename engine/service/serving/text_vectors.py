"""Texts to vectors by a serving endpoint's encoder: cached, in batches, each text's failure its own.

Knows the cache and what an encoder may return; not where an endpoint's encoder comes from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.core.arrays import Matrix, Vector
from engine.encode.encoder import Encoder
from engine.errors import MissingExtra, ModelUnavailable
from engine.service.cancellation import check

if TYPE_CHECKING:
    from engine.encode.cache.embeddings import CachePart

BATCH_TEXTS = 256  # texts in one call of an encoder, and in one commit of the cache


class TextEncoder(Protocol):
    """What an object behind an endpoint needs to encode texts; an `Encoder` has it all."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def encode_texts(self, texts: Sequence[str]) -> Matrix: ...


def embed_texts(
    endpoint: str,
    encoder: TextEncoder,
    texts: Sequence[str],
    cache_file: Path,
    progress: Callable[[int], object],
) -> list[Vector | str]:
    """See `ServingEndpoints.embed_texts`."""
    from engine.encode.cache.embeddings import (  # sqlite3; queries don't need it
        EmbeddingCache,
        digest,
    )

    digests = [digest(text.encode("utf-8", "surrogatepass")) for text in texts]
    distinct = dict(zip(digests, texts))
    cache = EmbeddingCache(cache_file)
    try:
        is_unit = isinstance(encoder, Encoder)  # others may answer vectors of any length
        precision = str(getattr(encoder, "precision", "float32"))
        part = cache.part("text", encoder.fingerprint, precision, encoder.dimension, is_unit)
        found: dict[bytes, Vector | str] = {
            key: cached.vector for key, cached in part.get(list(distinct)).items()
        }
        missing = [key for key in distinct if key not in found]
        with _remembering(part) as remember:
            for start in range(0, len(missing), BATCH_TEXTS):
                check()
                keys = missing[start : start + BATCH_TEXTS]
                outcomes = list(_outcomes(endpoint, encoder, [distinct[key] for key in keys]))
                found.update(zip(keys, outcomes))
                remember(keys, outcomes)
                progress(len(keys))
    finally:
        cache.close()
    return [found[key] for key in digests]


def encode_text(encoder: TextEncoder, text: str) -> Vector:
    """(dimension,) float32 of one text. Raises ValueError, and whatever the encoder raises."""
    vector: Vector = _matrix(encoder, [text])[0]
    return vector


def failed_call(endpoint: str, why: object) -> str:
    """The cloud's text for an endpoint that fails, and the reason behind it."""
    reason = getattr(why, "message", None) or (
        f"{type(why).__name__}: {why}" if isinstance(why, Exception) else why
    )
    return f"Failed to call Model Serving endpoint: {endpoint}. {reason}"


def checked_rows(answer: object, rows: int, dimension: int) -> Matrix:
    """What a model answered as (rows, dimension) float32. Raises ValueError for anything else."""
    given = np.asarray(answer)
    expected = (rows, dimension)
    if given.shape != expected or given.dtype.kind not in "fiu":
        raise ValueError(
            f"it returned {given.dtype} of shape {given.shape}; expected numbers of shape {expected}"
        )
    with np.errstate(over="ignore"):
        matrix: Matrix = given.astype(np.float32)
    if not np.isfinite(matrix).all():
        raise ValueError("it returned a number that is NaN, infinite or beyond float32")
    return matrix


def _matrix(encoder: TextEncoder, texts: Sequence[str]) -> Matrix:
    """(n, dimension) float32 of n texts. Raises ValueError where the encoder returns anything else."""
    return checked_rows(encoder.encode_texts(list(texts)), len(texts), encoder.dimension)


def _outcomes(endpoint: str, encoder: TextEncoder, texts: Sequence[str]) -> Iterator[Vector | str]:
    """The vector of each text; where the encoder fails, halves are tried, down to the bad text."""
    try:
        yield from _matrix(encoder, texts)
    except (ModelUnavailable, MissingExtra):
        raise  # no text can be encoded
    except Exception as error:  # a model's own: whatever it is, it is the reason
        if len(texts) == 1:
            yield failed_call(endpoint, error)
            return
        half = len(texts) // 2
        for part in (texts[:half], texts[half:]):
            yield from _outcomes(endpoint, encoder, part)


@contextlib.contextmanager
def _remembering(part: CachePart) -> Iterator[Callable[[list[bytes], list[Vector | str]], None]]:
    """What puts vectors into the cache while the next are encoded; also those of work that is cut short.

    One batch is on its way at a time; where the one before was refused, the next call raises that.
    """
    under_way: list[Future[object]] = []

    def settle() -> None:
        while under_way:
            under_way.pop().result()

    def remember(keys: list[bytes], outcomes: list[Vector | str]) -> None:
        settle()
        good = {k: out for k, out in zip(keys, outcomes) if not isinstance(out, str)}
        if good:
            vectors = np.stack(list(good.values()))
            under_way.append(writer.submit(part.put, list(good), vectors))

    with ThreadPoolExecutor(1, "vitrine-cache") as writer:
        try:
            yield remember
        finally:
            settle()
