"""The first stage: the photo tower learns beside features of a frozen text trunk, under a head."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from engine.shop.training.products.photos import Photos
from engine.shop.training.stages.augment import augment
from engine.shop.training.stages.step import SCALES, WEIGHTS, Material, Sizes, Step, total
from engine.shop.training.texts.corpus import Numbers
from engine.shop.training.towers.average import Scales
from engine.shop.training.towers.features import Features
from engine.shop.training.towers.image import ImageTower
from engine.shop.training.towers.text import Head

_LARGE_FROM = 0.6  # of the stage; smaller photos before


class PhotoModel(nn.Module):
    """What learns in this stage."""

    def __init__(self, image: ImageTower, head: Head) -> None:
        super().__init__()
        self.image, self.head, self.scales = image, head, Scales(SCALES)


class PhotoStage:
    """Photos to the names, queries and attributes of their products; see `Loop`."""

    name = "photos"
    clip = 3.0

    def __init__(
        self,
        model: PhotoModel,
        material: Material,
        photos: Photos,
        places: Numbers,
        features: Features,
        photo_sizes: tuple[int, int],
        sizes: Sizes,
        seed: int,
        bfloat16: bool = False,
    ) -> None:
        """
        Args:
            places: of the material's photos among the decoded ones.
            features: of the corpus's texts.
            photo_sizes: in pixels, of the first part of the stage and of the rest.
        """
        self.model = model.to(memory_format=torch.channels_last)
        self.groups = _groups(self.model)
        self._step = Step(material, sizes, seed)
        self._photos, self._places, self._features = photos, places, features
        self._photo_sizes, self._batch, self._bfloat16 = photo_sizes, sizes.batch, bfloat16

    def loss(self, progress: float) -> tuple[torch.Tensor, dict[str, float], int]:
        """See `Stage`."""
        chosen = self._step.draw.photos(self._batch)
        size = self._photo_sizes[progress >= _LARGE_FROM]
        x = augment(self._photos.of(self._places[chosen]), size)
        self.model.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16):
            vectors, heads = self.model.image(x)
        losses = self._step.losses(chosen, vectors, heads, self._encode, self.model.scales)
        parts = {name: float(value.detach()) for name, value in losses.items()}
        return total(losses, WEIGHTS), parts, len(chosen)

    def _encode(self, numbers: Numbers) -> torch.Tensor:
        features = torch.from_numpy(np.asarray(self._features[numbers], dtype=np.float32))
        vectors: torch.Tensor = self.model.head(features)
        return vectors

    def state(self) -> dict[str, Any]:
        """See `Stage`."""
        return self._step.state()

    def restore(self, state: dict[str, Any]) -> None:
        """See `Stage`."""
        self._step.restore(state)


def _groups(model: nn.Module) -> list[dict[str, Any]]:
    """Matrices decay, and those of the heads learn faster; the rest does not decay."""
    trunk: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    small: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2:
            small.append(parameter)
        else:
            (trunk if name.startswith("image.trunk.") else others).append(parameter)
    return [
        {"params": trunk, "weight_decay": 0.05, "k": 1.0},
        {"params": others, "weight_decay": 0.05, "k": 1.5},
        {"params": small, "weight_decay": 0.0, "k": 1.0},
    ]
