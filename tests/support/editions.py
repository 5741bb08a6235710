"""Editions of the embedded model made for tests: placeholders, beside those that the package brings."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from engine.encode import model_folders
from engine.encode.model_folders import editions

FIRST = "vitrine-clip-1"
LATER = "vitrine-clip-99"  # a placeholder, newer than any that is shipped
DIMENSION, SIZE, CONTEXT = 512, 24, 64
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("red", "dress", "blue", "jeans", "pad")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@contextmanager
def editions_in(folder: Path) -> Iterator[Path]:
    """The editions of a folder of the test's take the place of those that are shipped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_folders, "EMBEDDED", folder)
        editions.cache_clear()
        yield folder
    editions.cache_clear()


@contextmanager
def with_later_edition(folder: Path) -> Iterator[str]:
    """Copies of the shipped editions and a newer one: the first one's towers for other pixels.

    Gives the newer one's name.
    """
    for name, shipped in editions().items():
        shutil.copytree(shipped, folder / name)
    shutil.copytree(folder / FIRST, folder / LATER)
    facts = json.loads((folder / LATER / "model.json").read_text())
    facts["name"] = LATER
    facts["preprocess"]["mean"] = [0.2, 0.4, 0.6]
    (folder / LATER / "model.json").write_text(json.dumps(facts))
    with editions_in(folder):
        yield LATER


def word_pieces() -> Tokenizer:
    """A small BERT tokenizer, as the second edition has a large one."""
    pieces = [*SPECIAL, *WORDS, *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
    vocabulary = {piece: place for place, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=CONTEXT)  # as all-MiniLM's own file has it
    return tokenizer


def write_word_piece_model(folder: Path, towers: bool = False) -> Path:
    """A model directory in the second edition's form, with random weights.

    Args:
        towers: also write the two ONNX files, which needs the package onnx.
    """
    folder.mkdir(parents=True)
    word_pieces().save(str(folder / "tokenizer.json"))
    if towers:
        _write_towers(folder)
    (folder / "model.json").write_text(json.dumps(facts_of(folder)))
    return folder


def facts_of(folder: Path) -> dict[str, Any]:
    """What model.json says of the other files of a placeholder."""
    files = {}
    for file in sorted(folder.glob("to*.json")) + sorted(folder.glob("*.onnx")):
        data = file.read_bytes()
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        files[file.name] = {"bytes": len(data), "blake2b": digest}
    return {
        "name": folder.name,
        "dimension": DIMENSION,
        "context_length": CONTEXT,
        "pad_id": 0,
        "preprocess": {
            "size": SIZE,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "interpolation": "bicubic",
            "resize_mode": "longest",
            "fill_color": 255,
        },
        "files": files,
    }


def _write_towers(folder: Path) -> None:
    """Mean of the tokens' rows that are not padding; mean of the pixels, times random weights."""
    from onnx import TensorProto, helper, numpy_helper, save

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(word_pieces().get_vocab_size(), DIMENSION)).astype(np.float32)
    colours = rng.normal(size=(3, DIMENSION)).astype(np.float32)

    def tower(name: str, given: Any, weights: dict[str, Any], nodes: list[Any]) -> None:
        constants = [numpy_helper.from_array(value, key) for key, value in weights.items()]
        unit = helper.make_node("LpNormalization", ["sum"], ["vectors"], axis=-1, p=2)
        made = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", DIMENSION])
        graph = helper.make_graph([*nodes, unit], name, [given], [made], constants)
        opset = helper.make_opsetid("", 17)
        save(helper.make_model(graph, opset_imports=[opset], ir_version=8), folder / name)

    node = helper.make_node
    tower(
        "text.onnx",
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "length"]),
        {
            "rows": rows,
            "zero": np.array(0, np.int64),
            "one": np.array([1], np.int64),
            "two": np.array([2], np.int64),
        },
        [
            node("Gather", ["rows", "ids"], ["each"]),
            node("Equal", ["ids", "zero"], ["padding"]),
            node("Not", ["padding"], ["real"]),
            node("Cast", ["real"], ["weight"], to=TensorProto.FLOAT),
            node("Unsqueeze", ["weight", "two"], ["weights"]),
            node("Mul", ["each", "weights"], ["masked"]),
            node("ReduceSum", ["masked", "one"], ["sum"], keepdims=0),
        ],
    )
    tower(
        "image.onnx",
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIZE, SIZE]),
        {"colours": colours},
        [
            node("ReduceMean", ["pixels"], ["mean"], axes=[2, 3], keepdims=0),
            node("MatMul", ["mean", "colours"], ["sum"]),
        ],
    )
