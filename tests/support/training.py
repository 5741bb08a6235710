"""What tests of training share: a drawn catalogue, a tiny teacher, a request that trains in seconds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from support.catalogue import Catalogue
from support.editions import word_pieces

ROOT = Path(__file__).parents[2]
BACKBONE = "test_resnet"
WIDTH, LAYERS, HIDDEN, HEADS = 24, 3, 32, 2
WORDS = (
    '{"part": "noun", "texts": ["kicks"], "where": {"articleType": ["Sports Shoes", "Tshirts"]}}\n'
    '{"part": "whole", "texts": ["in red"], "where": [{"baseColour": ["Red"]}, {"name": "red"}]}\n'
    '{"part": "style", "texts": ["best"], "where": {}}\n'
)


def drawn_catalogue(folder: Path, products: int = 60, seed: int = 3) -> Catalogue:
    """Products drawn by the sample's own script."""
    sys.path.insert(0, str(ROOT / "datasets" / "sample"))
    try:
        from drawing.catalogue import draw_catalogue  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    draw_catalogue(folder, seed=seed, products=products)
    return Catalogue(folder / "styles.csv", folder / "images")


def write_teacher(folder: Path, layers: int = LAYERS, **others: Any) -> Path:
    """A sentence-transformers directory with a tiny random BERT."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    tokenizer = word_pieces()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "model_type": "bert",
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": WIDTH,
        "num_hidden_layers": layers,
        "num_attention_heads": HEADS,
        "intermediate_size": HIDDEN,
        "max_position_embeddings": 80,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        **others,
    }
    (folder / "config.json").write_text(json.dumps(config))
    made = torch.Generator().manual_seed(5)
    save_file(
        {name: torch.randn(shape, generator=made) * 0.3 for name, shape in _shapes(config).items()},
        folder / "model.safetensors",
    )
    return folder


def _shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a BERT's weights, as transformers has them."""
    width, hidden = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], width),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }

    def both(name: str, *shape: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = shape, shape[:1]

    both("embeddings.LayerNorm", width)
    for layer in range(config["num_hidden_layers"]):
        place = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            both(f"{place}.attention.self.{part}", width, width)
        both(f"{place}.attention.output.dense", width, width)
        both(f"{place}.attention.output.LayerNorm", width)
        both(f"{place}.intermediate.dense", hidden, width)
        both(f"{place}.output.dense", width, hidden)
        both(f"{place}.output.LayerNorm", width)
    return shapes


def tiny_request(shop: Catalogue, teacher: Path, out: Path, **others: Any) -> dict[str, Any]:
    """Arguments of a training of a few steps."""
    return {
        "table": shop.styles,
        "photos": shop.images,
        "out": out,
        "passes": 1,
        "start": "teacher",
        "teacher": teacher,
        "layers": 2,
        "backbone": BACKBONE,
        "size": 32,
        "batch": 16,
        "threads": 1,
        "hold_out": 5,
        "checkpoint_minutes": 0,
        **others,
    }
