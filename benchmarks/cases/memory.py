"""How much memory does embedding take above the loaded model, and does it grow with the catalogue?

The real encoder shows the absolute figure. The stand-in `hashed`, which makes a vector from a hash,
shows that ten times as many products take no more.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from case import Options, Question, at_most, folder, run

from engine import Workspace
from engine.bench.records.line import Measured
from engine.core.names import table_name

ASK = Question("memory")
MB = 2**20 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, else in KiB
TIMES = 10


def memory(options: Options) -> Iterator[Measured]:
    growth = apart(real, options)
    yield ASK.line(
        "peak above the loaded model",
        "MB",
        growth,
        target=at_most(1000),
        encoder=options.encoder,
        photos=options.photos,
    )
    for times in options.few((1, TIMES), (1,)):
        yield ASK.line(
            "peak of a pipeline without a model",
            "MB",
            apart(hashed, options, times),
            target=at_most(1000),
            catalogues=times,
        )


def apart(work: Any, *arguments: object) -> float:
    """A figure measured in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return float(pool.apply(work, arguments))


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
        repeat(made, times, temporary)
        before = peak()
        made.embed("big", encoder="hashed")
        return peak() - before


def repeat(made: Workspace, times: int, temporary: Path) -> None:
    """A table of the catalogue `times` over, with other keys and names."""
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
