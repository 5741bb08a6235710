"""What does the pipeline cost beside the bare model, and what does cutting texts gain?

Images: a whole `embed` (read, hash, decode, preprocess, encode, cache, write tables) against the bare
forward pass over ready tensors of the same photos, in turn. Texts: product names through the encoder
against batches padded to 77 tokens, in turn.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds

from engine import Workspace, load_encoder

ROUNDS = 3
IMAGE_ROUNDS = 7  # shorter and more: a shared machine's speed drifts within seconds
NAMES, PADDED_NAMES = 1024, 192


def pipeline_cost(options: Options) -> list[Row]:
    return [images(options), texts(options)]


def images(options: Options) -> Row:
    ratios = []
    with folder() as temporary:
        source = Workspace(temporary / "source")
        source.import_fashion(options.styles, options.images)
        products = source.read_table("products", ["product_id", "image_path"])
        there = [
            p for p in products.to_pylist() if source.volumes.resolve(p["image_path"]).is_file()
        ]
        encoder = source.encoder(options.encoder)
        step = encoder.image_batch
        size = min(len(there), max(step, options.photos // 2))
        for number in range(IMAGE_ROUNDS):
            some = [there[(number * size + i) % len(there)] for i in range(size)]
            files = [source.volumes.resolve(p["image_path"]) for p in some]
            ready = np.stack([encoder.prepare_image(file) for file in files])
            made = Workspace(temporary / f"ws{number}")
            made._encoders[options.encoder] = encoder
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
            ratios.append((seconds(bare) + first) / 2 / second)
    return Row(
        f"images: whole embed / bare forward rate before and after it, {size} photos, "
        f"{IMAGE_ROUNDS} rounds",
        f"{median(ratios):.3f} ({', '.join(f'{r:.3f}' for r in ratios)})",
        "at least 0.95",
        median(ratios) >= 0.95,
    )


def texts(options: Options) -> Row:
    with folder() as temporary:
        source = Workspace(temporary / "source")
        source.import_fashion(options.styles, options.images)
        names = [n for n in source.read_table("products")["product_display_name"].to_pylist() if n]
    names = list(dict.fromkeys(names))
    encoder = load_encoder(options.encoder)
    encoder.encode_texts(names[:64])
    ratios, rates = [], []
    for number in range(ROUNDS):
        some = [names[(number * NAMES + i) % len(names)] for i in range(NAMES)]
        padded = np.zeros((PADDED_NAMES, 77), dtype=np.int64)
        for row, tokens in enumerate(encoder.tokenize(some[:PADDED_NAMES])):
            padded[row, : len(tokens)] = tokens

        def padding(padded: np.ndarray = padded) -> None:
            for start in range(0, len(padded), encoder.text_batch):
                encoder.encode_tokens(list(padded[start : start + encoder.text_batch]))

        slow = PADDED_NAMES / seconds(padding)
        rates.append(len(some) / seconds(lambda some=some: encoder.encode_texts(some)))
        ratios.append(rates[-1] / slow)
    return Row(
        f"texts: product names / padded to 77 tokens, {ROUNDS} rounds",
        f"{median(ratios):.1f} times ({median(rates):.0f} texts/s)",
        "at least 4 times",
        median(ratios) >= 4,
    )


if __name__ == "__main__":
    run(pipeline_cost)
