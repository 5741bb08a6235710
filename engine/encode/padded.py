"""A text model whose vectors are made longer with zeros. Knows encoders; not why a length is wanted.

Zeros add nothing to an inner product or a length: cosines, distances and rankings are the model's own.
An index takes room for the zeros.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from engine.core.arrays import Matrix
from engine.encode.encoder import Encoder, TextsOnly, Tokens
from engine.errors import ModelUnavailable


class PaddedEncoder(TextsOnly):
    """The text vectors of another encoder, with zeros behind them; photos are refused."""

    def __init__(self, encoder: Encoder, dimension: int) -> None:
        """
        Raises:
            ModelUnavailable: the encoder's own vectors are longer than `dimension`.
        """
        if encoder.dimension > dimension:
            raise ModelUnavailable(
                f"encoder {encoder.name} makes vectors of {encoder.dimension} numbers; zeros make "
                f"shorter ones {dimension} long, but longer ones can't be cut. Name another model."
            )
        self.name, self.label = encoder.name, encoder.label
        self.is_trained, self.text_batch = encoder.is_trained, encoder.text_batch
        self._encoder, self._dimension = encoder, dimension

    @property
    def dimension(self) -> int:
        return self._dimension

    @cached_property
    def fingerprint(self) -> str:
        """Another than the encoder's own, whose vectors have another length."""
        text = f"{self._encoder.fingerprint}, zeros up to {self._dimension}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def precision(self) -> str:
        return self._encoder.precision

    @property
    def note(self) -> str | None:
        return self._encoder.note

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return self._encoder.tokenize(texts)

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        return self._padded(self._encoder.encode_tokens(tokens))

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        return self._padded(self._encoder.encode_texts(texts))

    def _padded(self, vectors: Matrix) -> Matrix:
        long = np.zeros((len(vectors), self._dimension), dtype=np.float32)
        long[:, : vectors.shape[1]] = vectors
        return long
