"""How far a stage is, and how fast it learns there. By the clock, or by its steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

_WARM_UP = 0.03


@dataclass(frozen=True)
class Budget:
    """How long a stage lasts: seconds of training, or steps."""

    seconds: float | None = None
    steps: int | None = None

    def progress(self, step: int, spent: float) -> float:
        """From 0 to 1. `spent`: seconds in the stage, of earlier sittings too."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        assert self.seconds is not None
        return min(1.0, spent / self.seconds)


def rate_at(progress: float) -> float:
    """Share of the peak learning rate: a short way up, then half a cosine down to zero."""
    up = min(1.0, 0.02 + progress / _WARM_UP)
    down = max(0.0, progress - _WARM_UP) / (1 - _WARM_UP)
    return up * 0.5 * (1 + math.cos(math.pi * down))
