"""The loop that a model in the embedded form's four files leads to: Pillow, numpy, onnxruntime.

Its sessions are onnxruntime's default ones.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

BATCH = 32


class Contestant:
    def __init__(self, setup: dict[str, Any]) -> None:
        folder = Path(setup["folder"])
        cuda = str(setup["device"]).startswith("cuda")
        provider = "CUDAExecutionProvider" if cuda else "CPUExecutionProvider"
        self.batch = setup["batch"] or BATCH
        self.known = json.loads((folder / "model.json").read_text())
        self.towers = {
            kind: onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), providers=[provider])
            for kind, name in (("images", "image"), ("texts", "text"))
        }
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(self.known["context_length"])
        self.tokenizer.enable_padding(pad_id=self.known.get("pad_id", 0))
        self.found: list[Any] = []

    def facts(self) -> dict[str, Any]:
        return {}

    def prepare(self, kind: str, inputs: SimpleNamespace) -> None:
        """Nothing."""

    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        ready, given = (
            (self._tokens, inputs.texts) if kind == "texts" else (self._pixels, inputs.photos)
        )
        tower = self.towers[kind]
        name = tower.get_inputs()[0].name
        self.found = [
            tower.run(None, {name: ready(given[at : at + self.batch])})[0]
            for at in range(0, len(given), self.batch)
        ]

    def _tokens(self, texts: list[str]) -> Any:
        plain = [html.unescape(text) for text in texts]
        return np.array([each.ids for each in self.tokenizer.encode_batch(plain)], dtype=np.int64)

    def _pixels(self, photos: list[str]) -> Any:
        rule = self.known["preprocess"]
        mean, std = (np.array(rule[name], dtype=np.float32) for name in ("mean", "std"))
        fitted = [np.asarray(_fitted(Image.open(photo), rule)) for photo in photos]
        pixels = (np.stack(fitted).astype(np.float32) / 255 - mean) / std
        return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))

    def vectors(self, kind: str, inputs: SimpleNamespace) -> Any:
        return np.concatenate(self.found)


def _fitted(picture: Image.Image, rule: dict[str, Any]) -> Image.Image:
    """Resized to fit into the model's square, the rest filled."""
    size, fill = rule["size"], (rule["fill_color"],) * 3
    ratio = max(picture.size) / size
    inner = picture.convert("RGB").resize(
        (max(1, round(picture.width / ratio)), max(1, round(picture.height / ratio))),
        Image.Resampling[rule["interpolation"].upper()],
    )
    square = Image.new("RGB", (size, size), fill)
    square.paste(inner, ((size - inner.width) // 2, (size - inner.height) // 2))
    return square
