"""Text models of sentence-transformers: the library's own vectors, without it and without torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.needs import needs
from support.sentence_model import PLACES, WIDTH, write_sentence_model

from engine import CorruptFile, InvalidParameterValue, MissingExtra, ModelUnavailable, load_encoder
from engine.encode import text_models
from engine.encode.encoder import Encoder
from engine.encode.models import sentence_bert
from engine.encode.models.sentence_bert import SentenceEncoder
from engine.encode.text_models import TEXT_MODEL
from engine.optional import install_line

TEXTS = [
    "red dress",
    "What is learning?",
    "",
    "the red shoes for a summer",
    "unheard of",
    "a blue dress for the summer is red " * 9,
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    needs("text")
    return write_sentence_model(tmp_path / "model")


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    found: np.ndarray = (first * second).sum(axis=1)
    return found


# ------------------------------------------------------------------ its numbers
def by_transformers(folder: Path, texts: list[str], pooling: str, tokens: int) -> np.ndarray:
    """What transformers' BERT makes of each text alone, pooled and scaled by plain arithmetic."""
    import torch
    from transformers import BertModel, PreTrainedTokenizerFast

    words = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    bert = BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    made = []
    for text in texts:
        ids = words(text.lower(), truncation=True, max_length=tokens, return_tensors="pt").input_ids
        with torch.inference_mode():
            states = bert(input_ids=ids).last_hidden_state[0].numpy()
        pooled = {"mean": states.mean(axis=0), "cls": states[0], "max": states.max(axis=0)}[pooling]
        made.append(pooled / np.linalg.norm(pooled))
    return np.stack(made)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_its_vectors_are_those_of_transformers(tmp_path: Path, pooling: str) -> None:
    needs("text", "references", "clip")
    folder = write_sentence_model(tmp_path, pooling=pooling)
    vectors = load_encoder(str(folder)).encode_texts(TEXTS)
    assert vectors.shape == (len(TEXTS), WIDTH)
    expected = by_transformers(folder, TEXTS, pooling, 32)
    np.testing.assert_allclose(vectors, expected, atol=2e-6)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_a_text_has_the_same_vector_alone_and_in_a_batch(tmp_path: Path, pooling: str) -> None:
    needs("text")
    encoder = load_encoder(str(write_sentence_model(tmp_path, pooling=pooling)))
    tokens = encoder.tokenize(TEXTS)
    assert len({len(each) for each in tokens}) > 3, "texts of one length would show nothing"
    together = encoder.encode_tokens(tokens)
    alone = np.concatenate([encoder.encode_tokens([each]) for each in tokens])
    assert cosines(together, alone).min() > 0.9999
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert cosines(together[:1], together[1:]).max() < 0.999


def test_it_reads_as_many_tokens_as_the_directory_says(tmp_path: Path) -> None:
    needs("text")
    short = load_encoder(str(write_sentence_model(tmp_path / "short", tokens=6)))
    text = "red blue dress shoes a the for summer"
    assert len(short.tokenize([text])[0]) == 6
    cut, whole = short.encode_texts(["red blue dress shoes", text])
    np.testing.assert_array_equal(cut, whole)
    long = load_encoder(str(write_sentence_model(tmp_path / "long", tokens=512)))
    assert len(long.tokenize([text * 9])[0]) == PLACES  # its weights know no more places
    (longer,) = long.encode_texts([text])
    assert float(longer @ whole) < 0.999


def test_lower_case_is_as_the_directory_says(tmp_path: Path) -> None:
    needs("text")
    for lower_case in (True, False):
        folder = write_sentence_model(tmp_path / str(lower_case), lower_case=lower_case)
        small, large = load_encoder(str(folder)).encode_texts(["red dress", "RED Dress"])
        assert np.array_equal(small, large) == lower_case


def test_weights_of_a_model_with_a_head_are_found(model: Path) -> None:
    (before,) = load_encoder(str(model)).encode_texts(["red dress"])
    data = (model / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    text = json.dumps({f"bert.{name}": entry for name, entry in header.items()}).encode()
    (model / "model.safetensors").write_bytes(
        len(text).to_bytes(8, "little") + text + data[8 + size :]
    )
    (after,) = load_encoder(str(model)).encode_texts(["red dress"])
    np.testing.assert_array_equal(before, after)


# ------------------------------------------------------------------ its identity
def test_the_fingerprint_is_of_all_that_its_numbers_depend_on(tmp_path: Path) -> None:
    needs("text")
    changes: dict[str, dict[str, Any]] = {
        "as it was": {},
        "weights": {"seed": 1},
        "pooling": {"pooling": "cls"},
        "length": {"tokens": 31},
        "case": {"lower_case": False},
        "architecture": {"config": {"num_attention_heads": 4}},
    }
    found = {}
    for name, change in changes.items():
        folder = write_sentence_model(tmp_path / name, **change)
        found[name] = load_encoder(str(folder)).fingerprint
    assert len(set(found.values())) == len(found)
    again = write_sentence_model(tmp_path / "elsewhere")
    assert load_encoder(f"local-dir:{again}").fingerprint == found["as it was"]


def test_an_archive_is_read_where_it_lies(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the two packages brings its files as an archive."""
    package = tmp_path / "site" / "all_minilm_l6_v2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('it is not to be imported')")
    with zipfile.ZipFile(package / "model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(model.rglob("*")):
            archive.write(file, file.relative_to(model))
    before = {file: file.stat().st_mtime_ns for file in package.rglob("*")}
    monkeypatch.setattr(text_models, "_PACKAGE", "no_such_package")
    monkeypatch.syspath_prepend(str(package.parent))
    packed, plain = load_encoder(TEXT_MODEL), load_encoder(str(model))
    assert packed.fingerprint == plain.fingerprint
    np.testing.assert_array_equal(packed.encode_texts(TEXTS), plain.encode_texts(TEXTS))
    assert {file: file.stat().st_mtime_ns for file in package.rglob("*")} == before


# ------------------------------------------------------------------ what it refuses
def test_photos_are_refused(model: Path) -> None:
    encoder = load_encoder(str(model))
    assert not encoder.takes_photos
    with pytest.raises(InvalidParameterValue, match=r"texts only\. Photos need a CLIP model"):
        encoder.encode_images([Image.new("RGB", (8, 8))])


@pytest.mark.parametrize(
    "name", ["config.json", "modules.json", "tokenizer.json", "model.safetensors"]
)
def test_a_damaged_file_is_named(model: Path, name: str) -> None:
    (model / name).write_bytes((model / name).read_bytes()[:40])
    with pytest.raises(CorruptFile, match=rf"{name}.*Copy the model's directory here again"):
        load_encoder(str(model)).encode_texts(["red"])


def test_json_that_says_something_else_is_damaged(tmp_path: Path) -> None:
    folder = write_sentence_model(tmp_path)
    (folder / "modules.json").write_text('{"a": 1}')
    with pytest.raises(CorruptFile, match="Copy the model's directory here again"):
        load_encoder(str(folder))


def test_a_device_that_is_not_here_is_named(model: Path) -> None:
    with pytest.raises(ModelUnavailable, match="expected cpu or cuda"):
        load_encoder(str(model), "abacus")


def test_without_its_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("_PACKAGE", "_OTHER_PACKAGE"):
        monkeypatch.setattr(text_models, name, "no_such_package")
    monkeypatch.setitem(text_models.check.__globals__["EXTRA_OF"], "no_such_package", "text")
    with pytest.raises(MissingExtra) as caught:
        load_encoder(TEXT_MODEL)
    assert install_line("text") in caught.value.message
    monkeypatch.setattr("engine.optional.is_installed", lambda _: False)
    with pytest.raises(MissingExtra, match="'onnx'") as caught:
        load_encoder(str(write_sentence_model(tmp_path)))
    assert install_line("text") in caught.value.message


# ------------------------------------------------------------------ its process
def test_threads_that_come_at_once_load_it_once(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def counted(*arguments: Any) -> Any:
        loaded.append(1)
        return session_of(*arguments)

    session_of = sentence_bert.session_of
    monkeypatch.setattr(sentence_bert, "session_of", counted)
    encoder = load_encoder(str(model))
    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(lambda _: encoder.encode_texts(TEXTS), range(8)))
    assert len(loaded) == 1
    assert all(np.array_equal(each, vectors[0]) for each in vectors)


def test_it_needs_no_torch_and_leaves_nothing(model: Path) -> None:
    files = {file: file.stat().st_mtime_ns for file in model.rglob("*")}
    code = f"""
import os, sys, warnings, logging
import numpy
for name in ("torch", "transformers", "sentence_transformers"):
    sys.modules[name] = None
before = dict(os.environ), list(warnings.filters), list(logging.root.handlers)
from engine import load_encoder
assert load_encoder({str(model)!r}).encode_texts(["red dress"]).shape == (1, {WIDTH})
assert before == (dict(os.environ), list(warnings.filters), list(logging.root.handlers))
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {file: file.stat().st_mtime_ns for file in model.rglob("*")} == files


# ------------------------------------------------------------------ the extra's own model
ASK = "What is machine learning?"
DOCUMENTS = [
    "Machine learning lets computers learn patterns from data without being programmed.",
    "Neural networks are models trained on examples to make predictions.",
    "A washing machine cleans clothes with water and detergent.",
    "The Eiffel Tower is in Paris.",
    "She wore a red summer dress to the party.",
    "Learning to ride a bicycle takes balance and practice.",
    "Tomatoes grow best in warm, sunny gardens.",
    "The stock market fell on Monday.",
]


@pytest.fixture(scope="module")
def mini() -> Encoder:
    needs("text")
    return load_encoder(TEXT_MODEL)


def test_a_question_finds_its_answer_among_eight_documents(mini: Encoder) -> None:
    question, *documents = mini.encode_texts([ASK, *DOCUMENTS])
    order = np.argsort(-(np.stack(documents) @ question)).tolist()
    assert order[:2] == [0, 1]


def test_it_is_what_its_package_says(mini: Encoder) -> None:
    assert isinstance(mini, SentenceEncoder)
    assert (mini.name, mini.label, mini.dimension) == (TEXT_MODEL, TEXT_MODEL, 384)
    assert (mini.form.tokens, mini.form.pooling, mini.form.lower_case) == (256, "mean", False)
    assert (mini.is_trained, mini.note) == (True, None)


def test_its_vectors_are_those_of_the_library(mini: Encoder, tmp_path: Path) -> None:
    """In a process of its own: the library takes a gigabyte, and changes what it is loaded into."""
    folder = text_models.text_folder(TEXT_MODEL)
    if isinstance(folder, zipfile.Path):
        shutil.unpack_archive(str(folder.root.filename), tmp_path / "model")
        folder = tmp_path / "model"
    texts = [ASK, *DOCUMENTS, "", "PÜMA café [MASK] 日本語 👟", "word and more words " * 200]
    program = (
        "import json, sys\nfrom sentence_transformers import SentenceTransformer\n"
        "model = SentenceTransformer(sys.argv[1], device='cpu', local_files_only=True)\n"
        "sys.stdout.write('\\n' + json.dumps(model.encode(json.load(sys.stdin)).tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        input=json.dumps(texts),
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    theirs = np.array(json.loads(done.stdout.splitlines()[-1]), dtype=np.float32)
    np.testing.assert_allclose(mini.encode_texts(texts), theirs, atol=1e-5)
