"""A CLIP in the form of the transformers library gives transformers' own vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.needs import needs

needs("clip", "references")

import torch
from transformers import CLIPConfig, CLIPModel

from engine import ModelUnavailable, load_encoder
from engine.encode.photos.preprocessing import Preprocess

TEXTS = ["red summer dress", "a ! in the middle", "x", "jeans " * 100]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `save_pretrained` writes for a small random CLIP."""
    text = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2}
    text |= {"num_attention_heads": 2, "eos_token_id": 49407, "bos_token_id": 49406}
    vision = {"hidden_size": 96, "intermediate_size": 200, "num_hidden_layers": 3}
    vision |= {"num_attention_heads": 4, "image_size": 48, "patch_size": 16}
    torch.manual_seed(3)
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=40)
    model = CLIPModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("transformers-clip")
    model.save_pretrained(path, safe_serialization=True)
    processor = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
    (path / "preprocessor_config.json").write_text(json.dumps(processor))
    return path


@pytest.fixture(scope="module")
def original(folder: Path) -> CLIPModel:
    return CLIPModel.from_pretrained(folder).eval()


def unit(rows: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(rows, dim=-1).numpy()


def features(output: object) -> torch.Tensor:
    """Newer releases answer an object, older ones the tensor."""
    return output if isinstance(output, torch.Tensor) else output.pooler_output


def test_texts_equal_transformers(folder: Path, original: CLIPModel) -> None:
    encoder = load_encoder(f"local-dir:{folder}", "cpu")
    ours = encoder.encode_texts(TEXTS)
    for row, tokens in zip(ours, encoder.tokenize(TEXTS), strict=True):
        with torch.inference_mode():
            ids = torch.tensor(np.array(tokens))[None]
            theirs = unit(features(original.get_text_features(input_ids=ids)))[0]
        assert row @ theirs > 0.99999
    assert encoder.dimension == 40
    np.testing.assert_array_equal(load_encoder(str(folder), "cpu").encode_texts(TEXTS), ours)


def test_images_equal_transformers(folder: Path, original: CLIPModel) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    photo = Image.fromarray(pixels)
    ready = Preprocess((48, 48), (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))(photo)
    with torch.inference_mode():
        theirs = unit(features(original.get_image_features(torch.from_numpy(ready)[None])))[0]
    ours = load_encoder(f"local-dir:{folder}", "cpu").encode_images([photo])[0]
    assert ours @ theirs > 0.99999


def test_a_model_in_the_hubs_cache_is_found_by_its_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "hub"
    snapshot = cache / "models--someone--clip" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for file in folder.iterdir():
        (snapshot / file.name).write_bytes(file.read_bytes())
    (cache / "models--someone--clip" / "refs").mkdir()
    (cache / "models--someone--clip" / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    encoder = load_encoder("hf-hub:someone/clip", "cpu")
    expected = load_encoder(f"local-dir:{folder}", "cpu")
    np.testing.assert_array_equal(encoder.encode_texts(["red"]), expected.encode_texts(["red"]))

    from engine.encode.model_list import available_models

    monkeypatch.setattr("huggingface_hub.scan_cache_dir", _scan(cache))
    found = {model.name: model for model in available_models()}
    assert found["hf-hub:someone/clip"].dimension == 40
    assert found["hf-hub:someone/clip"].bytes > 0


def _scan(cache: Path) -> object:
    from huggingface_hub import scan_cache_dir

    return lambda: scan_cache_dir(cache)


@pytest.mark.parametrize("name", ["hf-hub:no-one/nothing", "ViT-B-32-quickgelu/openai"])
def test_weights_that_are_not_here_are_an_error_at_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        ModelUnavailable, match=r"are not on this machine .* use the embedded model"
    ):
        load_encoder(name, "cpu").encode_texts(["x"])


@pytest.mark.parametrize("name", ["hf-hub:no-one/nothing", "ViT-B-32-quickgelu/openai"])
def test_without_a_network_the_error_comes_before_the_first_retry(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's client alone would go on trying for a minute."""

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route from here")

    monkeypatch.setattr("engine.encode.models.hub.socket.create_connection", unreachable)
    monkeypatch.setattr("engine.encode.models.hub.getproxies", dict)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"could not be fetched \(no route from here\)"):
        load_encoder(name, "cpu").encode_texts(["x"])


def test_a_directory_without_a_clip_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailable, match=r"holds no model\. Expected model\.json"):
        load_encoder(f"local-dir:{tmp_path}")


def test_pickled_weights_in_this_form_are_not_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    torch.save({"a": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="no usable weights"):
        load_encoder(f"local-dir:{tmp_path}", "cpu").encode_texts(["x"])
