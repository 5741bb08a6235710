"""The model alone, over photos or texts that are ready for it: what everything else is measured by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.bench.embedding.contestants import vitrine
from engine.core.arrays import Matrix
from engine.encode.encoder import stacked


class Contestant(vitrine.Contestant):
    def prepare(self, kind: str, inputs: SimpleNamespace) -> None:
        if kind == "texts":
            self.ready: list[Any] = list(self.encoder.text_batches(inputs.texts))
            return
        size, photos = self.encoder.image_batch, inputs.photos
        self.ready = [
            stacked([self.encoder.prepare_image(photo) for photo in photos[at : at + size]])
            for at in range(0, len(photos), size)
        ]

    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        if kind == "texts":
            self.found = [(rows, self.encoder.encode_tokens(ids)) for rows, ids in self.ready]
        else:
            self.found = [self.encoder.encode_pixels(batch) for batch in self.ready]

    def vectors(self, kind: str, inputs: SimpleNamespace) -> Matrix:
        if kind == "images":
            return np.concatenate(self.found)
        vectors = np.empty((len(inputs.texts), self.encoder.dimension), dtype=np.float32)
        for rows, made in self.found:
            vectors[rows] = made
        return vectors
