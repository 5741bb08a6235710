"""How much a model encodes in a second on this machine. Knows clocks and made-up inputs; not models."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.encode.photos.preprocessing import png_bytes
from engine.encode.registry import load_encoder

_SECONDS = 1.5  # of encoding for each figure of a measurement
_TEXTS = [f"Brand {word} Cotton Casual Shirt No {n}" for n in range(16) for word in ("Red", "Blue")]


@dataclass(frozen=True)
class Throughput:
    """Texts and photos that a model encodes in a second here; loading is not counted.

    Attributes:
        images: None of a model that knows no photos.
    """

    texts: float
    images: float | None


def measure(name: str, device: str | None = None) -> Throughput:
    """Encode short product names and 224-pixel PNG photos, decoding included, for a few seconds.

    Raises:
        ModelUnavailable, MissingExtra: the model can't be loaded here.
    """
    encoder = load_encoder(name, device)
    texts = _rate(lambda: len(encoder.encode_texts(_TEXTS)))
    if not encoder.takes_photos:
        return Throughput(texts, None)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    photos = [png_bytes(pixels)] * 16
    return Throughput(texts, _rate(lambda: len(encoder.encode_images(photos))))


def _rate(work: Callable[[], int]) -> float:
    """How much `work` gets done in a second, once it is warm."""
    work()
    done, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < _SECONDS:
        done += work()
    return done / spent
