"""The loop of a stage: steps until its budget is spent, with a log, averages and checkpoints.

Everything that decides the next step is in a checkpoint, random numbers too: a stage that was killed and
goes on takes the same steps as one that was not, where its budget is steps.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from engine.errors import CorruptFile
from engine.shop.training.progress.log import Log
from engine.shop.training.stages.schedule import Budget, rate_at
from engine.shop.training.towers.average import Average

_LOGGED_EVERY = 50  # steps
_JUDGED_EVERY = 900.0  # seconds


class Stage(Protocol):
    """What a loop runs.

    Attributes:
        groups: of parameters for AdamW, each with `k`, its share of the rate.
        clip: the longest gradient.
    """

    name: str
    model: nn.Module
    groups: list[dict[str, Any]]
    clip: float

    def loss(self, progress: float) -> tuple[torch.Tensor, dict[str, float], int]:
        """The loss of one more batch, its parts, and how many photos or texts it is made of."""

    def state(self) -> dict[str, Any]:
        """What the next batches depend on."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from that state."""


@dataclass(frozen=True)
class LoopSettings:
    """How a stage is run."""

    budget: Budget
    rate: float
    checkpoint: Path
    checkpoint_seconds: float
    decay: float = 0.998


class Loop:
    """Runs a stage.

    Attributes:
        average: of the weights; what is judged and shipped.
        step, samples: how many were taken.
    """

    def __init__(self, stage: Stage, settings: LoopSettings, log: Log) -> None:
        """Begin, or go on from the checkpoint.

        Raises:
            CorruptFile: the checkpoint is damaged.
        """
        self._stage, self._settings, self._log = stage, settings, log
        self.average = Average(stage.model, settings.decay)
        self._adam = torch.optim.AdamW(stage.groups, lr=1.0, betas=(0.9, 0.98), fused=True)
        self.step = self.samples = 0
        self._spent = 0.0
        if settings.checkpoint.is_file():
            self._restore(_read(settings.checkpoint))

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return self._settings.budget.progress(self.step, self._spent)

    def run(
        self, advance: Callable[[float], object], judge: Callable[[], dict[str, float]]
    ) -> None:
        """Take the steps that are left.

        Args:
            advance: called with how far the stage is. judge: figures of the averaged weights.
        """
        if self.progress >= 1:  # in an earlier sitting
            return
        began, before = time.monotonic(), self._spent
        saved = judged = began
        while self.progress < 1:
            self._log.add(self._one())
            advance(self.progress)
            now = time.monotonic()
            self._spent = before + now - began
            if self.step % _LOGGED_EVERY == 0:
                self._log.write(**self._place())
            if now - saved >= self._settings.checkpoint_seconds:
                self._save()
                saved = now
            if now - judged >= _JUDGED_EVERY:
                self._log.write(**self._place(), held_out=judge())
                judged = time.monotonic()
        self._save()
        self._log.write(**self._place(), held_out=judge())

    def _place(self) -> dict[str, Any]:
        return {
            "stage": self._stage.name,
            "step": self.step,
            "progress": round(self.progress, 4),
            "samples": self.samples,
            "seconds": round(self._spent),
        }

    def _one(self) -> dict[str, float]:
        """Take a step; its losses."""
        rate = self._settings.rate * rate_at(self.progress)
        for group in self._adam.param_groups:
            group["lr"] = rate * group["k"]
        loss, parts, count = self._stage.loss(self.progress)
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._stage.model.parameters(), self._stage.clip)
        if bool(torch.isfinite(norm)):
            self._adam.step()
        self.step, self.samples = self.step + 1, self.samples + count
        self.average.update(self._stage.model)
        return parts

    def _save(self) -> None:
        state = {
            "model": self._stage.model.state_dict(),
            "average": self.average.model.state_dict(),
            "adam": self._adam.state_dict(),
            "stage": self._stage.state(),
            "random": torch.get_rng_state(),
            "counts": {"step": self.step, "samples": self.samples, "spent": self._spent,
                       "updates": self.average.updates},
        }  # fmt: skip
        new = self._settings.checkpoint.with_suffix(".new")
        torch.save(state, new)
        new.replace(self._settings.checkpoint)

    def _restore(self, state: dict[str, Any]) -> None:
        self._stage.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self._adam.load_state_dict(state["adam"])
        self._stage.restore(state["stage"])
        torch.set_rng_state(state["random"])
        counts = state["counts"]
        self.step, self.samples = int(counts["step"]), int(counts["samples"])
        self._spent, self.average.updates = float(counts["spent"]), int(counts["updates"])


def _read(checkpoint: Path) -> dict[str, Any]:
    try:
        return torch.load(checkpoint, weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CorruptFile(
            f"{checkpoint}: the checkpoint is damaged ({error!s:.80}). Remove it, and what it held is "
            "trained again."
        ) from None
