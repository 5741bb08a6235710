"""Text models that only sentence-transformers runs: its own numbers, and the process as it was.

Each in a process of its own, whose network is watched: the library takes a gigabyte.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.children import command_of
from support.launch import can_watch
from support.needs import needs
from support.sentence_model import MARKS, WIDTH, WORDS, write_sentence_model

from engine import MissingExtra, load_encoder
from engine.encode.models.sentence_form import Other, read_form
from engine.optional import install_line

DISTIL = """
import sys
from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

folder, words, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
DistilBertModel(DistilBertConfig(
    vocab_size=words, dim=width, hidden_dim=48, n_layers=2, n_heads=3, max_position_embeddings=40
)).save_pretrained(folder)
marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
PreTrainedTokenizerFast(
    tokenizer_file=f"{folder}/tokenizer.json", model_max_length=32, **marks
).save_pretrained(folder)
"""
USE = """
import os, sys, warnings
import numpy as np, torch
from engine import load_encoder

before = dict(os.environ), list(warnings.filters), torch.random.get_rng_state().tolist()
encoder = load_encoder(sys.argv[1])
texts = ["red dress", "what is learning?", "the blue shoes for a summer dress is red", ""]
vectors = encoder.encode_texts(texts)
assert before[0] == dict(os.environ), set(before[0].items()) ^ set(os.environ.items())
assert before[1:] == (list(warnings.filters), torch.random.get_rng_state().tolist())
assert vectors.shape == (4, encoder.dimension) and vectors.dtype == np.float32
alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
assert (vectors * alone).sum(axis=1).min() > 0.9999

from sentence_transformers import SentenceTransformer

theirs = SentenceTransformer(sys.argv[1], device="cpu").encode(texts, normalize_embeddings=True)
np.testing.assert_allclose(vectors, theirs, atol=1e-5)
assert abs(vectors @ vectors.T - 1).max() > 1e-3
print(encoder.fingerprint)
"""


def run(program: str, *arguments: object, home: Path) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    environment = {**os.environ, "HOME": str(home), "HF_HUB_OFFLINE": "0"}
    done = subprocess.run(
        command_of(command, offline=True) if can_watch() else command,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode != -signal.SIGSYS, f"it went to the network\n{done.stderr}"
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write_distil(folder: Path, home: Path, **given: str) -> Path:
    write_sentence_model(folder, config={"model_type": "distilbert"}, **given)  # type: ignore[arg-type]
    (folder / "model.safetensors").unlink()
    run(DISTIL, folder, len(MARKS) + len(WORDS), WIDTH, home=home)
    return folder


def test_another_architecture_is_run_by_the_library(tmp_path: Path) -> None:
    needs("text", "references", "clip")
    home = tmp_path / "home"
    home.mkdir()
    folder = write_distil(tmp_path / "model", home)
    assert run(USE, folder, home=home) == load_encoder(str(folder)).fingerprint
    assert [*home.rglob("*")] == []


@pytest.mark.parametrize(
    ("config", "steps", "pooling", "why"),
    [
        ({"model_type": "mpnet"}, (), None, "model_type 'mpnet'"),
        ({"hidden_act": "relu"}, (), None, "hidden_act 'relu'"),
        ({"position_embedding_type": "relative_key"}, (), None, "position_embedding_type 'relat"),
        ({}, ("Transformer", "Pooling", "Dense"), None, "the steps Transformer, Pooling, Dense"),
        ({}, (), '{"pooling_mode": ["mean", "max"]}', "pooling by mean, max"),
        ({}, (), '{"pooling_mode_lasttoken": true}', "pooling by lasttoken"),
    ],
    ids=str,
)
def test_what_needs_the_library_says_why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, str],
    steps: tuple[str, ...],
    pooling: str | None,
    why: str,
) -> None:
    folder = write_sentence_model(
        tmp_path, config=config, steps=steps or ("Transformer", "Pooling", "Normalize")
    )
    if pooling is not None:
        (folder / "1_Pooling" / "config.json").write_text(pooling)
    monkeypatch.setattr("engine.optional.is_installed", lambda _: False)
    with pytest.raises(MissingExtra) as caught:
        load_encoder(str(folder))
    for words in (why, "'sentence_transformers'", install_line("text")):
        assert words in caught.value.message


def test_prompts_and_other_weights_are_the_librarys(tmp_path: Path) -> None:
    folder = write_sentence_model(tmp_path)
    settings = folder / "config_sentence_transformers.json"
    settings.write_text('{"prompts": {"query": "query: "}, "default_prompt_name": "query"}')
    assert read_form("x", folder) == Other(folder, "the prompt 'query' before each text")
    settings.unlink()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert read_form("x", folder) == Other(folder, "no model.safetensors")


def test_what_the_library_can_not_load_is_named(tmp_path: Path) -> None:
    needs("text", "references", "clip")
    home = tmp_path / "home"
    home.mkdir()
    folder = write_sentence_model(tmp_path / "model", config={"model_type": "nothing"})
    program = (
        "import sys\nfrom engine import load_encoder, ModelUnavailable\n"
        "try:\n    load_encoder(sys.argv[1]).encode_texts(['red'])\n"
        "except ModelUnavailable as error:\n    print(error.message)"
    )
    assert run(program, folder, home=home).startswith(f"encoder '{folder}' can't be loaded: ")
