"""Inverse temperatures that are learned, and weights averaged over the steps."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn


class Scales(nn.Module):
    """Inverse temperatures of the losses, learned."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.logs = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(math.log(1 / 0.07))) for name in names}
        )

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
