"""What does the pipeline cost beside the bare model, and what does cutting texts gain?

Images: a whole `embed` (read, hash, decode, preprocess, encode, cache, write tables) against the bare
forward pass over ready tensors of the same photos, in turn. Texts: product names through the encoder
against batches padded to all the tokens that a text may have, in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from case import Options, Question, at_least, folder, run, seconds

from engine import Workspace, load_encoder
from engine.bench.records.line import Measured

ASK = Question("pipeline_cost")
ROUNDS, FEW_ROUNDS = 3, 1
IMAGE_ROUNDS, FEW_IMAGE_ROUNDS = 7, 1  # shorter and more: a shared machine's speed drifts
NAMES, PADDED_NAMES, FEW_NAMES = 1024, 192, 32


def pipeline_cost(options: Options) -> Iterator[Measured]:
    with folder() as temporary:
        source = Workspace(temporary / "source")
        source.import_fashion(options.styles, options.images)
        yield from images(options, source, temporary)
        names = [n for n in source.read_table("products")["product_display_name"].to_pylist() if n]
    yield from texts(options, list(dict.fromkeys(names)))


def images(options: Options, source: Workspace, temporary: Any) -> Iterator[Measured]:
    products = source.read_table("products", ["product_id", "image_path"])
    there = [p for p in products.to_pylist() if source.volumes.resolve(p["image_path"]).is_file()]
    encoder: Any = source.encoder(options.encoder)
    step = encoder.image_batch
    size = min(len(there), max(options.few(step, 1), options.photos // 2))
    rates: dict[str, list[float]] = {"bare": [], "whole": []}
    for number in range(options.few(IMAGE_ROUNDS, FEW_IMAGE_ROUNDS)):
        some = [there[(number * size + i) % len(there)] for i in range(size)]
        files = [source.volumes.resolve(p["image_path"]) for p in some]
        ready = np.stack([encoder.prepare_image(file) for file in files])
        made = Workspace(temporary / f"ws{number}")
        made.models._encoders[options.encoder] = encoder
        made.register_volume("/Volumes/main/fashion_demo/raw_data/images", options.images)
        made.write_table("products", pa.Table.from_pylist(some))
        if number == 0:
            encoder.encode_pixels(ready[:step])  # loads and warms

        def bare(ready: np.ndarray = ready) -> None:
            for start in range(0, len(ready), step):
                encoder.encode_pixels(ready[start : start + step])

        def whole(made: Workspace = made) -> None:
            made.embed(encoder=options.encoder)

        first, second = seconds(bare), seconds(whole)
        rates["bare"].append(size * 2 / (seconds(bare) + first))
        rates["whole"].append(size / second)
    how = {"encoder": options.encoder, "photos": size}
    for contestant, kind in (("the model alone", "bare"), ("vitrine", "whole")):
        yield ASK.line(
            "photos encoded", "photos/s", rates[kind], contestant=contestant, better="higher", **how
        )
    yield ASK.line(
        "photos encoded beside the model alone",
        "times",
        [whole / bare for bare, whole in zip(*rates.values())],
        better="higher",
        target=at_least(0.95),
        **how,
    )


def texts(options: Options, names: list[str]) -> Iterator[Measured]:
    encoder: Any = load_encoder(options.encoder)
    encoder.encode_texts(names[:64])
    width = len(encoder.tokenize(["word " * 200])[0])  # all that a text may have
    count, few = options.few((NAMES, PADDED_NAMES), (FEW_NAMES, FEW_NAMES))
    rates: dict[str, list[float]] = {"padded texts": [], "vitrine": []}
    for number in range(options.few(ROUNDS, FEW_ROUNDS)):
        some = [names[(number * count + i) % len(names)] for i in range(count)]
        padded = np.zeros((few, width), dtype=np.int64)
        for row, tokens in enumerate(encoder.tokenize(some[:few])):
            padded[row, : len(tokens)] = tokens

        def padding(padded: np.ndarray = padded) -> None:
            for start in range(0, len(padded), encoder.text_batch):
                encoder.encode_tokens(list(padded[start : start + encoder.text_batch]))

        rates["padded texts"].append(few / seconds(padding))
        rates["vitrine"].append(count / seconds(lambda some=some: encoder.encode_texts(some)))
    how = {"encoder": options.encoder, "names": count}
    for contestant, values in rates.items():
        yield ASK.line(
            "names encoded", "names/s", values, contestant=contestant, better="higher", **how
        )
    yield ASK.line(
        "names encoded beside padded ones",
        "times",
        [own / slow for slow, own in zip(*rates.values())],
        better="higher",
        target=at_least(4),
        **how,
    )


if __name__ == "__main__":
    run(pipeline_cost)
