"""The encoder for tests: the same numbers everywhere, near where words are shared, fast."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.catalogue import Catalogue

from engine import (
    BadImage,
    InvalidInputException,
    ModelUnavailable,
    Settings,
    Workspace,
    load_encoder,
)
from engine.encode.encoder import Encoder
from engine.encode.model_list import available_models
from engine.encode.models.hashed import DIMENSION, HashedEncoder

ENCODER = HashedEncoder()


def oracle(text: str) -> np.ndarray:
    """The vector of a text, feature by feature, in plain Python."""
    sums = [0] * DIMENSION
    for word in re.findall(r"\w+", text.lower()):
        framed = f"<{word}>"
        parts = [(framed[i : i + 3], b"part", 1) for i in range(len(framed) - 2)]
        for feature, kind, weight in [(word, b"word", 2), *parts]:
            data = feature.encode("utf-8", "surrogatepass")
            digest = hashlib.blake2b(data, digest_size=4, person=kind).digest()
            number = int.from_bytes(digest, "little")
            sums[(number // 2) % DIMENSION] += weight if number % 2 else -weight
    if not any(sums):
        sums[0] = 1
    length = sum(value * value for value in sums) ** 0.5
    return np.array([value / length for value in sums], dtype=np.float32)


def test_it_is_loaded_by_name_and_says_that_it_is_for_tests() -> None:
    encoder = load_encoder("hashed")
    assert isinstance(encoder, HashedEncoder)
    assert (encoder.name, encoder.label, encoder.dimension) == ("hashed", "hashed", 512)
    assert encoder.fingerprint == ENCODER.fingerprint
    assert not encoder.is_trained
    assert "for tests" in str(encoder.note)
    assert load_encoder("hashed", "cpu").name == "hashed"
    assert "hashed" in {model.name for model in available_models() if model.kind == "for tests"}


def test_another_device_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="device is 'cuda'"):
        load_encoder("hashed", "cuda")


@given(st.lists(st.text(max_size=40), max_size=8))
def test_vectors_are_those_of_the_plain_sum(texts: list[str]) -> None:
    vectors = ENCODER.encode_texts(texts)
    assert vectors.shape == (len(texts), DIMENSION)
    assert vectors.dtype == np.float32
    for vector, text in zip(vectors, texts):
        np.testing.assert_array_equal(vector, oracle(text))


@pytest.mark.parametrize("text", ["", "!?", "\ud800", "x" * 5000, "naïve ÉTÉ 裙子"])
def test_every_text_has_a_unit_vector(text: str) -> None:
    assert np.linalg.norm(ENCODER.encode_texts([text])[0]) == pytest.approx(1, abs=1e-6)


def test_numbers_are_the_same_in_another_process_and_known() -> None:
    code = (
        "from engine import load_encoder\n"
        "print(load_encoder('hashed').encode_texts(['Red cotton shirt']).tobytes().hex())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1
    known = bytes.fromhex(runs.pop())
    assert hashlib.sha256(known).hexdigest()[:16] == "40e88c679e085636"


def near(first: str, second: str, encoder: Encoder = ENCODER) -> float:
    a, b = encoder.encode_texts([first, second])
    return float(a @ b)


def test_texts_that_share_words_are_near() -> None:
    assert near("Red cotton SHIRT", "shirt, cotton: red!") == pytest.approx(1, abs=1e-6)
    assert near("red cotton shirt", "red shirt") > 0.7
    assert near("red shirts", "red shirt") > 0.6  # trigrams
    assert near("red shirts", "red shirt") > near("red shirts", "red boots") > 0.2
    assert abs(near("red cotton shirt", "blue leather boots")) < 0.15


def test_images_are_their_colours() -> None:
    def photo(colour: str, size: tuple[int, int] = (30, 50)) -> Image.Image:
        return Image.new("RGB", size, colour)

    red, dark, same, white, grey = ENCODER.encode_images(
        [photo("red"), photo("#dd0000"), photo("red", (64, 64)), photo("white"), photo("#bbb")]
    )
    np.testing.assert_array_equal(red, same)
    assert red @ dark > 0.95 > red @ white
    assert white @ grey < 0.999  # not parallel
    assert np.linalg.norm(white) == pytest.approx(1, abs=1e-6)


def test_an_image_has_known_numbers() -> None:
    pixels = np.add.outer(np.arange(16), np.arange(16))[..., None] * np.array([1, 4, 8])
    vector = ENCODER.encode_images([Image.fromarray(pixels.astype(np.uint8))])[0]
    cells = pixels.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))  # roughly what Pillow makes of it
    expected = np.append((cells / 255 - 0.5).transpose(2, 0, 1).ravel(), 0.5)
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(vector[:193], expected, atol=4e-3)
    assert not vector[193:].any()


def test_images_of_other_modes_and_broken_ones(tmp_path: Path) -> None:
    for mode in ("L", "RGBA", "P", "CMYK", "1"):
        vector = ENCODER.encode_images([Image.new(mode, (9, 5))])[0]
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    with pytest.raises(BadImage, match="no image"):
        ENCODER.encode_images([b"no photo"])
    with pytest.raises(InvalidInputException, match="list of strings"):
        ENCODER.encode_texts("one text")


def test_it_encodes_thousands_of_texts_a_second() -> None:
    words = [f"word{n}" for n in range(5000)]
    texts = [" ".join(words[n % 5000 :: 700][:8]) + f" {n}" for n in range(10_000)]
    started = time.process_time()  # of this process alone, whatever else the machine does
    ENCODER.encode_texts(texts)
    assert time.process_time() - started < 5  # takes about half a second


def test_a_workspace_is_embedded_with_it(tmp_path: Path, catalogue: Catalogue) -> None:
    workspace = Workspace(settings=Settings(tmp_path / "w", encoder="hashed"))
    report = workspace.build(catalogue.styles, catalogue.images)
    assert "hashed" in str(report.embedded.note)
    found = workspace.search("red shirt", k=3)
    assert len(found) == 3
