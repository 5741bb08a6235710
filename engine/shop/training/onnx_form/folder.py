"""The directory of a trained model, as `--encoder` takes it: two graphs, a tokenizer, model.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from tokenizers import Tokenizer

from engine.encode.model_folders import FACTS
from engine.shop.training.onnx_form.image_graph import image_graph
from engine.shop.training.onnx_form.text_graph import text_graph
from engine.shop.training.products.pixels import MEAN, STD
from engine.shop.training.towers.image import ImageTower
from engine.shop.training.towers.text import EMBED_DIM, Head, TextTrunk

_FILES = ("image.onnx", "text.onnx", "tokenizer.json")


@dataclass(frozen=True)
class Trained:
    """What a training made.

    Attributes:
        size: of photos, in pixels. training: what model.json tells of it.
        temperatures: of the losses, by name; another training starts with them.
    """

    name: str
    image: ImageTower
    backbone: str
    size: int
    text: TextTrunk
    head: Head
    tokenizer: Tokenizer
    training: Mapping[str, Any]
    temperatures: Mapping[str, float]


def write_model(model: Trained, folder: Path) -> dict[str, Any]:
    """Write every file, model.json last; returns what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)  # without it a half-written directory is no model
    onnx.save(image_graph(model.image, model.size), folder / "image.onnx")
    onnx.save(text_graph(model.text.eval(), model.head.eval()), folder / "text.onnx")
    model.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    facts = _facts(model, folder)
    (folder / FACTS).write_text(json.dumps(facts, indent=2) + "\n")
    return facts


def _facts(model: Trained, folder: Path) -> dict[str, Any]:
    shape = model.text.shape
    return {
        "name": model.name,
        "dimension": EMBED_DIM,
        "context_length": shape.context,
        "pad_id": 0,
        "preprocess": {
            "size": model.size,
            "mode": "RGB",
            "mean": list(MEAN),
            "std": list(STD),
            "interpolation": "bicubic",
            "resize_mode": "longest",
            "fill_color": 255,
        },
        "backbone": model.backbone,
        "text": {
            "width": shape.width,
            "layers": shape.layers,
            "heads": shape.heads,
            "hidden": shape.hidden,
        },
        "vocabulary_rows": shape.vocabulary,
        "training": dict(model.training),
        "temperatures": {name: round(value, 2) for name, value in model.temperatures.items()},
        "parameters": _parameters(model),
        "files": {name: _described(folder / name) for name in _FILES},
    }


def _parameters(model: Trained) -> dict[str, int]:
    """How many each tower has, without what only training needs."""
    image, text = (model.image.trunk, model.image.projection), (model.text, model.head)
    return {
        tower: sum(p.numel() for part in parts for p in part.parameters())
        for tower, parts in (("image", image), ("text", text))
    }


def _described(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    return {"bytes": len(data), "blake2b": hashlib.blake2b(data, digest_size=16).hexdigest()}
