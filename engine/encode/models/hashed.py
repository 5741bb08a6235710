"""An encoder without a model: words hashed to numbers, photos to their colours. Knows no weights.

For tests of applications: instant, the same numbers on every machine, and texts that share words are
near. What it knows of meaning is nothing: "sneaker" and "shoe" have nothing in common.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.core.arrays import Matrix, unit_rows
from engine.encode.encoder import Encoder, Tokens
from engine.errors import ModelUnavailable

# Pillow is imported with the first photo: texts need none of it.
if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import Bytes, ImageInput, Pixels, Preprocess

HASHED = "hashed"
DIMENSION = 512
_VERSION = "hashed-1"  # changes when the same text or photo gives other numbers
_WORD = 2  # weight of a word; a trigram of it weighs 1, so that "shirt" and "shirts" are near
_CELLS = 8  # a photo is this many cells wide and high, a mean colour each
_LIGHT = 0.5  # one more number, the same for all photos: without it, grey and white are parallel


class HashedEncoder(Encoder):
    """Signed feature hashing of words and their character trigrams; mean colours for photos.

    A token holds a bucket, a sign and a weight. Sums of them are whole numbers, so that no order of
    adding and no processor changes a digit.
    """

    label = HASHED
    is_trained = False
    text_batch = 1024

    def __init__(self, name: str = HASHED, device: str | None = None) -> None:
        """Nothing is loaded.

        Raises:
            ModelUnavailable: a device other than the CPU.
        """
        if device not in (None, "cpu"):
            raise ModelUnavailable(
                f"device is {device!r}; encoder {name} runs on the CPU only. Leave the device out."
            )
        self.name = name

    @property
    def dimension(self) -> int:
        return DIMENSION

    @cached_property
    def fingerprint(self) -> str:
        from engine.encode.photos.preprocessing import VERSION

        return hashlib.blake2b(f"{_VERSION} {VERSION}".encode(), digest_size=16).hexdigest()

    @property
    def note(self) -> str:
        return (
            f"encoder {self.name} compares words by their letters and photos by their colours: it is "
            "for tests, and knows no meanings. Name a model with --encoder or VITRINE_ENCODER."
        )

    @cached_property
    def _preprocess(self) -> Preprocess:
        from engine.encode.photos.preprocessing import Preprocess

        grey, as_is = (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)
        return Preprocess((_CELLS, _CELLS), grey, as_is, "bilinear", "squash")

    def prepare_image(self, image: ImageInput) -> Pixels:
        return self._preprocess(image)

    def encode_pixels(self, pixels: Pixels | Bytes) -> Matrix:
        colours = np.asarray(pixels).reshape(len(pixels), -1)
        features = np.zeros((len(pixels), DIMENSION), dtype=np.float64)
        features[:, : colours.shape[1]] = colours
        features[:, colours.shape[1]] = _LIGHT
        return unit_rows(features)

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return [
            [token for word in re.findall(r"\w+", text.lower()) for token in _tokens_of(word)]
            for text in texts
        ]

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        counts = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
        flat = np.fromiter((token for each in tokens for token in each), dtype=np.int64)
        rows = np.repeat(np.arange(len(tokens)), counts)
        weights = np.where(flat & 2, _WORD, 1) * np.where(flat & 1, 1, -1)
        places = rows * DIMENSION + (flat >> 2)
        sums = np.bincount(places, weights, len(tokens) * DIMENSION).reshape(-1, DIMENSION)
        sums[~sums.any(axis=1), 0] = 1  # no words, or words that cancel out: one fixed direction
        return unit_rows(sums)


@lru_cache(maxsize=1 << 16)
def _tokens_of(word: str) -> tuple[int, ...]:
    """Tokens of a word: `bucket * 4 + is_word * 2 + is_positive`, the word's own first."""
    framed = f"<{word}>"
    parts = [framed[start : start + 3] for start in range(len(framed) - 2)]
    return (_token(word, True), *(_token(part, False) for part in parts))


def _token(text: str, is_word: bool) -> int:
    """Python's own `hash` differs from run to run; BLAKE2 is the same everywhere."""
    kind = b"word" if is_word else b"part"
    data = text.encode("utf-8", "surrogatepass")
    number = int.from_bytes(hashlib.blake2b(data, digest_size=4, person=kind).digest(), "little")
    bucket, sign = (number >> 1) % DIMENSION, number & 1
    return bucket << 2 | is_word << 1 | sign
