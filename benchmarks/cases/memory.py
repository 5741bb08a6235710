"""How much memory does embedding take above the loaded model, and does it grow with the catalogue?

The real encoder shows the absolute figure. A stand-in encoder, which makes a vector from a hash,
shows that ten times as many products take no more.
"""

from __future__ import annotations

import multiprocessing
import resource
from pathlib import Path

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, run

from engine import Workspace
from engine.encode.encoder import Encoder

MB = 1024  # ru_maxrss is in KiB on Linux


class HashEncoder(Encoder):
    """Vectors from hashes, 512 dimensions: everything of the pipeline but the model."""

    name = label = "hash"
    dimension = 512
    fingerprint = "hash-1"

    def prepare_image(self, image: bytes) -> np.ndarray:
        return np.full((3, 224, 224), len(image) % 251, dtype=np.float32)

    def encode_pixels(self, pixels: np.ndarray) -> np.ndarray:
        return self._vectors([int(p[0, 0, 0]) for p in pixels])

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        return [list(text.encode()[:77]) for text in texts]

    def encode_tokens(self, tokens: list[list[int]]) -> np.ndarray:
        return self._vectors([sum((i + 1) * t for i, t in enumerate(row)) for row in tokens])

    def _vectors(self, seeds: list[int]) -> np.ndarray:
        rows = np.stack([np.random.default_rng(s).standard_normal(512) for s in seeds])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def memory(options: Options) -> list[Row]:
    growth = apart(real, options)
    small, large = (apart(hashed, options, times) for times in (1, 10))
    return [
        Row(
            f"peak above the loaded model, {options.photos} photos and texts",
            f"{growth:.0f} MB",
            "under 1,000 MB",
            growth < 1000,
        ),
        Row(
            "the same with the model taken away: 1 and 10 times the catalogue",
            f"{small:.0f} MB and {large:.0f} MB",
            "under 1,000 MB each",
            max(small, large) < 1000,
        ),
    ]


def apart(work: object, *arguments: object) -> float:
    """A figure measured in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


def real(options: Options) -> float:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        encoder = made.encoder(options.encoder)
        encoder.encode_texts(["warm"])
        photo = next(options.images.glob("*.jpg"))
        encoder.encode_images([photo] * encoder.image_batch)
        before = peak()
        made.embed(encoder=options.encoder, limit_photos=options.photos)
        return peak() - before


def hashed(options: Options, times: int) -> float:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        made._encoders["hash"] = HashEncoder()
        repeat(made, times, temporary)
        before = peak()
        made.embed("big", encoder="hash")
        return peak() - before


def repeat(made: Workspace, times: int, temporary: Path) -> None:
    """A table of the catalogue `times` over, with other keys and names."""
    from engine.core.names import table_name

    products = made.read_table("products")
    with made.tables.writing(table_name("big"), products.schema, {}) as writer:
        for number in range(times):
            keys = pa.array(np.arange(len(products)) + number * len(products), pa.int32())
            names = [f"{n} {number}" for n in products["product_display_name"].to_pylist()]
            part = products.set_column(0, products.schema.field(0), keys)
            part = part.set_column(1, products.schema.field(1), pa.array(names))
            writer.write_table(part)


if __name__ == "__main__":
    run(memory)
