"""The engine's own pipeline: files to vectors, decoded ahead of the model; no cache, no table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from engine.bench.embedding.arithmetic import device_gflop_per_s
from engine.bench.embedding.our_stages import image_stages, text_stages
from engine.bench.records.floors import measured
from engine.core.arrays import Matrix
from engine.encode.encoder import Encoder
from engine.encode.pipeline import embed_batches
from engine.encode.registry import load_encoder
from engine.photo_files import read_photo


def loaded(setup: dict[str, Any]) -> Encoder:
    """The encoder, its weights in memory, with the batch that was asked for."""
    encoder = load_encoder(setup["model"], setup["device"])
    encoder.encode_texts(["warm"])  # an encoder on CUDA sets its batches as it loads
    if setup["batch"]:
        encoder.image_batch = encoder.text_batch = setup["batch"]
    return encoder


def photo_batches(photos: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
    """Photos as the pipeline takes them, read when they are wanted."""
    for start in range(0, len(photos), size):
        data = [read_photo(Path(photo)) for photo in photos[start : start + size]]
        keys = pa.array(range(start, start + len(data)))
        yield pa.record_batch([keys, pa.array(data, pa.binary())], names=["key", "image"])


class Contestant:
    def __init__(self, setup: dict[str, Any]) -> None:
        self.setup = setup
        self.encoder = loaded(setup)
        self.found: Any = None

    def facts(self) -> dict[str, Any]:
        """The machine's arithmetic here, where the run's own floor is that of something else."""
        if str(self.setup["device"]).startswith("cuda"):
            return {"gflop_per_s": device_gflop_per_s(self.setup["device"], self.encoder.precision)}
        if self.setup["threads"]:
            return {"gflop_per_s": measured(rounds=5, read_bytes=2**22).gflop_per_s}
        return {}

    def prepare(self, kind: str, inputs: SimpleNamespace) -> None:
        """Nothing."""

    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        if kind == "texts":
            self.found = self.encoder.encode_texts(inputs.texts)
            return
        batches = photo_batches(inputs.photos, self.encoder.image_batch)
        self.found = list(embed_batches(batches, self.encoder))

    def vectors(self, kind: str, inputs: SimpleNamespace) -> Matrix:
        if kind == "texts":
            return np.asarray(self.found)
        flat = [batch.column("embedding").flatten().to_numpy() for batch in self.found]
        return np.concatenate(flat).reshape(-1, self.encoder.dimension)

    def stages(self, kind: str, inputs: SimpleNamespace) -> dict[str, float]:
        make = image_stages if kind == "images" else text_stages
        return make(self.encoder, inputs, Path.cwd() / "stages")
