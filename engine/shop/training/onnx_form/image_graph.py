"""The photo tower as an ONNX graph: batch norms folded, weights in 16 bits under the names they had."""

from __future__ import annotations

import copy
import io
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from engine.shop.training.towers.image import ImageTower
from engine.shop.training.towers.norms import fold

_OPSET = 16


class _Tower(nn.Module):
    """What serving needs of a tower: no attribute heads."""

    def __init__(self, tower: ImageTower) -> None:
        super().__init__()
        self.trunk, self.projection = tower.trunk, tower.projection


class _Unit(nn.Module):
    """Photos to unit vectors."""

    def __init__(self, tower: _Tower) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        x = self.tower.projection(self.tower.trunk(photos))
        return x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)


def image_graph(tower: ImageTower, size: int) -> onnx.ModelProto:
    """ONNX of the photo tower: `photos` (n, 3, size, size), normalised, to unit `vectors` (n, 512)."""
    plain = copy.deepcopy(_Tower(tower)).float().eval().to(memory_format=torch.contiguous_format)
    plain.trunk = _folded(plain.trunk, size)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, of its successor
        # Constants stay unfolded, and weights keep their names; the session folds them at its start.
        torch.onnx.export(_Unit(plain), (torch.zeros(2, 3, size, size),), buffer, dynamo=False,
                          opset_version=_OPSET, do_constant_folding=False, input_names=["photos"],
                          output_names=["vectors"],
                          dynamic_axes={"photos": {0: "n"}, "vectors": {0: "n"}})  # fmt: skip
    return halved(onnx.load_from_string(buffer.getvalue()))


def _folded(trunk: nn.Module, size: int) -> nn.Module:
    """A trunk without its batch norms; the trunk itself where they do more than folding keeps."""
    folded = copy.deepcopy(trunk)
    fold(folded, size)
    x = torch.linspace(-2, 2, 6 * size * size).view(2, 3, size, size)
    with torch.inference_mode():
        is_same = torch.allclose(trunk(x), folded(x), rtol=1e-3, atol=1e-4)
    return folded if is_same else trunk


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Float weights in 16 bits, each with a cast that the runtime folds at the start."""
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 2:
            continue
        name = weight.name
        array = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(array, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model
