"""Models of random weights, in other libraries' own directories: equal weights for everyone, no hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.bench.embedding.request import MADE_CLIP, MADE_SENTENCES
from engine.errors import InvalidParameterValue
from engine.optional import require

WHY = "A made model"
SMALL_CLIP = {
    "text_config": {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2},
    "vision_config": {"hidden_size": 96, "intermediate_size": 200, "num_hidden_layers": 2},
    "projection_dim": 64,
}
SENTENCES = {"hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6}
SMALL_SENTENCES = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2}
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TOKENS = 128  # that a made text model reads
SPREAD = 0.02  # of weights that are drawn beside the library's own, so that none is zero


def write(name: str, folder: Path, texts: Sequence[str], seed: int, is_small: bool) -> Path:
    """A made model's directory.

    Args:
        name: `made:transformers` or `made:sentences`. texts: whose words are the vocabulary.

    Raises:
        InvalidParameterValue: another name. MissingExtra: the library is not installed.
    """
    if name == MADE_CLIP:
        return write_clip(folder, seed, is_small)
    if name == MADE_SENTENCES:
        return write_sentences(folder, texts, seed, is_small)
    raise InvalidParameterValue(f"model {name!r}; expected {MADE_CLIP} or {MADE_SENTENCES}.")


def write_clip(folder: Path, seed: int, is_small: bool) -> Path:
    """A CLIP ViT-B/32 as transformers saves it, with CLIP's vocabulary, which open_clip brings."""
    torch: Any = require("torch", WHY)
    transformers: Any = require("transformers", WHY)
    given: dict[str, Any] = {name: dict(value) for name, value in SMALL_CLIP.items() if name != "projection_dim"} if is_small else {}  # fmt: skip
    if is_small:
        for part in given.values():
            part["num_attention_heads"] = 2
    text = given.setdefault("text_config", {})
    text |= {"bos_token_id": 49406, "eos_token_id": 49407}
    given["projection_dim"] = 64 if is_small else 512
    _save(transformers.CLIPModel, transformers.CLIPConfig(**given), torch, folder, seed)
    simple: Any = require("open_clip", WHY).SimpleTokenizer()
    (folder / "vocab.json").write_text(json.dumps(simple.encoder), encoding="utf-8")
    merges = sorted(simple.bpe_ranks, key=simple.bpe_ranks.__getitem__)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    vocabulary = (str(folder / "vocab.json"), str(folder / "merges.txt"))
    transformers.CLIPTokenizer(*vocabulary).save_pretrained(folder)
    transformers.CLIPImageProcessor().save_pretrained(folder)
    return folder


def write_sentences(folder: Path, texts: Sequence[str], seed: int, is_small: bool) -> Path:
    """A BERT of MiniLM's size with mean pooling, as sentence-transformers saves it."""
    torch: Any = require("torch", WHY)
    transformers: Any = require("transformers", WHY)
    words = sorted({word for text in texts for word in text.lower().split()})
    vocabulary = [*MARKS, *map(chr, range(33, 127)), *words]
    vocabulary = list(dict.fromkeys(vocabulary))
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), num_attention_heads=12, **(SMALL_SENTENCES if is_small else SENTENCES)
    )
    _save(transformers.BertModel, config, torch, folder, seed)
    _write_tokenizer(folder, vocabulary)
    kind = "sentence_transformers.models"
    steps = ("Transformer", "Pooling", "Normalize")
    modules = [
        {"idx": n, "name": str(n), "path": f"{n}_{step}" if n else "", "type": f"{kind}.{step}"}
        for n, step in enumerate(steps)
    ]
    pooling = {"word_embedding_dimension": config.hidden_size, "pooling_mode_mean_tokens": True}
    _write(folder / "modules.json", modules)
    _write(folder / "1_Pooling" / "config.json", pooling)
    (folder / "2_Normalize").mkdir()
    _write(folder / "sentence_bert_config.json", {"max_seq_length": TOKENS, "do_lower_case": False})
    return folder


def _write_tokenizer(folder: Path, vocabulary: Sequence[str]) -> None:
    transformers: Any = require("transformers", WHY)
    tokenizer = transformers.BertTokenizer(
        vocab={word: place for place, word in enumerate(vocabulary)}, model_max_length=TOKENS
    )
    tokenizer.save_pretrained(folder)


def _save(kind: Any, config: Any, torch: Any, folder: Path, seed: int) -> None:
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = kind(config)
        for parameter in model.parameters():
            parameter.add_(SPREAD * torch.randn_like(parameter))
    model.save_pretrained(folder, safe_serialization=True)


def _write(file: Path, value: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(value), encoding="utf-8")
