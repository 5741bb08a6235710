"""open_clip models as encoders: the same vectors as plain open_clip, one by one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.needs import needs

needs("clip")

import open_clip
import torch

from engine import InvalidInputException, MissingExtra, ModelUnavailable, load_encoder
from engine.encode.encoder import Encoder

TEXTS = [
    "red summer dress",
    "!",
    "a ! in the middle",
    "Turtle Check Men Navy Blue Shirt",
    "x",
    "jeans " * 200,
    "",
    'ünïcode & symbols — 3.5"',
    "red summer dress",
]


@pytest.fixture(scope="module")
def encoder(tiny_encoder_name: str) -> Encoder:
    return load_encoder(tiny_encoder_name, "cpu")


@pytest.fixture(scope="module")
def plain(tiny_encoder_name: str) -> tuple[object, object, object]:
    model, _, preprocess = open_clip.create_model_and_transforms(tiny_encoder_name)
    return model.eval(), preprocess, open_clip.get_tokenizer(tiny_encoder_name)


def one_by_one_texts(plain: tuple, texts: list[str]) -> np.ndarray:
    model, _, tokenizer = plain
    with torch.inference_mode():
        return np.concatenate(
            [model.encode_text(tokenizer([t]), normalize=True).numpy() for t in texts]
        )


def test_texts_equal_plain_open_clip_one_by_one(encoder: Encoder, plain: tuple) -> None:
    ours, theirs = encoder.encode_texts(TEXTS), one_by_one_texts(plain, TEXTS)
    assert ours.shape == (len(TEXTS), 32)
    assert ours.dtype == np.float32
    assert ((ours * theirs).sum(axis=1) > 0.99999).all()
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)


def test_images_equal_plain_open_clip_one_by_one(
    encoder: Encoder, plain: tuple, tmp_path: Path
) -> None:
    model, preprocess, _ = plain
    rng = np.random.default_rng(0)
    paths = []
    for number in range(70):
        pixels = rng.integers(0, 256, (30 + number, 90 - number, 3), dtype=np.uint8)
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    ours = encoder.encode_images(paths)
    with torch.inference_mode():
        theirs = np.concatenate(
            [
                model.encode_image(preprocess(Image.open(p))[None], normalize=True).numpy()
                for p in paths
            ]
        )
    assert ((ours * theirs).sum(axis=1) > 0.99999).all()


def test_texts_are_cut_to_the_longest_of_their_batch(encoder: Encoder) -> None:
    lengths = [[len(t) for t in tokens] for _, tokens in encoder.text_batches(TEXTS * 20)]
    assert max(lengths[-1]) < 10
    assert lengths[0][0] == 77
    flat = [length for batch in lengths for length in batch]
    assert flat == sorted(flat, reverse=True)


def test_equal_texts_are_encoded_once(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    original = encoder.encode_tokens
    monkeypatch.setattr(encoder, "encode_tokens", lambda t: seen.append(len(t)) or original(t))
    vectors = encoder.encode_texts(["red", "blue", "red", "red"])
    assert sum(seen) == 2
    np.testing.assert_array_equal(vectors[0], vectors[3])


def test_a_text_encoder_that_sees_padding_gets_padding(tmp_path: Path) -> None:
    """Without a causal mask, cutting would change the vectors; then the context is kept whole."""
    folder = tmp_path / "two-way"
    folder.mkdir()
    config = {
        "model_cfg": {
            "embed_dim": 32,
            "custom_text": True,
            "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
            "text_cfg": {
                "context_length": 16,
                "vocab_size": 49408,
                "width": 32,
                "heads": 2,
                "layers": 1,
                "no_causal_mask": True,
            },
        },
        "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3},
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    encoder = load_encoder(f"local-dir:{folder}", "cpu")
    texts = ["red", "a pair of blue jeans", "red dress"]
    model.eval()
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(texts)
        theirs = model.encode_text(tokens, normalize=True).numpy()
    assert ((encoder.encode_texts(texts) * theirs).sum(axis=1) > 0.99999).all()
    assert {len(t) for t in encoder.tokenize(texts)} == {16}


def test_a_checkpoint_file_with_an_architecture_name(tmp_path: Path) -> None:
    (tmp_path / "tiny-arch.json").write_text(
        json.dumps(
            {
                "embed_dim": 16,
                "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 8},
                "text_cfg": {"width": 32, "heads": 2, "layers": 1},
            }
        )
    )
    open_clip.add_model_config(tmp_path)
    model = open_clip.create_model("tiny-arch").eval()
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    encoder = load_encoder(f"tiny-arch/{tmp_path / 'weights.pt'}", "cpu")
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer("tiny-arch")(["red dress"])
        theirs = model.encode_text(tokens, normalize=True).numpy()
    assert encoder.dimension == 16
    assert float((encoder.encode_texts(["red dress"]) * theirs).sum()) > 0.99999


def test_untrained_weights_are_seeded_and_say_so() -> None:
    first, second = (load_encoder("RN50/untrained", "cpu") for _ in range(2))
    torch.manual_seed(123)
    np.testing.assert_array_equal(first.encode_texts(["red"]), second.encode_texts(["red"]))
    assert first.fingerprint == second.fingerprint
    assert not first.is_trained
    assert "untrained" in str(first.note)


def test_loading_leaves_the_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1).item()
    torch.manual_seed(5)
    _ = load_encoder("RN50/untrained", "cpu").encode_texts(["red"])
    assert torch.rand(1).item() == expected


def test_the_fingerprint_follows_the_weights(tiny_clip_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_clip_dir, copy)
    same = load_encoder(f"local-dir:{copy}").fingerprint
    assert same == load_encoder(f"local-dir:{tiny_clip_dir}").fingerprint
    weights = copy / "open_clip_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert load_encoder(f"local-dir:{copy}").fingerprint != same


def test_the_label_is_the_clouds_only_for_the_clouds_weights(tiny_encoder_name: str) -> None:
    assert load_encoder("ViT-B-32-quickgelu/openai").label == "clip-vit-b-32"
    assert load_encoder("ViT-B-32-quickgelu/untrained").label == "ViT-B-32-quickgelu/untrained"
    assert load_encoder(tiny_encoder_name).label == tiny_encoder_name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ViT-B-32", "names no weights. Write ViT-B-32/TAG"),
        ("ViT-B-32/nonsense", "neither a file nor a tag of ViT-B-32; its tags are: .*openai"),
        ("No-Such/untrained", "knows no architecture 'No-Such'"),
        ("local-dir:/no/such/dir", "holds no model. Expected model.json"),
    ],
)
def test_a_model_that_is_not_here_is_named(name: str, words: str) -> None:
    with pytest.raises(ModelUnavailable, match=words):
        load_encoder(name, "cpu").encode_texts(["x"])


def test_weights_of_another_architecture_are_refused(tiny_clip_dir: Path) -> None:
    name = f"RN50/{tiny_clip_dir / 'open_clip_model.safetensors'}"
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        load_encoder(name, "cpu").encode_texts(["x"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a device that is here")
def test_a_device_that_is_not_here_is_refused(tiny_encoder_name: str) -> None:
    with pytest.raises(ModelUnavailable, match="finds no CUDA device"):
        load_encoder(tiny_encoder_name, "cuda").encode_texts(["x"])
    with pytest.raises(ModelUnavailable, match="expected cpu, cuda or cuda:N"):
        load_encoder(tiny_encoder_name, "abacus").encode_texts(["x"])


def test_arguments_of_the_wrong_kind_are_named(encoder: Encoder) -> None:
    with pytest.raises(InvalidInputException, match="expected a list of strings"):
        encoder.encode_texts("red")
    with pytest.raises(InvalidInputException, match="expected a list of strings"):
        encoder.encode_texts([None])
    with pytest.raises(InvalidInputException, match="expected a list of images"):
        encoder.encode_images("photo.jpg")
    assert encoder.encode_texts([]).shape == (0, 32)
    assert encoder.encode_images([]).shape == (0, 32)


def test_without_torch_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.optional.is_installed", lambda package: False)
    with pytest.raises(MissingExtra, match=r"pip install .*\[clip\]'"):
        load_encoder("ViT-B-32/untrained").encode_texts(["x"])


class Malicious:
    """Unpickling it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.touch, (self.file,)


def test_a_checkpoint_is_never_unpickled(tmp_path: Path) -> None:
    trap = tmp_path / "unpickled"
    torch.save({"state_dict": {"weight": Malicious(trap)}}, tmp_path / "weights.pt")
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        load_encoder(f"RN50/{tmp_path / 'weights.pt'}", "cpu").encode_texts(["x"])
    assert not trap.exists()
