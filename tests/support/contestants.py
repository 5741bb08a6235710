"""Contestants whose worth is known: one that draws its vectors, and what is asked of any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.core.arrays import Matrix, unit_rows
from engine.encode.encoder import Tokens
from engine.encode.models.hashed import HashedEncoder


class DrawnEncoder(HashedEncoder):
    """Vectors that are drawn by the content: what it finds is right by chance only."""

    def __init__(self) -> None:
        super().__init__("hashed")
        self.name = "drawn"

    @property
    def fingerprint(self) -> str:
        return "drawn-1"

    def encode_pixels(self, pixels: Any) -> Matrix:
        return np.stack([self._of(np.ascontiguousarray(one).tobytes()) for one in pixels])

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        return np.stack([self._of(repr(list(one)).encode()) for one in tokens])

    def _of(self, content: bytes) -> Any:
        seed = int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
        drawn = np.random.default_rng(seed).normal(size=(1, self.dimension))
        return unit_rows(drawn)[0].astype(np.float32)
