"""Figures of an exported model on the held-out photos, and agreement with open_clip's form, as JSON.

``python -m recipe.verify --model model --table styles.csv --images images``
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engine.encode.models.onnx import OnnxEncoder
from engine.shop.evaluation import evaluate_vectors

from .data import Product, is_held_out, read_products


def photos_of(table: Path, images: Path) -> tuple[list[Product], list[Path]]:
    """Products that have a photo, and their photos."""
    products = [p for p in read_products(table) if (images / f"{p.id}.jpg").exists()]
    return products, [images / f"{p.id}.jpg" for p in products]


def agreement(
    encoder: OnnxEncoder,
    model: Path,
    paths: Sequence[Path],
    texts: Sequence[str],
    images: np.ndarray,
) -> dict[str, float]:
    """The lowest cosine between the shipped form and open_clip's form, rebuilt from it, with
    open_clip's own transform and tokenizer."""
    import open_clip
    import torch
    from PIL import Image

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from rebuild import rebuild

    with tempfile.TemporaryDirectory() as folder:
        rebuild(Path(folder), model)
        name = f"local-dir:{folder}"
        clip, _, transform = open_clip.create_model_and_transforms(name)
        tokenizer = open_clip.get_tokenizer(name)
    clip.eval()
    worst = {"photos": 1.0, "texts": 1.0}
    vectors = encoder.encode_texts(texts)
    with torch.inference_mode():
        for start in range(0, len(paths), 64):
            x = torch.stack([transform(Image.open(p)) for p in paths[start : start + 64]])
            other = clip.encode_image(x, normalize=True).numpy()
            cosines = (other * images[start : start + 64]).sum(1)
            worst["photos"] = min(worst["photos"], float(cosines.min()))
        for start in range(0, len(texts), 256):
            ids = tokenizer(list(texts[start : start + 256]))
            other = clip.encode_text(ids, normalize=True).numpy()
            cosines = (other * vectors[start : start + 256]).sum(1)
            worst["texts"] = min(worst["texts"], float(cosines.min()))
    return worst


def texts_of(products: Sequence[Product]) -> list[str]:
    """Names, and the queries that the figures ask."""
    queries = {f"a photo of {p.articleType}".lower() for p in products}
    queries |= {f"{p.baseColour} {p.articleType}".lower() for p in products}
    return [p.name or "" for p in products] + sorted(queries)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Check an exported model.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    options = parser.parse_args(argv)
    encoder = OnnxEncoder("candidate", folder=options.model)
    products, paths = photos_of(options.table, options.images)
    held = [i for i, p in enumerate(products) if is_held_out(p.id)]
    test, test_paths = [products[i] for i in held], [paths[i] for i in held]
    images = encoder.encode_images(test_paths)
    held_out = evaluate_vectors(images, [asdict(p) for p in test], encoder.encode_texts)
    worst = agreement(encoder, options.model, test_paths, texts_of(test), images)
    print(json.dumps({"held_out": held_out, "agreement": worst}, indent=1))


if __name__ == "__main__":
    main()
