"""The two towers of a model in training: a timm backbone for photos, a small BERT for texts.

Texts: WordPiece ids `(n, length)`, 0 where padded, to unit vectors `(n, 512)`. The BERT is that of sentence-transformers:
mean of the last layer over the tokens, then a head. Photos: normalised `(n, 3, s, s)` to unit vectors `(n, 512)`.
"""

from __future__ import annotations

import copy
import math

import timm
import torch
import torch.nn.functional as F
from torch import nn

EMBED_DIM = 512


class Layer(nn.Module):
    """One BERT layer (post-norm): attention, then a feed-forward network."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output, self.norm = nn.Linear(width, width), nn.LayerNorm(width, eps=1e-12)
        self.widen, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.last_norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`(n, length, width)` and additive mask `(n, 1, 1, length)` to the same shape."""
        n, length, width = x.shape
        q, k, v = (
            part(x).view(n, length, self.heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        scores = q @ k.transpose(2, 3) / math.sqrt(width // self.heads) + mask
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, width)
        x = self.norm(x + self.output(mixed))
        return self.last_norm(x + self.narrow(F.gelu(self.widen(x))))


class TextTrunk(nn.Module):
    """Token ids to features `(n, width)`: the mean of the last layer over the tokens."""

    def __init__(self, vocabulary: int = 30522, width: int = 384, layers: int = 3, heads: int = 12,
                 hidden: int = 1536, context: int = 64) -> None:  # fmt: skip
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList([Layer(width, heads, hidden) for _ in range(layers)])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        kept = (ids != 0).float()
        x = self.norm(self.tokens(ids) + self.places.weight[: ids.shape[1]])
        mask = (kept - 1.0)[:, None, None, :] * 1e4
        for layer in self.layers:
            x = layer(x, mask)
        return (x * kept[:, :, None]).sum(1) / kept.sum(1, keepdim=True)


class Head(nn.Module):
    """Features of a text trunk to the common space: a linear map and a correction by a hidden layer."""

    def __init__(self, width: int = 384, hidden: int = 768) -> None:
        super().__init__()
        self.straight = nn.Linear(width, EMBED_DIM)
        self.widen, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, EMBED_DIM)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """`(n, width)` to unit `(n, 512)`."""
        x = F.normalize(features, dim=-1) * math.sqrt(features.shape[1])
        return F.normalize(self.straight(x) + self.narrow(F.gelu(self.widen(x))), dim=-1)


class ImageTower(nn.Module):
    """A timm backbone, a projection, and heads for attributes that only training needs."""

    def __init__(self, backbone: str, classes: dict[str, int], drop_path: float = 0.0) -> None:
        super().__init__()
        self.trunk = timm.create_model(backbone, num_classes=0, drop_path_rate=drop_path)
        features = self.trunk.num_features
        self.projection = nn.Linear(features, EMBED_DIM, bias=False)
        self.heads = nn.ModuleDict({field: nn.Linear(features, n) for field, n in classes.items()})

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Unit vectors `(n, 512)`, and the attribute heads' logits."""
        pooled = self.trunk(x)
        vectors = F.normalize(self.projection(pooled).float(), dim=-1)
        return vectors, {field: head(pooled).float() for field, head in self.heads.items()}


class Scales(nn.Module):
    """Inverse temperatures of the losses, learned."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.logs = nn.ParameterDict({name: nn.Parameter(torch.tensor(math.log(1 / 0.07))) for name in names})

    def forward(self, name: str) -> torch.Tensor:
        return self.logs[name].exp().clamp(max=100)


class Average:
    """Exponential moving average of weights and buffers; what is evaluated and shipped."""

    def __init__(self, model: nn.Module, decay: float = 0.998) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        theirs = model.state_dict()
        for name, average in self.model.state_dict().items():
            if average.dtype.is_floating_point:
                average.lerp_(theirs[name], 1 - decay)
            else:
                average.copy_(theirs[name])
