"""The text tower of a model in training: a small BERT, as sentence-transformers has it, and a head.

WordPiece ids (n, length), 0 where padded, to unit vectors (n, 512): the mean of the last layer over the
tokens, then a linear map to the space of the photos with a small correction.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn

EMBED_DIM = 512


@dataclass(frozen=True)
class TextShape:
    """Sizes of a BERT; those of all-MiniLM-L6-v2 but for its layers."""

    vocabulary: int = 30522
    width: int = 384
    layers: int = 3
    heads: int = 12
    hidden: int = 1536
    context: int = 64
    epsilon: float = 1e-12


class Layer(nn.Module):
    """One BERT layer (post-norm): attention, then a feed-forward network."""

    def __init__(self, shape: TextShape) -> None:
        super().__init__()
        width, hidden = shape.width, shape.hidden
        self.heads = shape.heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output, self.norm = nn.Linear(width, width), nn.LayerNorm(width, eps=shape.epsilon)
        self.widen, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.last_norm = nn.LayerNorm(width, eps=shape.epsilon)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """`(n, length, width)` and additive mask `(n, 1, 1, length)` to the same shape."""
        n, length, width = x.shape
        q, k, v = (
            part(x).view(n, length, self.heads, -1).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        scores = q @ k.transpose(2, 3) / math.sqrt(width // self.heads) + mask
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, width)
        x = self.norm(x + self.output(mixed))
        return self.last_norm(x + self.narrow(F.gelu(self.widen(x))))


class TextTrunk(nn.Module):
    """Token ids to features (n, width): the mean of the last layer over the tokens."""

    def __init__(self, shape: TextShape) -> None:
        super().__init__()
        self.shape = shape
        self.tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.context, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.layers = nn.ModuleList([Layer(shape) for _ in range(shape.layers)])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        kept = (ids != 0).float()
        x = self.norm(self.tokens(ids) + self.places.weight[: ids.shape[1]])
        mask = (kept - 1.0)[:, None, None, :] * 1e4
        for layer in self.layers:
            x = layer(x, mask)
        return (x * kept[:, :, None]).sum(1) / kept.sum(1, keepdim=True)

    def shortened(self, layers: int) -> TextTrunk:
        """A copy with so many of its layers, from the first to the last in even steps."""
        kept = _spread(len(self.layers), layers)
        short = TextTrunk(replace(self.shape, layers=len(kept)))
        state = {k: v for k, v in self.state_dict().items() if not k.startswith("layers.")}
        short.load_state_dict(state, strict=False)
        for own, place in zip(short.layers, kept):
            own.load_state_dict(copy.deepcopy(self.layers[place].state_dict()))
        return short


def _spread(count: int, wanted: int) -> Sequence[int]:
    """`wanted` of `count` places: 0, 2, 5 for 3 of 6."""
    if wanted >= count:
        return range(count)
    if wanted == 1:
        return [count - 1]
    return [i * (count - 1) // (wanted - 1) for i in range(wanted)]


class Head(nn.Module):
    """Features of a text trunk to the common space: a linear map and a correction by a hidden layer."""

    def __init__(self, width: int, hidden: int = 768) -> None:
        super().__init__()
        self.straight = nn.Linear(width, EMBED_DIM)
        self.widen, self.narrow = nn.Linear(width, hidden), nn.Linear(hidden, EMBED_DIM)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """`(n, width)` to unit `(n, 512)`."""
        x = F.normalize(features, dim=-1) * math.sqrt(features.shape[1])
        return F.normalize(self.straight(x) + self.narrow(F.gelu(self.widen(x))), dim=-1)
