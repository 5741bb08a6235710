"""Towers: a teacher's form, batch norms folded and back, the ONNX files and their weights again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.editions import FIRST
from support.needs import needs
from support.training import BACKBONE, write_teacher

needs("clip")
import timm
import torch

from engine import load_encoder
from engine.encode.model_folders import editions
from engine.errors import CorruptFile, InvalidParameterValue, ModelUnavailable
from engine.shop.training.onnx_form.folder import Trained, write_model
from engine.shop.training.onnx_form.read_back import image_weights, read_facts, text_tower
from engine.shop.training.onnx_form.text_graph import rounded_to_eight_bits
from engine.shop.training.request import TrainRequest
from engine.shop.training.towers.image import ImageTower, check_trunk, make_trunk
from engine.shop.training.towers.norms import fold, pairs_of, recalibrate, unfolded
from engine.shop.training.towers.pieces import Pieces, read_tokenizer
from engine.shop.training.towers.start import read_start
from engine.shop.training.towers.teacher import read_teacher
from engine.shop.training.towers.text import Head, TextTrunk

SIZE = 32
TEXTS = ["red dress", "blue", "a pair of blue jeans for men", "[PAD] red", "red " * 100]


@pytest.fixture(autouse=True)
def seeded() -> object:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        yield


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_teacher(tmp_path_factory.mktemp("teacher") / "model")


def tower(backbone: str = BACKBONE) -> ImageTower:
    """One whose batch norms have seen something."""
    made = ImageTower(backbone, {"articleType": 3})
    for _ in range(3):
        made.train()(torch.randn(8, 3, SIZE, SIZE))
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
    return made.eval()


def cosines(a: object, b: object) -> np.ndarray:
    a, b = (np.asarray(x) / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    return (a * b).sum(1)


# ------------------------------------------------------------------ a teacher
def test_a_teacher_gives_the_features_that_transformers_gives(teacher: Path) -> None:
    needs("references")
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel

    trunk, tokenizer = read_teacher(teacher)
    config = BertConfig(**json.loads((teacher / "config.json").read_text()))
    model = BertModel(config, add_pooling_layer=False).eval()
    model.load_state_dict(load_file(teacher / "model.safetensors"))
    pieces = Pieces(tokenizer, TEXTS)
    ids = torch.from_numpy(pieces.of(np.arange(len(TEXTS))))
    mask = (ids != 0).long()
    with torch.no_grad():
        theirs = model(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (theirs * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        assert torch.allclose(trunk(ids), mean, atol=2e-5)
    assert pieces.lengths.max() == 64


def test_a_student_has_some_of_its_teachers_layers(teacher: Path) -> None:
    trunk, _ = read_teacher(teacher)
    short = trunk.shortened(2)
    for own, place in zip(short.layers, (0, 2)):
        for name, value in own.state_dict().items():
            assert torch.equal(value, trunk.layers[place].state_dict()[name])
    assert torch.equal(short.tokens.weight, trunk.tokens.weight)
    same, ids = trunk.shortened(9), torch.tensor([[5, 6, 7]])
    assert torch.equal(same(ids), trunk(ids)) and same.shape == trunk.shape
    assert trunk.shortened(1).layers[0].state_dict().keys()


@pytest.mark.parametrize(
    ("others", "reason"),
    [({"model_type": "roberta"}, "roberta"), ({"hidden_act": "relu"}, "relu")],
)
def test_another_kind_of_model_is_no_teacher(
    tmp_path: Path, others: dict[str, str], reason: str
) -> None:
    folder = write_teacher(tmp_path / "t")
    config = json.loads((folder / "config.json").read_text()) | others
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match=reason):
        read_teacher(folder)


def test_damaged_and_missing_files_of_a_teacher_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        read_teacher(tmp_path)
    folder = write_teacher(tmp_path / "t")
    (folder / "model.safetensors").write_bytes(b"no")
    with pytest.raises(CorruptFile, match=r"model\.safetensors"):
        read_teacher(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors"):
        read_teacher(folder)
    pooled = write_teacher(tmp_path / "p")
    (pooled / "1_Pooling").mkdir()
    said = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    (pooled / "1_Pooling" / "config.json").write_text(json.dumps(said))
    with pytest.raises(ModelUnavailable, match="mean"):
        read_teacher(pooled)


# ------------------------------------------------------------------ batch norms
@pytest.mark.parametrize("backbone", [BACKBONE, "test_byobnet", "test_efficientnet"])
def test_folded_and_unfolded_norms_keep_the_function(backbone: str) -> None:
    trunk, x = tower(backbone).trunk, torch.randn(5, 3, SIZE, SIZE)
    with torch.no_grad():
        before = trunk(x)
        assert pairs_of(trunk, SIZE)
        folded = make_trunk(backbone)
        folded.load_state_dict(trunk.state_dict())
        fold(folded.eval(), SIZE)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
        assert torch.allclose(folded(x), before, atol=1e-4)
        again = make_trunk(backbone)
        again.load_state_dict(unfolded(folded.state_dict(), again, SIZE))
        assert torch.allclose(again.eval()(x), before, atol=1e-4)


def test_recalibrated_norms_keep_the_function_and_know_the_photos() -> None:
    trunk, x = tower().trunk, torch.randn(64, 3, SIZE, SIZE) * 0.4 + 0.2
    folded = make_trunk(BACKBONE)
    folded.load_state_dict(trunk.state_dict())
    fold(folded.eval(), SIZE)
    again = make_trunk(BACKBONE)
    again.load_state_dict(unfolded(folded.state_dict(), again, SIZE))
    with torch.no_grad():
        before = again.eval()(x)
        recalibrate(again, x)
        assert torch.allclose(again(x), before, atol=1e-3)
        # In training a norm takes the batch's own mean and spread: of these photos they are the same.
        assert torch.allclose(again.train()(x), before, atol=2e-2)


# ------------------------------------------------------------------ files
def write(
    folder: Path, teacher: Path, backbone: str = BACKBONE
) -> tuple[ImageTower, TextTrunk, Head]:
    trunk, tokenizer = read_teacher(teacher)
    with torch.no_grad():
        trunk.tokens.weight.copy_(rounded_to_eight_bits(trunk.tokens.weight))
    image, head = tower(backbone), Head(trunk.shape.width)
    torch.nn.init.normal_(head.narrow.weight, 0.1)
    facts = {"image": {"steps": 1}, "text": {"steps": 2}}
    logs = {"names": 20.0}
    write_model(Trained("mine", image, backbone, SIZE, trunk, head, tokenizer, facts, logs), folder)
    return image, trunk, head


@pytest.mark.parametrize("backbone", [BACKBONE, "test_efficientnet", "test_convnext"])
def test_the_files_say_what_the_towers_say(tmp_path: Path, teacher: Path, backbone: str) -> None:
    image, trunk, head = write(tmp_path / "m", teacher, backbone)
    encoder = load_encoder(f"local-dir:{tmp_path / 'm'}")
    assert (encoder.label, encoder.dimension) == ("mine", 512)
    pixels = np.random.default_rng(0).normal(size=(7, 3, SIZE, SIZE)).astype(np.float32)
    pieces = Pieces(read_tokenizer(teacher / "tokenizer.json", 64), TEXTS)
    with torch.no_grad():
        photos = image(torch.from_numpy(pixels))[0]
        texts = head(trunk(torch.from_numpy(pieces.of(np.arange(len(TEXTS))))))
    assert cosines(encoder.encode_pixels(pixels), photos).min() > 0.9999
    assert cosines(encoder.encode_texts(TEXTS), texts).min() > 0.9999
    alone = [encoder.encode_texts([text])[0] for text in TEXTS]
    assert cosines(encoder.encode_texts(TEXTS), alone).min() > 0.99999
    assert encoder.encode_images([Image.new("RGB", (60, 80), "red")]).shape == (1, 512)


def test_weights_are_read_back_from_the_files(tmp_path: Path, teacher: Path) -> None:
    image, trunk, head = write(tmp_path / "m", teacher)
    weights, projection = image_weights(tmp_path / "m")
    again = ImageTower(BACKBONE, {})
    again.trunk.load_state_dict(unfolded(weights, again.trunk, SIZE))
    again.projection.weight.data.copy_(projection)
    x = torch.randn(4, 3, SIZE, SIZE)
    text, text_head = text_tower(tmp_path / "m", read_facts(tmp_path / "m"))
    ids = torch.tensor([[2, 5, 6, 3, 0], [2, 7, 8, 5, 3]])
    with torch.no_grad():
        assert cosines(again.eval()(x)[0], image(x)[0]).min() > 0.9999
        assert cosines(text_head(text(ids)), head(trunk(ids))).min() > 0.99999
        assert torch.allclose(text(ids), trunk(ids), atol=5e-3)
    assert text.shape == trunk.shape


def test_the_embedded_photo_tower_is_read_back() -> None:
    folder = editions()[FIRST]
    facts = read_facts(folder)
    weights, projection = image_weights(folder)
    size = facts["preprocess"]["size"]
    image = ImageTower(facts["backbone"], {})
    image.trunk.load_state_dict(unfolded(weights, image.trunk, size))
    image.projection.weight.data.copy_(projection)
    x = torch.randn(6, 3, size, size)
    shipped = load_encoder(FIRST).encode_pixels(x.numpy())
    with torch.no_grad():
        assert cosines(image.eval()(x)[0], shipped).min() > 0.9999
        recalibrate(image.trunk, x)
        assert cosines(image(x)[0], shipped).min() > 0.9999
    with pytest.raises(ModelUnavailable, match="--start teacher"):
        text_tower(folder, facts)


def test_a_start_is_a_model_that_answers_as_its_files_do(tmp_path: Path, teacher: Path) -> None:
    write(tmp_path / "m", teacher)
    asked = TrainRequest("t", "p", "o", passes=1, start=str(tmp_path / "m"))
    start = read_start(asked)
    encoder = load_encoder(f"local-dir:{tmp_path / 'm'}")
    pieces = Pieces(start.tokenizer, TEXTS)
    assert start.head is not None and start.trunk is not None and not start.is_distilled
    with torch.no_grad():
        texts = start.head(start.student(torch.from_numpy(pieces.of(np.arange(len(TEXTS))))))
    assert cosines(texts, encoder.encode_texts(TEXTS)).min() > 0.9999
    assert (start.backbone, start.size, start.temperatures) == (BACKBONE, SIZE, {"names": 20.0})


def test_what_can_not_be_read_back_is_named(tmp_path: Path, teacher: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model here"):
        read_start(TrainRequest("t", "p", "o", passes=1, start=str(tmp_path / "none")))
    write(tmp_path / "m", teacher)
    (tmp_path / "m" / "image.onnx").write_bytes(b"no")
    with pytest.raises(CorruptFile, match=r"image\.onnx"):
        read_start(TrainRequest("t", "p", "o", passes=1, start=str(tmp_path / "m")))
    (tmp_path / "m" / "model.json").write_text("[]")
    with pytest.raises(CorruptFile, match=r"model\.json"):
        read_start(TrainRequest("t", "p", "o", passes=1, start=str(tmp_path / "m")))


def test_backbones_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidParameterValue, match=r"none of timm's.*test_resnet"):
        make_trunk("test_resne")
    with pytest.raises(InvalidParameterValue, match="takes any size"):
        check_trunk(make_trunk("vit_tiny_patch16_224"), "vit_tiny_patch16_224", (SIZE,))
    check_trunk(make_trunk(BACKBONE), BACKBONE, (32, 48))
    assert BACKBONE in timm.list_models()
