"""A model in the second edition's form: BERT's word pieces, and padding that its graph masks.

Truth: the pieces written out; each text encoded alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.editions import CONTEXT, DIMENSION, SIZE, facts_of, word_pieces, write_word_piece_model
from support.needs import needs

from engine import CorruptFile, InvalidInputException, Workspace, load_encoder
from engine.encode.encoder import Encoder

PAD, UNKNOWN, BEGIN, END = range(4)
ODD_TEXTS = [
    "",
    " \t\r\n\u00a0\u3000",
    "\0",
    "red\0dress",
    "red\u200bdress",
    "👗 red 👠👩🏽‍🦱",
    "שמלה אדומה",
    "\u202ered dress\u202c",
    "RÉD dréss",
    "红色连衣裙",
    "x" * 100_000,
    "red " * 10_000,
    "[PAD]",
    "[PAD] red [SEP] [MASK] [CLS] dress [UNK]",
    "red &amp;amp; blue",
    "\ufffd\uffff\ue000",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_word_piece_model(tmp_path_factory.mktemp("model") / "own-clip")


@pytest.fixture(scope="module")
def tokens_only(folder: Path) -> Encoder:
    return load_encoder(f"local-dir:{folder}")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    needs("references")
    folder = tmp_path_factory.mktemp("model") / "own-clip"
    return load_encoder(str(write_word_piece_model(folder, towers=True)))


# ---------------------------------------------------------------------- tokens
def test_texts_are_framed_lower_case_and_never_padded(tokens_only: Encoder) -> None:
    of = word_pieces().get_vocab()
    red, dress, blue = of["red"], of["dress"], of["blue"]
    assert tokens_only.tokenize(["Red DRESS", "blue", ""]) == [
        [BEGIN, red, dress, END],
        [BEGIN, blue, END],
        [BEGIN, END],
    ]


def test_words_that_it_lacks_are_read_in_pieces(tokens_only: Encoder) -> None:
    of = word_pieces().get_vocab()
    expected = [BEGIN, of["red"], *(of[f"##{letter}"] for letter in "dish"), END]
    assert tokens_only.tokenize(["reddish"]) == [expected]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: ascii(text[:12]))
def test_any_text_has_tokens_that_fit_and_none_is_padding(tokens_only: Encoder, text: str) -> None:
    (ids,) = tokens_only.tokenize([text])
    assert ids[0] == BEGIN
    assert ids[-1] == END  # also where the text was cut
    assert 2 <= len(ids) <= CONTEXT
    assert not {PAD, BEGIN, END} & set(ids[1:-1])
    assert tokens_only.tokenize(["red", text, "blue dress"])[1] == ids


def test_the_cut_keeps_the_beginning(tokens_only: Encoder) -> None:
    of = word_pieces().get_vocab()
    (ids,) = tokens_only.tokenize(["red " * 500])
    assert ids == [BEGIN, *[of["red"]] * (CONTEXT - 2), END]


def test_half_a_character_is_refused_by_name(tokens_only: Encoder) -> None:
    with pytest.raises(InvalidInputException, match=r"text 'red \\ud83d' holds a lone surrogate"):
        tokens_only.encode_texts(["blue", "red \ud83d"])


def test_the_context_is_the_models_own(tmp_path: Path) -> None:
    folder = write_word_piece_model(tmp_path / "short")
    facts = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**facts, "context_length": 5}))
    assert len(load_encoder(str(folder)).tokenize(["red " * 9])[0]) == 5


# ---------------------------------------------------------------------- vectors
def test_vectors_are_those_of_each_text_alone(encoder: Encoder) -> None:
    vectors = encoder.encode_texts(ODD_TEXTS)
    assert vectors.shape == (len(ODD_TEXTS), DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for text, vector in zip(ODD_TEXTS, vectors, strict=True):
        np.testing.assert_allclose(encoder.encode_texts([text])[0], vector, atol=1e-6)
    together = encoder.encode_tokens(encoder.tokenize(ODD_TEXTS))  # one batch, mostly padding
    np.testing.assert_allclose(together, vectors, atol=1e-6)


def test_padding_is_the_id_that_the_model_names(tmp_path: Path) -> None:
    """A graph that masks another id: with the wrong one, the padded text would have other numbers."""
    needs("references")
    import onnx

    folder = write_word_piece_model(tmp_path / "padded", towers=True)
    graph = onnx.load(folder / "text.onnx")
    (masked,) = [w for w in graph.graph.initializer if w.name == "zero"]
    masked.CopyFrom(onnx.numpy_helper.from_array(np.array(UNKNOWN), "zero"))
    onnx.save(graph, folder / "text.onnx")
    facts = {**facts_of(folder), "pad_id": UNKNOWN}
    (folder / "model.json").write_text(json.dumps(facts))
    encoder = load_encoder(str(folder))
    batch = encoder.encode_tokens(encoder.tokenize(["red", "blue jeans dress"]))
    np.testing.assert_allclose(batch[0], encoder.encode_texts(["red"])[0], atol=1e-6)


def test_photos_are_fitted_on_white(encoder: Encoder) -> None:
    """The image tower is a mean of the pixels, so that white and the photo's colour can be told."""
    photo = Image.new("RGB", (SIZE, SIZE), (200, 20, 40))
    wide = Image.new("RGB", (SIZE, SIZE // 2), (200, 20, 40))
    half = Image.new("RGB", (SIZE, SIZE), "white")
    half.paste(wide, (0, SIZE // 4))
    vectors = encoder.encode_images([photo, wide, half])
    np.testing.assert_allclose(vectors[1], vectors[2], atol=1e-6)
    assert float(vectors[0] @ vectors[1]) < 0.999


# ---------------------------------------------------------------------- a directory of one's own
def test_a_directory_can_be_named_and_is_remembered(encoder: Encoder, tmp_path: Path) -> None:
    name = encoder.name
    assert load_encoder(f"local-dir:{name}").fingerprint == encoder.fingerprint
    assert encoder.label == "own-clip"
    assert Workspace(tmp_path).encoder(name).encode_texts(["red"]).shape == (1, DIMENSION)


@pytest.mark.parametrize("file", ["text.onnx", "image.onnx", "tokenizer.json"])
def test_another_file_under_an_old_name_is_not_taken(tmp_path: Path, file: str) -> None:
    """What is remembered of a model is made of the digests that model.json holds."""
    needs("references")
    folder = write_word_piece_model(tmp_path / "own", towers=True)
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data + b"\n")
    encoder = load_encoder(str(folder))
    with pytest.raises(CorruptFile, match=rf"{file}: damaged: .* Copy the model's directory"):
        encoder.encode_texts(["red"])
        encoder.encode_images([Image.new("RGB", (8, 8))])
