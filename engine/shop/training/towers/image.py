"""The photo tower of a model in training: a timm backbone, a projection, heads for attributes.

Photos, normalised (n, 3, s, s), to unit vectors (n, 512).
"""

from __future__ import annotations

import timm
import torch
import torch.nn.functional as F
from torch import nn

from engine.errors import InvalidParameterValue
from engine.shop.training.towers.text import EMBED_DIM


def make_trunk(backbone: str, drop_path: float = 0.0) -> nn.Module:
    """A timm backbone of fresh weights, without its classifier.

    Raises:
        InvalidParameterValue: timm has none of that name.
    """
    if backbone not in timm.list_models():
        near = timm.list_models(f"*{backbone}*")[:5]
        more = f" Near ones: {', '.join(near)}." if near else ""
        raise InvalidParameterValue(f"backbone {backbone!r} is none of timm's.{more}")
    try:
        return timm.create_model(backbone, num_classes=0, drop_path_rate=drop_path)
    except TypeError:  # a backbone without stochastic depth
        return timm.create_model(backbone, num_classes=0)


def check_trunk(trunk: nn.Module, backbone: str, sizes: tuple[int, ...]) -> None:
    """
    Raises:
        InvalidParameterValue: the backbone does not take photos of these sizes.
    """
    trunk.eval()
    for size in sizes:
        try:
            with torch.inference_mode():
                trunk(torch.zeros(1, 3, size, size))
        except Exception as error:  # backbones assert, and raise what they like
            raise InvalidParameterValue(
                f"backbone {backbone!r} does not take photos of {size} pixels ({error!s:.100}); "
                "expected a convolutional one, which takes any size."
            ) from None


class ImageTower(nn.Module):
    """A timm backbone, a projection, and heads for attributes that only training needs."""

    def __init__(self, backbone: str, classes: dict[str, int], drop_path: float = 0.0) -> None:
        super().__init__()
        self.trunk = make_trunk(backbone, drop_path)
        features = self.trunk.num_features
        self.projection = nn.Linear(features, EMBED_DIM, bias=False)
        self.heads = nn.ModuleDict({field: nn.Linear(features, n) for field, n in classes.items()})

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Unit vectors (n, 512), and the attribute heads' logits."""
        pooled = self.trunk(x)
        vectors = F.normalize(self.projection(pooled).float(), dim=-1)
        return vectors, {field: head(pooled).float() for field, head in self.heads.items()}
