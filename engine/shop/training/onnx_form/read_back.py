"""Weights of the two towers from the files of a model: what the graphs' writers did, undone."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from engine.encode.model_folders import FACTS
from engine.errors import CorruptFile, ModelUnavailable
from engine.shop.training.towers.text import Head, TextShape, TextTrunk

Weights = dict[str, torch.Tensor]
_TRUNK, _PROJECTION = "tower.trunk.", "tower.projection.weight"


def read_facts(folder: Path) -> dict[str, Any]:
    """What model.json says.

    Raises:
        ModelUnavailable: no model of this form is there. CorruptFile: it is damaged.
    """
    try:
        found = json.loads((folder / FACTS).read_bytes())
    except OSError as error:
        raise ModelUnavailable(f"{folder / FACTS}: {error.strerror}.") from None
    except ValueError as error:
        raise CorruptFile(f"{folder / FACTS}: {error}") from None
    if not isinstance(found, dict):
        raise CorruptFile(f"{folder / FACTS}: expected a JSON object.")
    return found


def read_weights(file: Path) -> Weights:
    """Initialisers of an ONNX file by name, halves as floats.

    Raises:
        CorruptFile: missing or damaged.
    """
    try:
        graph = onnx.load(file).graph
    except Exception as error:  # protobuf's own, and the system's
        raise CorruptFile(f"{file}: {error!s:.200}") from None
    found = {}
    for weight in graph.initializer:
        value = np.array(numpy_helper.to_array(weight))
        is_half = value.dtype == np.float16
        found[weight.name.removesuffix(".half")] = torch.from_numpy(
            value.astype(np.float32) if is_half else value
        )
    return found


def image_weights(folder: Path) -> tuple[Weights, torch.Tensor]:
    """The photo tower's trunk, with folded norms, and its projection (512, features).

    Raises:
        CorruptFile: not the weights of a tower.
    """
    weights = read_weights(folder / "image.onnx")
    trunk = {k.removeprefix(_TRUNK): v for k, v in weights.items() if k.startswith(_TRUNK)}
    projection = weights.get(_PROJECTION)
    if projection is None:  # an exporter that folds constants turns it, and names it itself
        turned = [v for k, v in weights.items() if "MatMul" in k and v.ndim == 2]
        projection = turned[0].T.contiguous() if len(turned) == 1 else None
    if not trunk or projection is None:
        raise CorruptFile(f"{folder / 'image.onnx'}: the weights of its tower have other names.")
    return trunk, projection


def text_tower(folder: Path, facts: dict[str, Any]) -> tuple[TextTrunk, Head]:
    """The text tower of a model whose texts are word pieces.

    Raises:
        ModelUnavailable: a model of another kind. CorruptFile: not the weights that are expected.
    """
    weights = read_weights(folder / "text.onnx")
    if "tokens.scale" not in weights:
        raise ModelUnavailable(
            f"{folder}: its text tower is of the first edition's kind, which can't be trained on. Start "
            "from a teacher: --start teacher (and --teacher DIR for one of your own)."
        )
    rows, scales = weights.pop("tokens"), weights.pop("tokens.scale")
    weights["tokens.weight"] = rows.float() * scales.float()
    weights["places.weight"] = weights.pop("places")
    layers = sum(name.endswith(".last_norm.bias") for name in weights)
    size = weights["tokens.weight"].shape
    try:
        hidden = weights["layers.0.widen.bias"].shape[0]
        shape = TextShape(size[0], size[1], layers, facts["text"]["heads"], hidden,
                          weights["places.weight"].shape[0])  # fmt: skip
        trunk, head = TextTrunk(shape), Head(size[1], weights["head.widen.bias"].shape[0])
        trunk.load_state_dict(_state(weights, trunk, shape.width // shape.heads))
        head.load_state_dict(_state(weights, head, 1, "head."))
    except (KeyError, RuntimeError) as error:
        raise CorruptFile(f"{folder / 'text.onnx'}: {error!s:.200}") from None
    return trunk.eval(), head.eval()


def _state(weights: Weights, module: torch.nn.Module, size: int, prefix: str = "") -> Weights:
    """Linear maps turned back, queries without the scale of attention."""
    state = {}
    for name, own in module.state_dict().items():
        value = weights[prefix + name]
        is_linear = value.ndim == 2 and not name.startswith(("tokens.", "places."))
        value = value.T.contiguous() if is_linear else value
        state[name] = value * math.sqrt(size) if ".query." in name else value
        if state[name].shape != own.shape:
            raise KeyError(f"{prefix}{name} has another shape")
    return state
