"""Turn a checkpoint into the files that are shipped.

``python -m recipe.export --checkpoint runs/a/checkpoint.pt --out model`` writes

- ``image.onnx`` and ``text.onnx``: weights in 16 bits, unit vectors out;
- ``tokenizer.json``: CLIP's byte-pair vocabulary for the ``tokenizers`` library;
- ``model.json``: sizes, preprocessing and digests of the files above;
- with ``--open-clip DIR``, ``open_clip_config.json`` and ``open_clip_model.safetensors``, which
  open_clip loads as ``local-dir:DIR``.

All weights are rounded to 16 bits first, so that both forms carry the same numbers.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

from .model import build_clip, preprocess_config
from .onnx_text import OPSET, text_graph
from .tokens import VOCABULARY, Vocabulary, build_tokenizer, save_tokenizer


def load_average(path: Path) -> tuple[nn.Module, dict[str, Any]]:
    """The averaged dual encoder of a checkpoint (compact vocabulary), and its facts."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    meta = state["meta"]
    model = build_clip(meta["config"])
    own = {k[5:]: v for k, v in state["average"].items() if k.startswith("clip.")}
    model.load_state_dict(own)
    facts = {"step": state["step"], "samples": state["samples"], "progress": state["progress"]}
    return model.eval(), {**meta, **facts}


def fold_norms(trunk: nn.Module) -> None:
    """Fold every batch norm into the convolution before it, in place."""
    for module in trunk.modules():
        conv, norm = getattr(module, "conv", None), getattr(module, "bn", None)
        if not isinstance(conv, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
            continue
        fused = torch.nn.utils.fuse_conv_bn_eval(conv, norm)
        module.conv = fused
        module.bn = getattr(norm, "act", None) or nn.Identity()


NAME = "vitrine-clip-1"  # what tables store as `embedding_model`


class Image(nn.Module):
    """The image tower with unit vectors out."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        x = self.tower(photos)
        return x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)


def image_graph(tower: nn.Module, size: int) -> onnx.ModelProto:
    """ONNX of the image tower, batch norms folded, weights rounded to 16 bits."""
    tower = copy.deepcopy(tower).eval()
    fold_norms(tower.trunk)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Image(tower), (torch.zeros(2, 3, size, size),), buffer, dynamo=False,
                          opset_version=OPSET - 1, input_names=["photos"], output_names=["vectors"],
                          dynamic_axes={"photos": {0: "n"}, "vectors": {0: "n"}})  # fmt: skip
    return halve(onnx.load_from_string(buffer.getvalue()))


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store float weights in 16 bits, each with a cast that the runtime folds at the start."""
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 2:
            continue
        name = weight.name
        array = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(array, name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def round_weights(model: nn.Module) -> None:
    """Round every float weight to 16 bits (kept as 32), in place."""
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.dtype.is_floating_point:
                value.copy_(value.half().float())


def open_clip_document(config: dict[str, Any], size: int) -> dict[str, Any]:
    """What `open_clip_config.json` says: the whole vocabulary, the final input size."""
    config = copy.deepcopy(config)
    config["text_cfg"]["vocab_size"] = VOCABULARY
    config["vision_cfg"].pop("timm_drop_path", None)
    config["vision_cfg"]["image_size"] = size
    return {"model_cfg": config, "preprocess_cfg": preprocess_config(size)}


def save_open_clip(model: nn.Module, meta: dict[str, Any], vocabulary: Vocabulary, size: int,
                   folder: Path) -> None:  # fmt: skip
    """The directory that open_clip loads with ``local-dir:`` (full vocabulary, 16 bits)."""
    folder.mkdir(parents=True, exist_ok=True)
    document = open_clip_document(meta["config"], size)
    (folder / "open_clip_config.json").write_text(json.dumps(document, indent=2) + "\n")
    state = {k: v.half() if v.dtype.is_floating_point else v for k, v in model.state_dict().items()}
    key = "text.token_embedding.weight"
    state[key] = vocabulary.expand(state[key])
    save_file({k: v.contiguous() for k, v in state.items()}, folder / "open_clip_model.safetensors")


def export(
    checkpoint: Path, out: Path, size: int | None = None, open_clip_form: Path | None = None
) -> dict[str, Any]:
    """Write every file; returns what ``model.json`` says."""
    out.mkdir(parents=True, exist_ok=True)
    model, meta = load_average(checkpoint)
    round_weights(model)
    vocabulary = Vocabulary(meta["used"])
    config = meta["config"]
    size = size or config["vision_cfg"]["image_size"]
    tower = {k[5:]: v for k, v in model.state_dict().items() if k.startswith("text.")}
    onnx.save(text_graph(tower, config["text_cfg"]["heads"], vocabulary.table), out / "text.onnx")
    onnx.save(image_graph(model.visual, size), out / "image.onnx")
    save_tokenizer(build_tokenizer(config["text_cfg"]["context_length"]), out / "tokenizer.json")
    if open_clip_form is not None:
        save_open_clip(model, meta, vocabulary, size, open_clip_form)
    files = ("image.onnx", "text.onnx", "tokenizer.json")
    document = {
        "name": NAME,
        "dimension": config["embed_dim"],
        "context_length": config["text_cfg"]["context_length"],
        "preprocess": preprocess_config(size),
        "open_clip": open_clip_document(config, size),
        "backbone": config["vision_cfg"]["timm_model_name"],
        "text": {k: config["text_cfg"][k] for k in ("width", "layers", "heads")},
        "vocabulary_rows": vocabulary.size,
        "training": {k: meta[k] for k in ("step", "samples")},
        "parameters": {"image": sum(p.numel() for p in model.visual.parameters()),
                       "text": sum(p.numel() for p in model.text.parameters())},
        "files": {f: {"bytes": (out / f).stat().st_size,
                      "blake2b": hashlib.blake2b((out / f).read_bytes(), digest_size=16).hexdigest()}
                  for f in files},
    }  # fmt: skip
    (out / "model.json").write_text(json.dumps(document, indent=2) + "\n")
    return document


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Export a checkpoint.")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, help="input size (default: that of training's end)")
    parser.add_argument("--open-clip", type=Path, help="also write the open_clip form here")
    options = parser.parse_args()
    document = export(options.checkpoint, options.out, options.size, options.open_clip)
    print(json.dumps(document, indent=2))
