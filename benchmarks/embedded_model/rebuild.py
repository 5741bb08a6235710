"""Rebuild the embedded model's first edition in open_clip's form from the files that are shipped.

    python benchmarks/embedded_model/rebuild.py --out DIR

Writes `open_clip_config.json` and `open_clip_model.safetensors`; open_clip and `load_encoder` read them
as `local-dir:DIR`. In the shipped form batch norms are folded into the convolutions, the attention's
queries are scaled, and the token table holds only the rows that training used; all of that is undone.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from pathlib import Path

import numpy as np
import onnx
import open_clip
import torch
from onnx import numpy_helper
from safetensors.torch import save_file

from engine.encode.model_folders import editions

Weights = dict[str, np.ndarray]


def read(path: Path) -> Weights:
    """Initialisers of an ONNX file by name, in float32 where they are half floats."""
    found = {}
    for weight in onnx.load(path).graph.initializer:
        value = numpy_helper.to_array(weight)
        name = weight.name.removesuffix(".half")
        found[name] = value.astype(np.float32) if value.dtype == np.float16 else value
    return found


def image_state(weights: Weights, model: torch.nn.Module) -> Weights:
    """The image tower: each folded convolution gets a batch norm that adds the bias alone."""
    state = {}
    for name, value in weights.items():
        if name.startswith("tower."):
            ours = name.replace("tower.", "visual.", 1)
            if not ours.endswith(".conv.bias"):
                state[ours] = value
                continue
            norm = ours.removesuffix(".conv.bias") + ".bn"
            epsilon = model.get_submodule(norm).eps
            state[f"{norm}.bias"] = value
            state[f"{norm}.weight"] = np.ones_like(value)
            state[f"{norm}.running_mean"] = np.zeros_like(value)
            state[f"{norm}.running_var"] = np.full_like(value, 1 - epsilon)
            state[f"{norm}.num_batches_tracked"] = np.array(0)
        elif "MatMul" in name:  # the only weight that the exporter names itself: the projection
            state["visual.head.proj.weight"] = value.T
    return state


def text_state(weights: Weights, heads: int) -> Weights:
    """The text tower: linear layers turned back, q, k and v packed, the token table expanded."""
    width = weights["positional_embedding"].shape[1]
    (rows,) = (v for v in weights.values() if v.dtype == np.int16 and v.ndim == 1)
    state = {"text.token_embedding.weight": weights["token_embedding"][rows.astype(np.int64)]}
    for name, value in weights.items():
        if name in ("positional_embedding", "text_projection"):
            state[f"text.{name}"] = value
        elif name.endswith(".attn.q.weight") or name.endswith(".attn.q.bias"):
            block, part = name.split(".q.")
            q, k, v = (weights[f"{block}.{which}.{part}"] for which in "qkv")
            q = q * np.float32(math.sqrt(width / heads))
            packed = np.concatenate([m.T if m.ndim == 2 else m for m in (q, k, v)])
            state[f"text.{block}.in_proj_{part}"] = packed
        elif name.startswith(("transformer.", "ln_final.")) and not re.search(r"\.[kv]\.", name):
            state[f"text.{name}"] = value.T if value.ndim == 2 else value
    return state


def rebuild(out: Path) -> None:
    """Write the open_clip form of the first edition to `out`."""
    source = editions()["vitrine-clip-1"]
    facts = json.loads((source / "model.json").read_text())
    config = facts["open_clip"]["model_cfg"]
    arguments = {k: v for k, v in config.items() if k != "custom_text"}
    model = open_clip.CustomTextCLIP(**arguments)
    state = image_state(read(source / "image.onnx"), model)
    state |= text_state(read(source / "text.onnx"), config["text_cfg"]["heads"])
    missing, unexpected = model.load_state_dict(
        {name: torch.tensor(value) for name, value in state.items()}, strict=False
    )
    if unexpected or set(missing) - {"logit_scale"}:
        raise SystemExit(f"missing: {missing}; unexpected: {unexpected}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "open_clip_config.json").write_text(json.dumps(facts["open_clip"], indent=2) + "\n")
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, out / "open_clip_model.safetensors")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    rebuild(parser.parse_args().out)
