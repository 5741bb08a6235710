"""Do pipeline vectors equal plain open_clip, one by one, with the same weights?"""

from __future__ import annotations

import numpy as np
import open_clip
import torch
from case import Options, Row, folder, run
from PIL import Image

from engine import Workspace

TARGET = 0.99999


def exactness(options: Options) -> list[Row]:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        made.embed(encoder=options.encoder, limit_photos=options.photos)
        table = made.read_table("product_embeddings_multimodal")
        contents = made.read_table("product_text_embeddings", ["product_id", "text_content"])
        paths = [made.volumes.resolve(p) for p in table["image_path"].to_pylist()]
    text_of = dict(zip(contents["product_id"].to_pylist(), contents["text_content"].to_pylist()))
    texts = [text_of[key] for key in table["product_id"].to_pylist()]
    architecture, _, tag = options.encoder.partition("/")
    torch.manual_seed(0)
    model, _, preprocess = open_clip.create_model_and_transforms(
        architecture, pretrained=None if tag == "untrained" else tag
    )
    tokenizer = open_clip.get_tokenizer(architecture)
    model.eval()
    rows = []
    with torch.inference_mode():
        for kind in ("image", "text"):
            stored = np.array(table[f"{kind}_embedding"].to_pylist())
            cosines = []
            for vector, path, text in zip(stored, paths, texts):
                if kind == "image":
                    plain = model.encode_image(preprocess(Image.open(path))[None], normalize=True)
                else:
                    plain = model.encode_text(tokenizer([text]), normalize=True)
                cosines.append(float(vector @ plain[0].double().numpy()))
            rows.append(
                Row(
                    f"{kind} vectors against open_clip, {len(cosines)} rows",
                    f"lowest cosine {min(cosines):.8f}",
                    f"at least {TARGET} for each",
                    min(cosines) >= TARGET,
                )
            )
    return rows


if __name__ == "__main__":
    run(exactness)
