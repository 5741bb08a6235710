"""Both towers, and the weights they start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import ModelUnavailable
from engine.shop.training.onnx_form.read_back import image_weights, read_facts, text_tower
from engine.shop.training.stages.step import SCALES
from engine.shop.training.towers.average import Scales
from engine.shop.training.towers.image import ImageTower, make_trunk
from engine.shop.training.towers.norms import recalibrate, unfolded
from engine.shop.training.towers.start import temperature_logs
from engine.shop.training.towers.text import Head, TextShape, TextTrunk
from recipe.settings import Settings

LAYERS = 3  # of the text tower: the teacher's 0, 2 and 5
CALIBRATED = 256  # photos that batch norms are calibrated with
HEADS = ("articleType", "baseColour", "gender", "usage", "season", "subCategory")  # and the brand
_DROP_PATH = 0.05
_IMAGE_RATE, _TEXT_RATE, _HEAD_RATE = 1e-3, 4e-4, 1e-3  # peaks
_ANEW = 2  # times the rate for a text tower of fresh weights
_IMAGE_DECAY, _TEXT_DECAY = 0.05, 0.01
BETAS = (0.9, 0.98)


class Towers(nn.Module):
    """What learns: the photo tower, the text tower and its head, the temperatures of the losses."""

    def __init__(self, backbone: str, classes: Mapping[str, int], text: TextTrunk) -> None:
        super().__init__()
        self.image = ImageTower(backbone, dict(classes), _DROP_PATH)
        self.trunk, self.head = text, Head(text.shape.width)
        self.scales = Scales(SCALES)

    def groups(self, has_teacher: bool) -> list[dict[str, Any]]:
        """Parameters with the peak of their rate, `peak`; vectors of the photo tower don't decay."""
        parts: dict[str, list[nn.Parameter]] = {n: [] for n in ("matrix", "vector", "text", "head")}
        for name, parameter in self.named_parameters():
            if not parameter.requires_grad:
                continue
            if name.startswith("trunk"):
                parts["text"].append(parameter)
            elif name.startswith(("head", "scales")):
                parts["head"].append(parameter)
            else:
                parts["matrix" if parameter.ndim > 1 else "vector"].append(parameter)
        rate = _TEXT_RATE * (1 if has_teacher else _ANEW)
        chosen = {
            "matrix": (_IMAGE_RATE, _IMAGE_DECAY),
            "vector": (_IMAGE_RATE, 0.0),
            "text": (rate, _TEXT_DECAY),
            "head": (_HEAD_RATE, _TEXT_DECAY),
        }
        return [
            {"params": parts[name], "peak": peak, "lr": peak, "weight_decay": decay}
            for name, (peak, decay) in chosen.items()
        ]


def fresh_text(shape: TextShape) -> TextTrunk:
    """A text tower of random weights, of as many layers as one that starts from the teacher."""
    return TextTrunk(replace(shape, layers=LAYERS))


def make_towers(
    teacher: TextTrunk,
    classes: Mapping[str, int],
    start: Path,
    photos: Tensor,
    settings: Settings,
) -> Towers:
    """Towers of a run, on the CPU.

    Args:
        classes: of the attribute heads. start: directory of a model; its backbone is taken anyway.
        photos: (n, 3, s, s) normalised, to calibrate batch norms with.

    Raises:
        ModelUnavailable, CorruptFile: no model of this form is there, or a damaged one.
    """
    text = teacher.shortened(LAYERS) if settings.teacher else fresh_text(teacher.shape)
    facts = read_facts(start)
    towers = Towers(str(facts["backbone"]), classes, text)
    if settings.teacher:  # the table of word pieces stays the teacher's
        towers.trunk.tokens.weight.requires_grad_(False)
    if settings.warm:
        _warm(towers, start, facts, photos, settings)
    return towers


@torch.no_grad()
def _warm(
    towers: Towers, start: Path, facts: dict[str, Any], photos: Tensor, settings: Settings
) -> None:
    """Weights of a model's photo tower; of its head and temperatures too, if those belong to the
    teacher's features."""
    weights, projection = image_weights(start)
    trunk = make_trunk(str(facts["backbone"]))
    towers.image.trunk.load_state_dict(unfolded(weights, trunk, settings.size))
    towers.image.projection.weight.copy_(projection)
    recalibrate(towers.image.trunk, photos)
    if not settings.teacher:
        return
    try:
        head = text_tower(start, facts)[1]
    except ModelUnavailable:  # the first edition has texts of another kind
        return
    towers.head.load_state_dict(head.state_dict())
    logs = temperature_logs(facts.get("temperatures", {}), SCALES)
    for name, value in logs.items():
        towers.scales.logs[name].copy_(value)


def sixteen_bits(device: str) -> torch.autocast:
    """Where a tower computes: in bfloat16 on a GPU."""
    return torch.autocast(device, torch.bfloat16, enabled=device == "cuda")
