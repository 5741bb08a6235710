"""The embedded model: there without torch, the same in both forms, sound on the bundled sample."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.needs import needs

from engine import CorruptFile, ModelUnavailable, load_encoder
from engine.encode.encoder import Encoder
from engine.encode.models.onnx import EMBEDDED, OnnxEncoder
from engine.shop.demo import sample_dir
from engine.shop.products.importing import read_styles

MOST_BYTES = 25_000_000


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="module")
def sample(encoder: Encoder) -> tuple[list[dict], np.ndarray]:
    """The bundled products and their image vectors."""
    table, _ = read_styles(sample_dir() / "styles.csv", sample_dir() / "images")
    products = table.to_pylist()
    paths = [sample_dir() / "images" / f"{p['product_id']}.jpg" for p in products]
    return products, encoder.encode_images(paths)


def test_it_is_the_default_and_what_it_says(encoder: Encoder) -> None:
    assert encoder.name == "embedded"
    assert encoder.is_trained
    assert encoder.note is None
    assert encoder.dimension == 512
    assert load_encoder("embedded").fingerprint == encoder.fingerprint
    for vectors in (
        encoder.encode_texts(["red"]),
        encoder.encode_images([Image.new("RGB", (9, 5))]),
    ):
        assert vectors.shape == (1, 512)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-6)


def test_what_is_shipped_is_small_and_one_copy() -> None:
    files = {file.name for file in EMBEDDED.iterdir()}
    assert files == {"image.onnx", "text.onnx", "tokenizer.json", "model.json", "README.md"}
    assert sum(file.stat().st_size for file in EMBEDDED.iterdir()) <= MOST_BYTES


def test_it_needs_neither_torch_nor_open_clip() -> None:
    code = """
import sys
for name in ("torch", "open_clip", "torchvision", "transformers", "timm"):
    sys.modules[name] = None
from engine import load_encoder
encoder = load_encoder()
assert encoder.encode_texts(["red dress"]).shape == (1, 512)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------------- sense
@pytest.mark.parametrize(
    ("query", "color", "kinds"),
    [
        ("red dress", "Red", {"Dresses"}),
        ("blue jeans", "Blue", {"Jeans"}),
        ("white sneakers", "White", {"Casual Shoes", "Sports Shoes"}),
        ("black handbag", "Black", {"Handbags"}),
        ("yellow tshirt", "Yellow", {"Tshirts"}),
    ],
)
@pytest.mark.parametrize("spelling", [str, str.upper, str.title])
def test_the_usual_queries_find_the_right_products(
    encoder: Encoder,
    sample: tuple[list[dict], np.ndarray],
    query: str,
    color: str,
    kinds: set[str],
    spelling: type,
) -> None:
    products, images = sample
    top = np.argsort(-(images @ encoder.encode_texts([spelling(query)])[0]))[:5]
    found = [(products[i]["base_color"], products[i]["article_type"]) for i in top]
    assert sum(c == color and kind in kinds for c, kind in found) >= 4, found


@pytest.mark.parametrize(
    ("odd", "plain"),
    [("red qwzx dress", "red dress"), ("white sneakers zzyx", "white sneakers")],
)
def test_a_word_that_training_never_saw_does_not_throw_a_query_off(
    encoder: Encoder, sample: tuple[list[dict], np.ndarray], odd: str, plain: str
) -> None:
    _, images = sample
    vectors = encoder.encode_texts([odd, plain])
    assert float(vectors[0] @ vectors[1]) > 0.8
    first, second = (set(np.argsort(-(images @ v))[:10]) for v in vectors)
    assert len(first & second) >= 5


@pytest.mark.parametrize(
    ("one", "other"),
    [("grey jumper", "gray jumper"), ("jewellery", "jewelry"), ("watch", "watches")],
)
def test_spellings_mean_the_same(encoder: Encoder, one: str, other: str) -> None:
    first, second = encoder.encode_texts([one, other])
    assert float(first @ second) > 0.8


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("formal shoes for the office", {"Formal Shoes"}),
        ("sports shoes", {"Sports Shoes", "Casual Shoes"}),
        ("party heels", {"Heels"}),
        ("mens navy shirt", {"Shirts", "Tshirts"}),
        ("sunglasses", {"Sunglasses"}),
        ("Lipstick", {"Lipstick"}),
    ],
)
def test_style_words_plurals_and_genders_find_the_kind(
    encoder: Encoder, sample: tuple[list[dict], np.ndarray], query: str, kinds: set[str]
) -> None:
    products, images = sample
    top = np.argsort(-(images @ encoder.encode_texts([query])[0]))[:5]
    found = [products[i]["article_type"] for i in top]
    assert sum(kind in kinds for kind in found) >= 3, found


def test_photos_of_any_shape_are_taken_whole(encoder: Encoder) -> None:
    """The same product on a wider white canvas stays the same product."""
    photo = Image.open(sample_dir() / "images" / "10043.jpg").convert("RGB")
    wide = Image.new("RGB", (2 * photo.width, photo.height), "white")
    wide.paste(photo, (photo.width // 2, 0))
    vectors = encoder.encode_images(
        [photo, wide, photo.resize((60, 60)), photo.resize((2000, 2000))]
    )
    assert (vectors[0] @ vectors[1:].T > 0.7).all()


# ---------------------------------------------------------------------- both forms
@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The open_clip form, rebuilt from the shipped files by the project's own script."""
    needs("clip", "references")
    folder = tmp_path_factory.mktemp("open-clip-form")
    script = Path(__file__).parents[2] / "benchmarks" / "embedded_model" / "rebuild.py"
    subprocess.run([sys.executable, str(script), "--out", str(folder)], check=True)
    return f"local-dir:{folder}"


def test_photos_have_the_same_vectors_in_open_clip(
    encoder: Encoder, sample: tuple[list[dict], np.ndarray], rebuilt: str
) -> None:
    import open_clip
    import torch

    products, images = sample
    model, _, transform = open_clip.create_model_and_transforms(rebuilt)
    model.eval()
    paths = [sample_dir() / "images" / f"{p['product_id']}.jpg" for p in products]
    with torch.inference_mode():
        pixels = torch.stack([transform(Image.open(path)) for path in paths])
        theirs = model.encode_image(pixels, normalize=True).numpy()
    assert float((images * theirs).sum(axis=1).min()) >= 0.9999


def test_texts_have_the_same_vectors_in_open_clip(
    encoder: Encoder, sample: tuple[list[dict], np.ndarray], rebuilt: str
) -> None:
    import open_clip
    import torch

    names = [p["product_display_name"] for p in sample[0]]
    odd = ["red qwzx dress", "!", "", "women's  top & skirt &amp; belt", "PÜMA café", "x" * 300]
    texts = [*names, *odd, *(f"a photo of {p['article_type']}" for p in sample[0])]
    model = open_clip.create_model(rebuilt).eval()
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer(rebuilt)(texts)
        theirs = model.encode_text(tokens, normalize=True).numpy()
    assert float((encoder.encode_texts(texts) * theirs).sum(axis=1).min()) >= 0.9999


def test_our_torch_encoder_reads_the_rebuilt_form(encoder: Encoder, rebuilt: str) -> None:
    texts = ["red dress", "blue jeans for men"]
    theirs = load_encoder(rebuilt, "cpu").encode_texts(texts)
    assert float((encoder.encode_texts(texts) * theirs).sum(axis=1).min()) >= 0.9999


def test_token_ids_are_those_of_clip(
    encoder: Encoder, sample: tuple[list[dict], np.ndarray]
) -> None:
    needs("clip")
    import open_clip

    texts = [p["product_display_name"] for p in sample[0]]
    theirs = open_clip.get_tokenizer("ViT-B-32")(texts).numpy()
    for ids, row in zip(encoder.tokenize(texts), theirs, strict=True):
        assert list(ids) == row[: len(ids)].tolist()
        assert not row[len(ids) :].any()


def test_batches_and_order_change_nothing(encoder: Encoder) -> None:
    texts = [f"{color} {kind}" for color in ("red", "blue") for kind in ("dress", "running shoes")]
    together = encoder.encode_texts(texts)
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-5)


# ---------------------------------------------------------------------- troubles
def test_weights_are_stored_once_and_as_half_floats() -> None:
    needs("references")
    import onnx

    for name in ("image.onnx", "text.onnx"):
        graph = onnx.load(EMBEDDED / name).graph
        large = [w for w in graph.initializer if int(np.prod(w.dims)) > 10_000]
        assert large
        assert {w.data_type for w in large} <= {onnx.TensorProto.FLOAT16, onnx.TensorProto.INT16}


@pytest.mark.parametrize("name", ["image.onnx", "model.json"])
def test_a_damaged_model_is_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(EMBEDDED, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    again = r"(git checkout engine/encode/embedded|Install again: pip install)"
    with pytest.raises(CorruptFile, match=rf"(?s){name}.*{again}"):
        OnnxEncoder("embedded", folder=folder).encode_images([Image.new("RGB", (8, 8))])


def test_the_digests_are_those_of_the_files() -> None:
    import hashlib

    facts = json.loads((EMBEDDED / "model.json").read_text())
    for name, expected in facts["files"].items():
        data = (EMBEDDED / name).read_bytes()
        assert expected["bytes"] == len(data)
        assert expected["blake2b"] == hashlib.blake2b(data, digest_size=16).hexdigest()


def test_a_device_that_onnxruntime_lacks_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="expected cpu or cuda"):
        load_encoder(None, "abacus")
    with pytest.raises(ModelUnavailable, match="runs on the CPU only"):
        load_encoder(None, "cuda")
