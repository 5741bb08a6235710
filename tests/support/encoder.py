"""A tiny encoder for tests of serving endpoints: it counts, and fails on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


class CountingEncoder:
    """Unit vectors of 4 numbers, drawn by the text; not an `Encoder`, only what texts need."""

    def __init__(self, fingerprint: str = "one", dimension: int = 4) -> None:
        self.name = f"counting-{fingerprint}"
        self.fingerprint = fingerprint
        self.dimension = dimension
        self.encoded: list[str] = []  # texts whose vectors were returned
        self.refused: set[str] = set()  # texts that make it fail

    def vector(self, text: str) -> npt.NDArray[np.float32]:
        """What it says of one text."""
        seed = hashlib.sha256(f"{self.fingerprint} {text}".encode()).digest()
        drawn = np.random.default_rng(list(seed)).normal(size=self.dimension)
        unit: npt.NDArray[np.float32] = (drawn / np.linalg.norm(drawn)).astype(np.float32)
        return unit

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        bad = [text for text in texts if text in self.refused]
        if bad:
            raise RuntimeError(f"can't read {bad[0]!r}")
        self.encoded += texts
        return np.stack([self.vector(text) for text in texts])
