"""What many tests need: a tiny CLIP in open_clip's form, a small catalogue with troubles, a workspace."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import Workspace

TINY_CONFIG = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 64,
            "heads": 2,
            "layers": 2,
        },
    },
    "preprocess_cfg": {
        "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711],
    },
}
HEADER = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,"
    "productDisplayName"
).split(",")


@pytest.fixture(scope="session")
def tiny_clip_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a small random CLIP, as open_clip's `local-dir:` loads it."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("tiny-clip")
    (folder / "open_clip_config.json").write_text(json.dumps(TINY_CONFIG))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = open_clip.CLIP(**_model_arguments())
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


def _model_arguments() -> dict[str, object]:
    from open_clip.model import CLIPTextCfg, CLIPVisionCfg

    config = TINY_CONFIG["model_cfg"]
    return {
        "embed_dim": config["embed_dim"],
        "vision_cfg": CLIPVisionCfg(**config["vision_cfg"]),
        "text_cfg": CLIPTextCfg(**config["text_cfg"]),
    }


@pytest.fixture(scope="session")
def tiny_encoder_name(tiny_clip_dir: Path) -> str:
    return f"local-dir:{tiny_clip_dir}"


@dataclass(frozen=True)
class Catalogue:
    """A styles file and its images."""

    styles: Path
    images: Path


def write_catalogue(folder: Path, products: int, seed: int = 0) -> Catalogue:
    """Products 1..n with a random photo each, in the public fashion layout."""
    rng = np.random.default_rng(seed)
    images = folder / "images"
    images.mkdir(parents=True)
    types, colors = ("Tshirts", "Jeans", "Dresses", "Watches"), ("Red", "Blue", "White", "Black")
    with (folder / "styles.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for key in range(1, products + 1):
            kind, color = types[key % 4], colors[key // 4 % 4]
            gender = ("Men", "Women")[key % 2]
            name = f"Brand {gender} {color} {kind} {'Long Name ' * (key % 5)}No {key}"
            writer.writerow(
                [key, gender, "Apparel", "Topwear", kind, color, "Summer", 2012, "Casual", name]
            )
            size = (int(rng.integers(24, 90)), int(rng.integers(24, 90)))
            pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(images / f"{key}.jpg", quality=90)
    return Catalogue(folder / "styles.csv", images)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Forty good products."""
    return write_catalogue(tmp_path / "catalogue", 40)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A fresh workspace on the CPU."""
    yield Workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_name: str) -> Workspace:
    """A workspace with forty products, embedded and indexed by the tiny CLIP; tests only read it."""
    folder = tmp_path_factory.mktemp("built")
    source = write_catalogue(folder / "catalogue", 40)
    made = Workspace(folder / "workspace")
    made.build(source.styles, source.images, encoder=tiny_encoder_name)
    return made
