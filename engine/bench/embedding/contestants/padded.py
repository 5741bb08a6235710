"""Our own model over texts that are all padded to the model's context, as CLIP is mostly run."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from engine.bench.embedding.contestants import vitrine

CONTEXT = 77  # tokens, of every CLIP that open_clip or transformers has


class Contestant(vitrine.Contestant):
    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        encoder = self.encoder
        padded = np.zeros((len(inputs.texts), CONTEXT), dtype=np.int64)
        for row, tokens in zip(padded, encoder.tokenize(inputs.texts)):
            row[: len(tokens)] = tokens
        step = encoder.text_batch
        parts = [
            encoder.encode_tokens(list(padded[at : at + step])) for at in range(0, len(padded), step)
        ]
        self.found = np.concatenate(parts)
