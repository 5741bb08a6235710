"""BERT with pooling as an ONNX graph, from its weights. The only file with onnx; knows no texts.

    ids, mask (n, length) int64    token ids, and 1 where a token is, 0 where padding is
    vectors (n, width) float32     mean, first token or maximum over each text's own tokens

Padding gets no attention and is not pooled, so a text has the same vector alone and in a batch. Truth:
transformers' BertModel, on small random models in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.encode.models.sentence_form import Pooling

Weights = Mapping[str, npt.NDArray[Any]]
Tensors = dict[str, npt.NDArray[Any]]
_OPSET, _IR = 17, 8  # onnxruntime 1.18, the oldest that is taken, knows them
_HIDDEN = (
    -1e9
)  # added to the attention that padding would get, and to what a maximum would see of it


def text_model(
    weights: Weights, config: Mapping[str, Any], pooling: Pooling
) -> tuple[bytes, Tensors]:
    """The graph, for onnxruntime, and beside it the weights that it names: copied in, they would take
    several times their memory.

    Args:
        weights: of a BertModel, by transformers' names. config: what its `config.json` says.

    Raises:
        KeyError: a weight or a setting is missing.
    """
    graph = _Bert(weights, config)
    hidden = graph.embedded()
    for layer in range(int(config["num_hidden_layers"])):
        hidden = graph.layer(hidden, f"encoder.layer.{layer}")
    graph.pooled(hidden, pooling)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "length"])
        for name in ("ids", "mask")
    ]
    width = int(config["hidden_size"])
    output = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", width])
    made = helper.make_graph(graph.nodes, "text", inputs, [output], graph.initializers)
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(made, opset_imports=opset, ir_version=_IR)
    return model.SerializeToString(), graph.tensors


class _Bert:
    """Collects the nodes of a graph, its constants, and the weights beside it.

    A method returns the name of what it made.
    """

    def __init__(self, weights: Weights, config: Mapping[str, Any]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.tensors: Tensors = {}
        self._weights = weights
        self._width = int(config["hidden_size"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        mask = self._op("Cast", "mask", to=TensorProto.FLOAT)
        padding = self._op("Sub", self._constant(np.float32(1)), mask)
        self._penalty = self._op("Mul", padding, self._constant(np.float32(_HIDDEN)))

    def _op(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def _constant(self, value: Any) -> str:
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _tensor(self, name: str, value: npt.NDArray[Any]) -> str:
        """A weight, which stays outside the graph."""
        self.tensors[name] = np.ascontiguousarray(value, dtype=np.float32)
        outside = onnx.TensorProto(
            name=name,
            data_type=TensorProto.FLOAT,
            dims=value.shape,
            data_location=TensorProto.EXTERNAL,
        )
        outside.external_data.add(key="location", value="given with the session")
        self.initializers.append(outside)
        return name

    def _linear(self, x: str, key: str) -> str:
        weight, bias = f"{key}.weight", f"{key}.bias"
        product = self._op("MatMul", x, self._tensor(weight, self._weights[weight].T))
        return self._op("Add", product, self._tensor(bias, self._weights[bias]))

    def _norm(self, x: str, key: str) -> str:
        parts = [
            self._tensor(name, self._weights[name]) for name in (f"{key}.weight", f"{key}.bias")
        ]
        return self._op("LayerNormalization", x, *parts, axis=-1, epsilon=self._epsilon)

    def embedded(self) -> str:
        """Each token's word, its place, and the first kind of segment, which all tokens have."""
        key = "embeddings"
        words = f"{key}.word_embeddings.weight"
        words = self._op("Gather", self._tensor(words, self._weights[words]), "ids")
        places = self._weights[f"{key}.position_embeddings.weight"].astype(np.float32)
        places += self._weights[f"{key}.token_type_embeddings.weight"][0]
        length = self._op("Gather", self._op("Shape", "ids"), self._constant(np.array([1])))
        first = self._constant(np.array([0]))
        used = self._op("Slice", self._tensor(f"{key}.places", places), first, length, first)
        return self._norm(self._op("Add", words, used), f"{key}.LayerNorm")

    def layer(self, x: str, key: str) -> str:
        """One layer: attention among a text's tokens, then two linear layers, each with its norm."""
        out = f"{key}.attention.output"
        mixed = self._linear(self._attention(x, f"{key}.attention.self"), f"{out}.dense")
        x = self._norm(self._op("Add", mixed, x), f"{out}.LayerNorm")
        wide = self._gelu(self._linear(x, f"{key}.intermediate.dense"))
        narrow = self._linear(wide, f"{key}.output.dense")
        return self._norm(self._op("Add", narrow, x), f"{key}.output.LayerNorm")

    def _attention(self, x: str, key: str) -> str:
        size = self._width // self._heads
        split = self._constant(np.array([0, 0, self._heads, size]))
        parts = {}
        for name, order in (
            ("query", (0, 2, 1, 3)),
            ("key", (0, 2, 3, 1)),
            ("value", (0, 2, 1, 3)),
        ):
            part = self._op("Reshape", self._linear(x, f"{key}.{name}"), split)
            parts[name] = self._op("Transpose", part, perm=order)
        scores = self._op("MatMul", parts["query"], parts["key"])
        scores = self._op("Mul", scores, self._constant(np.float32(1 / math.sqrt(size))))
        axes = self._constant(np.array([1, 2]))
        scores = self._op("Add", scores, self._op("Unsqueeze", self._penalty, axes))
        mixed = self._op("MatMul", self._op("Softmax", scores, axis=-1), parts["value"])
        mixed = self._op("Transpose", mixed, perm=(0, 2, 1, 3))
        return self._op("Reshape", mixed, self._constant(np.array([0, 0, self._width])))

    def _gelu(self, x: str) -> str:
        root, one, half = (self._constant(np.float32(v)) for v in (math.sqrt(2), 1.0, 0.5))
        grown = self._op("Add", self._op("Erf", self._op("Div", x, root)), one)
        return self._op("Mul", self._op("Mul", x, grown), half)

    def pooled(self, x: str, pooling: Pooling) -> None:
        """The output: one vector for each text."""
        if pooling == "cls":
            self._op("Gather", x, self._constant(np.array(0)), axis=1, output="vectors")
            return
        last, tokens = self._constant(np.array([2])), self._constant(np.array([1]))
        if pooling == "max":
            seen = self._op("Add", x, self._op("Unsqueeze", self._penalty, last))
            self._op("ReduceMax", seen, axes=[1], keepdims=0, output="vectors")
            return
        mask = self._op("Unsqueeze", self._op("Cast", "mask", to=TensorProto.FLOAT), last)
        total = self._op("ReduceSum", self._op("Mul", x, mask), tokens, keepdims=0)
        self._op("Div", total, self._op("ReduceSum", mask, tokens, keepdims=0), output="vectors")
