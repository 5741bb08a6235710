"""The text tower as an ONNX graph, written node by node.

Token ids are looked up in the compact table (a 16-bit map from CLIP ids to rows), the causal mask
and the positions are cut to the texts' length, and only the end-of-text position goes through the
last feed-forward block. Weights are stored in 16 bits and cast when the session starts.
"""

from __future__ import annotations

import math

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 18


class Graph:
    """Collects nodes and initialisers."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.count = 0

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        self.count += 1
        names = [f"{kind.lower()}_{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else "|".join(names)

    def weight(self, name: str, value: torch.Tensor) -> str:
        """A float weight: kept in 16 bits, cast to 32."""
        array = value.detach().float().numpy().astype(np.float16)
        self.weights.append(numpy_helper.from_array(array, name))
        return self.op("Cast", name, to=TensorProto.FLOAT)

    def constant(self, value: np.ndarray | list[int] | float) -> str:
        array = np.asarray(value)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        self.count += 1
        name = f"constant_{self.count}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name


def text_graph(state: dict[str, torch.Tensor], heads: int, table: torch.Tensor) -> onnx.ModelProto:
    """ONNX of the text tower from its compact weights (keys of open_clip's text tower)."""
    g = Graph()
    width = state["positional_embedding"].shape[1]
    layers = 1 + max(int(k.split(".")[2]) for k in state if k.startswith("transformer.resblocks."))
    head = width // heads

    def norm(x: str, key: str) -> str:
        return g.op("LayerNormalization", x, g.weight(f"{key}.weight", state[f"{key}.weight"]),
                    g.weight(f"{key}.bias", state[f"{key}.bias"]), axis=-1, epsilon=1e-5)  # fmt: skip

    def linear(x: str, key: str, weight: torch.Tensor, bias: torch.Tensor) -> str:
        product = g.op("MatMul", x, g.weight(f"{key}.weight", weight.T.contiguous()))
        return g.op("Add", product, g.weight(f"{key}.bias", bias))

    shape = g.op("Shape", "ids")
    length = g.op("Gather", shape, g.constant(np.array([1])), axis=0)
    zero, one = g.constant(np.array([0])), g.constant(np.array([1]))
    rows_map = g.constant(table.numpy().astype(np.int16))
    rows = g.op("Cast", g.op("Gather", rows_map, "ids", axis=0), to=TensorProto.INT64)
    embedding = state["token_embedding.weight"].detach().float().numpy().astype(np.float16)
    g.weights.append(numpy_helper.from_array(embedding, "token_embedding"))
    x = g.op("Cast", g.op("Gather", "token_embedding", rows, axis=0), to=TensorProto.FLOAT)
    places = g.weight("positional_embedding", state["positional_embedding"])
    x = g.op("Add", x, g.op("Slice", places, zero, length, zero))
    context = state["positional_embedding"].shape[0]
    mask = np.triu(np.full((context, context), -1e9, dtype=np.float32), 1)
    both = g.op("Concat", length, length, axis=0)
    mask_name = g.op("Slice", g.constant(mask), g.constant(np.array([0, 0])), both)
    end = g.op("ArgMax", "ids", axis=1, keepdims=1)  # (n, 1)
    end = g.op("Unsqueeze", end, one)  # (n, 1, 1)
    batch = g.op("Gather", shape, zero, axis=0)
    pick = g.op("Expand", end, g.op("Concat", batch, one, g.constant(np.array([width])), axis=0))
    split = g.constant(np.array([0, 0, heads, head]))
    joined = g.constant(np.array([0, 0, width]))
    for layer in range(layers):
        key = f"transformer.resblocks.{layer}"
        last = layer == layers - 1
        y = norm(x, f"{key}.ln_1")
        packed, bias = state[f"{key}.attn.in_proj_weight"], state[f"{key}.attn.in_proj_bias"]
        parts = []
        for i, part in enumerate("qkv"):
            source = g.op("GatherElements", y, pick, axis=1) if last and part == "q" else y
            block = slice(i * width, (i + 1) * width)
            scale = 1 / math.sqrt(head) if part == "q" else 1.0
            z = linear(source, f"{key}.attn.{part}", packed[block] * scale, bias[block] * scale)
            order = [0, 2, 3, 1] if part == "k" else [0, 2, 1, 3]
            parts.append(g.op("Transpose", g.op("Reshape", z, split), perm=order))
        scores = g.op("MatMul", parts[0], parts[1])
        if not last:  # the end of text sees every token before it; what follows is masked below
            scores = g.op("Add", scores, mask_name)
        else:
            axes = g.constant(np.array([1, 2]))
            row = g.op("Gather", mask_name, g.op("Squeeze", end, axes), axis=0)
            scores = g.op("Add", scores, g.op("Unsqueeze", row, axes))
        mixed = g.op("MatMul", g.op("Softmax", scores, axis=-1), parts[2])
        mixed = g.op("Reshape", g.op("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
        out = f"{key}.attn.out_proj"
        if last:
            x = g.op("GatherElements", x, pick, axis=1)
        x = g.op("Add", x, linear(mixed, out, state[f"{out}.weight"], state[f"{out}.bias"]))
        y = norm(x, f"{key}.ln_2")
        fc, proj = f"{key}.mlp.c_fc", f"{key}.mlp.c_proj"
        y = linear(y, fc, state[f"{fc}.weight"], state[f"{fc}.bias"])
        erf = g.op("Erf", g.op("Mul", y, g.constant(1 / math.sqrt(2))))
        y = g.op("Mul", g.op("Mul", y, g.op("Add", erf, g.constant(1.0))), g.constant(0.5))
        x = g.op("Add", x, linear(y, proj, state[f"{proj}.weight"], state[f"{proj}.bias"]))
    x = norm(g.op("Squeeze", x, one), "ln_final")
    x = g.op("MatMul", x, g.weight("text_projection", state["text_projection"]))
    unit(g, x, "vectors")
    dimension = state["text_projection"].shape[1]
    entry = helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "length"])
    result = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", dimension])
    graph = helper.make_graph(g.nodes, "text", [entry], [result], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def unit(g: Graph, x: str, output: str) -> None:
    """Rows of ``x`` scaled to length one, under the name ``output``."""
    length = g.op("ReduceL2", x, g.constant(np.array([1])), keepdims=1)
    g.nodes.append(helper.make_node("Div", [x, g.op("Max", length, g.constant(1e-12))], [output]))
