"""A tiny text model in sentence-transformers' form: a BERT of random weights, a vocabulary of words."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = (
    "red",
    "blue",
    "dress",
    "shoes",
    "a",
    "the",
    "for",
    "summer",
    "what",
    "is",
    "learning",
    "?",
)
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WIDTH, LAYERS, PLACES = 24, 2, 40


def write_sentence_model(
    folder: Path,
    *,
    pooling: str = "mean",
    tokens: int = 32,
    lower_case: bool = True,
    seed: int = 0,
    config: dict[str, Any] | None = None,
    steps: tuple[str, ...] = ("Transformer", "Pooling", "Normalize"),
) -> Path:
    """Write the directory; returns it.

    Args:
        pooling: "mean", "cls" or "max". tokens: how many of a text are read.
        lower_case: the library puts texts in lower case; the vocabulary itself doesn't.
        config: what else `config.json` says. steps: of `modules.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": len(MARKS) + len(WORDS),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 3,
        "intermediate_size": 48,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": PLACES,
        "type_vocab_size": 2,
        "pad_token_id": 0,
        **(config or {}),
    }
    kind = "sentence_transformers.models"
    modules = [
        {"idx": n, "name": str(n), "path": f"{n}_{step}" if n else "", "type": f"{kind}.{step}"}
        for n, step in enumerate(steps)
    ]
    modes = {"mean": "mean_tokens", "cls": "cls_token", "max": "max_tokens"}
    pools = {f"pooling_mode_{mode}": name == pooling for name, mode in modes.items()}
    _write(folder / "config.json", described)
    _write(folder / "modules.json", modules)
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": WIDTH, **pools})
    settings = {"max_seq_length": tokens, "do_lower_case": lower_case}
    _write(folder / "sentence_bert_config.json", settings)
    (folder / "tokenizer.json").write_text(_vocabulary().to_str())
    _write_weights(folder / "model.safetensors", _weights(seed))
    return folder


def _write(file: Path, value: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(value))


def _vocabulary() -> Tokenizer:
    words = {word: place for place, word in enumerate((*MARKS, *WORDS))}
    made = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.enable_padding(length=PLACES)  # as published models have it; nobody may mind
    return made


def _weights(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {
        "embeddings.word_embeddings.weight": (len(MARKS) + len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm": (WIDTH,),
    }
    for layer in range(LAYERS):
        key = f"encoder.layer.{layer}"
        linear = {
            **{f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")},
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (48, WIDTH),
            "output.dense": (WIDTH, 48),
        }
        for name, shape in linear.items():
            shapes |= {f"{key}.{name}.weight": shape, f"{key}.{name}.bias": shape[:1]}
        shapes |= {f"{key}.attention.output.LayerNorm": (WIDTH,)}
        shapes |= {f"{key}.output.LayerNorm": (WIDTH,)}
    weights = {}
    for name, shape in shapes.items():
        drawn = rng.normal(scale=0.3, size=shape).astype(np.float32)
        if name.endswith("LayerNorm"):
            weights |= {f"{name}.weight": 1 + drawn, f"{name}.bias": drawn[::-1].copy()}
        else:
            weights[name] = drawn
    return weights


def _write_weights(file: Path, weights: dict[str, np.ndarray]) -> None:
    """The format of safetensors: the header's length, the header in JSON, the numbers."""
    header, place = {}, 0
    for name, value in weights.items():
        end = place + value.nbytes
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    numbers = b"".join(value.tobytes() for value in weights.values())
    file.write_bytes(struct.pack("<Q", len(text)) + text + numbers)
