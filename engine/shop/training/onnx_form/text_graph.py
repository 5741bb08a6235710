"""The text tower as an ONNX graph, written node by node.

Word pieces are looked up in a table of 8-bit rows, one scale a row; what is padded (id 0) is masked
inside the graph, so that a text's vector is the same in any batch. Other weights are stored in 16 bits
and cast when the session starts.
"""

from __future__ import annotations

import math

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from engine.shop.training.towers.text import Head, Layer, TextTrunk

OPSET = 17


class Graph:
    """Collects nodes and initialisers."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._count = 0

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Add a node of one output; returns the output's name."""
        self._count += 1
        name = f"{kind.lower()}_{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def store(self, name: str, array: np.ndarray) -> str:
        """An initialiser as it is."""
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, name: str, value: torch.Tensor) -> str:
        """A float weight: kept in 16 bits, cast to 32."""
        return self.op(
            "Cast",
            self.store(name, value.detach().float().numpy().astype(np.float16)),
            to=TensorProto.FLOAT,
        )

    def constant(self, value: np.ndarray | float) -> str:
        """A constant; Python floats become float32."""
        array = np.asarray(value)
        self._count += 1
        return self.store(
            f"constant_{self._count}",
            array.astype(np.float32) if array.dtype == np.float64 else array,
        )

    def linear(self, x: str, key: str, layer: torch.nn.Linear, scale: float = 1.0) -> str:
        """`x @ weight + bias`, both multiplied by `scale`."""
        product = self.op(
            "MatMul", x, self.weight(f"{key}.weight", layer.weight.T.contiguous() * scale)
        )
        return self.op("Add", product, self.weight(f"{key}.bias", layer.bias * scale))

    def norm(self, x: str, key: str, layer: torch.nn.LayerNorm) -> str:
        """Layer normalisation over the last axis."""
        weight, bias = (
            self.weight(f"{key}.weight", layer.weight),
            self.weight(f"{key}.bias", layer.bias),
        )
        epsilon = float(layer.eps)
        return self.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)

    def gelu(self, x: str) -> str:
        """The exact GELU."""
        erf = self.op("Erf", self.op("Mul", x, self.constant(1 / math.sqrt(2))))
        return self.op(
            "Mul", self.op("Mul", x, self.op("Add", erf, self.constant(1.0))), self.constant(0.5)
        )

    def unit(self, x: str, output: str | None = None) -> str:
        """Rows scaled to length one."""
        length = self.op("ReduceL2", x, axes=[1], keepdims=1)
        length = self.op("Max", length, self.constant(1e-12))
        if output is None:
            return self.op("Div", x, length)
        self.nodes.append(helper.make_node("Div", [x, length], [output]))
        return output


def text_graph(trunk: TextTrunk, head: Head) -> onnx.ModelProto:
    """ONNX of the text tower: `ids` int64 (n, length), padded with 0, to unit `vectors` (n, 512)."""
    g = Graph()
    width = trunk.tokens.weight.shape[1]
    real = g.op(
        "Cast", g.op("Not", g.op("Equal", "ids", g.constant(np.array(0)))), to=TensorProto.FLOAT
    )
    x = _embedded(g, trunk)
    gap = g.op("Mul", g.op("Sub", real, g.constant(1.0)), g.constant(1e4))
    mask = g.op("Unsqueeze", gap, g.constant(np.array([1, 2])))
    for i, layer in enumerate(trunk.layers):
        assert isinstance(layer, Layer)
        x = _layer(g, x, mask, layer, f"layers.{i}", width)
    kept = g.op("Unsqueeze", real, g.constant(np.array([2])))
    total = g.op("ReduceSum", g.op("Mul", x, kept), g.constant(np.array([1])), keepdims=0)
    count = g.op("ReduceSum", real, g.constant(np.array([1])), keepdims=1)
    _head(g, g.op("Div", total, count), head, width)
    entry = helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "length"])
    result = helper.make_tensor_value_info(
        "vectors", TensorProto.FLOAT, ["n", head.straight.out_features]
    )
    graph = helper.make_graph(g.nodes, "text", [entry], [result], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def eight_bits(table: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a table as int8 with a float16 scale each, (n, width) and (n, 1)."""
    scale = (table.abs().amax(1, keepdim=True) / 127).clamp(min=1e-8).half().float()
    return (table / scale).round().clamp(-127, 127).to(torch.int8).numpy(), scale.half().numpy()


def rounded_to_eight_bits(table: torch.Tensor) -> torch.Tensor:
    """The table that the graph will hold."""
    rows, scales = eight_bits(table)
    return torch.from_numpy(rows).float() * torch.from_numpy(scales).float()


def _embedded(g: Graph, trunk: TextTrunk) -> str:
    rows, scales = eight_bits(trunk.tokens.weight.detach().float())
    row = g.op("Cast", g.op("Gather", g.store("tokens", rows), "ids", axis=0), to=TensorProto.FLOAT)
    scale = g.op(
        "Cast", g.op("Gather", g.store("tokens.scale", scales), "ids", axis=0), to=TensorProto.FLOAT
    )
    shape = g.op("Shape", "ids")
    length = g.op("Gather", shape, g.constant(np.array([1])), axis=0)
    zero = g.constant(np.array([0]))
    places = g.op("Slice", g.weight("places", trunk.places.weight), zero, length, zero)
    return g.norm(g.op("Add", g.op("Mul", row, scale), places), "norm", trunk.norm)


def _layer(g: Graph, x: str, mask: str, layer: Layer, key: str, width: int) -> str:
    size = width // layer.heads
    split, joined = (
        g.constant(np.array([0, 0, layer.heads, size])),
        g.constant(np.array([0, 0, width])),
    )

    def part(name: str, module: torch.nn.Linear, order: list[int], scale: float = 1.0) -> str:
        return g.op(
            "Transpose",
            g.op("Reshape", g.linear(x, f"{key}.{name}", module, scale), split),
            perm=order,
        )

    query = part("query", layer.query, [0, 2, 1, 3], 1 / math.sqrt(size))
    key_name, value = part("key", layer.key, [0, 2, 3, 1]), part("value", layer.value, [0, 2, 1, 3])
    scores = g.op("Softmax", g.op("Add", g.op("MatMul", query, key_name), mask), axis=-1)
    mixed = g.op(
        "Reshape", g.op("Transpose", g.op("MatMul", scores, value), perm=[0, 2, 1, 3]), joined
    )
    x = g.norm(
        g.op("Add", x, g.linear(mixed, f"{key}.output", layer.output)), f"{key}.norm", layer.norm
    )
    wide = g.gelu(g.linear(x, f"{key}.widen", layer.widen))
    return g.norm(
        g.op("Add", x, g.linear(wide, f"{key}.narrow", layer.narrow)),
        f"{key}.last_norm",
        layer.last_norm,
    )


def _head(g: Graph, features: str, head: Head, width: int) -> None:
    x = g.op("Mul", g.unit(features), g.constant(math.sqrt(width)))
    wide = g.gelu(g.linear(x, "head.widen", head.widen))
    out = g.op(
        "Add",
        g.linear(x, "head.straight", head.straight),
        g.linear(wide, "head.narrow", head.narrow),
    )
    g.unit(out, "vectors")
