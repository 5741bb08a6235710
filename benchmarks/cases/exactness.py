"""Do pipeline vectors equal plain open_clip, one by one, with the same weights?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from case import Options, Question, at_least, folder, run
from PIL import Image

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("exactness")
SMALL = "ViT-S-32-alt/untrained"  # one of open_clip's own, for a smoke run


def exactness(options: Options) -> Iterator[Measured]:
    encoder = options.few(options.encoder, SMALL)
    table, paths, texts = embedded(options, encoder)
    architecture, _, tag = encoder.partition("/")
    torch.manual_seed(0)
    model, _, preprocess = open_clip.create_model_and_transforms(
        architecture, pretrained=None if tag == "untrained" else tag
    )
    tokenizer = open_clip.get_tokenizer(architecture)
    model.eval()
    for kind in ("image", "text"):
        cosines = []
        for vector, path, text in zip(table[f"{kind}_embedding"].to_pylist(), paths, texts):
            with torch.inference_mode():
                if kind == "image":
                    plain = model.encode_image(preprocess(Image.open(path))[None], normalize=True)
                else:
                    plain = model.encode_text(tokenizer([text]), normalize=True)
            cosines.append(float(np.array(vector) @ plain[0].double().numpy()))
        yield ASK.line(
            "cosine with open_clip",
            "cosine",
            cosines,
            better="higher",
            target=at_least(0.99999, of="minimum"),
            kind=kind,
            encoder=encoder,
            rows=len(cosines),
        )


def embedded(options: Options, encoder: str) -> tuple[Any, list[Path], list[str]]:
    """What the pipeline made: the table of both vectors, photos and texts of its rows."""
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        made.embed(encoder=encoder, limit_photos=options.photos)
        table = made.read_table("product_embeddings_multimodal")
        contents = made.read_table("product_text_embeddings", ["product_id", "text_content"])
        paths = [made.volumes.resolve(p) for p in table["image_path"].to_pylist()]
    text_of = dict(zip(contents["product_id"].to_pylist(), contents["text_content"].to_pylist()))
    return table, paths, [text_of[key] for key in table["product_id"].to_pylist()]


if __name__ == "__main__":
    run(exactness)
