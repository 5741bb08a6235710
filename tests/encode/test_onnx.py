"""The embedded model's editions: there without torch, whole, small, and sound on the bundled sample."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.editions import FIRST, LATER, editions_in, with_later_edition
from support.needs import needs

from engine import CorruptFile, ModelUnavailable, load_encoder
from engine.encode.encoder import Encoder
from engine.encode.model_folders import EMBEDDED, editions
from engine.shop.demo import sample_dir
from engine.shop.products.importing import read_styles

MOST_BYTES = 40_000_000
FILES = {"image.onnx", "text.onnx", "tokenizer.json", "model.json", "README.md"}
shipped = pytest.mark.parametrize("folder", editions().values(), ids=lambda folder: folder.name)


@pytest.fixture(scope="module", params=list(editions()))
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return load_encoder(request.param)


@pytest.fixture(scope="module")
def first() -> Encoder:
    return load_encoder(FIRST)


@pytest.fixture(scope="module")
def products() -> list[dict]:
    """The bundled products."""
    table, _ = read_styles(sample_dir() / "styles.csv", sample_dir() / "images")
    listed: list[dict] = table.to_pylist()
    return listed


@pytest.fixture(scope="module")
def sample(encoder: Encoder, products: list[dict]) -> tuple[list[dict], np.ndarray]:
    """The bundled products and their image vectors."""
    paths = [sample_dir() / "images" / f"{p['product_id']}.jpg" for p in products]
    return products, encoder.encode_images(paths)


def test_the_default_is_the_newest_edition() -> None:
    newest = max(editions(), key=lambda name: int(name.rpartition("-")[2]))
    for encoder in (load_encoder(), load_encoder("embedded"), load_encoder(newest)):
        assert encoder.name == encoder.label == newest
    assert load_encoder("embedded").fingerprint == load_encoder(newest).fingerprint
    assert len({load_encoder(name).fingerprint for name in editions()}) == len(editions())


def test_the_first_edition_is_what_earlier_releases_shipped(first: Encoder) -> None:
    """Indexes that they made hold this fingerprint, and are searched with its weights."""
    assert first.fingerprint == "3a04b1aa6ffd61591b6f93b828594226"


def test_each_edition_is_what_it_says(encoder: Encoder) -> None:
    assert encoder.is_trained
    assert encoder.note is None
    assert encoder.dimension == 512
    for vectors in (
        encoder.encode_texts(["red"]),
        encoder.encode_images([Image.new("RGB", (9, 5))]),
    ):
        assert vectors.shape == (1, 512)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-6)


@shipped
def test_what_is_shipped_is_small_and_one_copy(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} == FILES
    assert sum(file.stat().st_size for file in folder.iterdir()) <= MOST_BYTES


@shipped
def test_the_facts_are_those_of_the_files(folder: Path) -> None:
    facts = json.loads((folder / "model.json").read_text())
    assert facts["name"] == folder.name
    assert set(facts["files"]) == FILES - {"model.json", "README.md"}
    for name, expected in facts["files"].items():
        data = (folder / name).read_bytes()
        assert expected["bytes"] == len(data)
        assert expected["blake2b"] == hashlib.blake2b(data, digest_size=16).hexdigest()


def test_nothing_lies_beside_the_editions() -> None:
    assert {entry.name for entry in EMBEDDED.iterdir()} == set(editions())


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


# ---------------------------------------------------------------------- both forms of the first edition
@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The open_clip form, rebuilt from the shipped files by the project's own script."""
    needs("clip", "references")
    folder = tmp_path_factory.mktemp("open-clip-form")
    script = Path(__file__).parents[2] / "benchmarks" / "embedded_model" / "rebuild.py"
    subprocess.run([sys.executable, str(script), "--out", str(folder)], check=True)
    return f"local-dir:{folder}"


def test_photos_have_the_same_vectors_in_open_clip(
    first: Encoder, products: list[dict], rebuilt: str
) -> None:
    import open_clip
    import torch

    model, _, transform = open_clip.create_model_and_transforms(rebuilt)
    model.eval()
    paths = [sample_dir() / "images" / f"{p['product_id']}.jpg" for p in products]
    with torch.inference_mode():
        pixels = torch.stack([transform(Image.open(path)) for path in paths])
        theirs = model.encode_image(pixels, normalize=True).numpy()
    assert float((first.encode_images(paths) * theirs).sum(axis=1).min()) >= 0.9999


def test_texts_have_the_same_vectors_in_open_clip(
    first: Encoder, products: list[dict], rebuilt: str
) -> None:
    import open_clip
    import torch

    names = [p["product_display_name"] for p in products]
    odd = ["red qwzx dress", "!", "", "women's  top & skirt &amp; belt", "PÜMA café", "x" * 300]
    texts = [*names, *odd, *(f"a photo of {p['article_type']}" for p in products)]
    model = open_clip.create_model(rebuilt).eval()
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer(rebuilt)(texts)
        theirs = model.encode_text(tokens, normalize=True).numpy()
    assert float((first.encode_texts(texts) * theirs).sum(axis=1).min()) >= 0.9999


def test_our_torch_encoder_reads_the_rebuilt_form(first: Encoder, rebuilt: str) -> None:
    texts = ["red dress", "blue jeans for men"]
    theirs = load_encoder(rebuilt, "cpu").encode_texts(texts)
    assert float((first.encode_texts(texts) * theirs).sum(axis=1).min()) >= 0.9999


def test_token_ids_are_those_of_clip(first: Encoder, products: list[dict]) -> None:
    needs("clip")
    import open_clip

    texts = [p["product_display_name"] for p in products]
    theirs = open_clip.get_tokenizer("ViT-B-32")(texts).numpy()
    for ids, row in zip(first.tokenize(texts), theirs, strict=True):
        assert list(ids) == row[: len(ids)].tolist()
        assert not row[len(ids) :].any()


# ---------------------------------------------------------------------- batches
def test_batches_and_order_change_nothing(encoder: Encoder) -> None:
    """Texts of one token and of fifty in one batch: padding is nothing to the model."""
    texts = [f"{color} {kind}" for color in ("red", "blue") for kind in ("dress", "running shoes")]
    texts += ["", "red", "a long cotton shirt with many words " * 6, "hat " * 100]
    for given in (texts, texts[::-1]):
        together = encoder.encode_tokens(encoder.tokenize(given))
        alone = np.concatenate([encoder.encode_texts([text]) for text in given])
        np.testing.assert_allclose(together, alone, atol=2e-5)
        np.testing.assert_allclose(encoder.encode_texts(given), alone, atol=2e-5)


# ---------------------------------------------------------------------- troubles
@shipped
def test_weights_are_stored_in_sixteen_bits_or_fewer(folder: Path) -> None:
    needs("references")
    from onnx import TensorProto, load

    small = {TensorProto.FLOAT16, TensorProto.INT16, TensorProto.INT8, TensorProto.UINT8}
    for name in ("image.onnx", "text.onnx"):
        graph = load(folder / name).graph
        large = [w for w in graph.initializer if int(np.prod(w.dims)) > 10_000]
        assert large
        assert {w.data_type for w in large} <= small


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, cut) for name in sorted(FILES - {"README.md"}) for cut in ("cut", "gone")),
        *((name, "flipped") for name in ("image.onnx", "text.onnx", "tokenizer.json")),
        ("model.json", "[1]"),
        ("model.json", "{}"),
    ],
)
def test_a_damaged_edition_is_named_and_the_others_work(
    tmp_path: Path, name: str, damage: str
) -> None:
    again = rf"(git checkout engine/encode/embedded/{LATER}|Install again: pip install)"
    with with_later_edition(tmp_path):
        file = tmp_path / LATER / name
        data = bytearray(file.read_bytes())
        if damage == "gone":
            file.unlink()
        elif damage == "cut":
            file.write_bytes(data[:100])
        elif damage == "flipped":
            data[len(data) // 2] ^= 1
            file.write_bytes(data)
        else:
            file.write_text(damage)
        with pytest.raises(CorruptFile, match=rf"(?s){LATER}/{name}.*{again}"):
            used(load_encoder())
        used(load_encoder(FIRST))


def used(encoder: Encoder) -> None:
    """Every file of the model is read."""
    encoder.encode_images([Image.new("RGB", (8, 8))])
    encoder.encode_texts(["red"])


def test_without_any_edition_the_way_to_have_one_is_named(tmp_path: Path) -> None:
    wanted = r"gone: no model is there\. (Bring it back|Install again)"
    with editions_in(tmp_path / "gone"), pytest.raises(CorruptFile, match=wanted):
        load_encoder()


def test_a_device_that_onnxruntime_lacks_is_named() -> None:
    with pytest.raises(ModelUnavailable, match="expected cpu or cuda"):
        load_encoder(None, "abacus")
    with pytest.raises(ModelUnavailable, match="runs on the CPU only"):
        load_encoder(None, "cuda")
