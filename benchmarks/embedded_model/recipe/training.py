"""The loop: both towers at once, by the clock, with weights averaged over the steps."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn

from engine.shop.training.progress.log import Log
from engine.shop.training.stages.schedule import Budget, rate_at
from engine.shop.training.towers.average import Average
from recipe.augment import augment
from recipe.held_out import Figures
from recipe.photos import Bank, Order
from recipe.settings import Request, Settings
from recipe.step import Losses, Step, total
from recipe.texts import Texts
from recipe.towers import BETAS, Towers, sixteen_bits

DECAY = 0.999  # of the average
CLIP = 3.0  # largest norm of the gradient
_FIRST_STEPS, _FIRST_RATE = (
    3,
    1e-3,
)  # while kernels are chosen and compiled; the clock starts after them
_LOGGED = 200  # steps
_JUDGED = 100.0  # seconds
_STAGE = "both towers"


class Clock:
    """Seconds of training; it stands until it is started, and while figures are made."""

    def __init__(self) -> None:
        self._spent, self._since = 0.0, 0.0
        self.runs = False

    @property
    def spent(self) -> float:
        """Seconds in which it ran."""
        return self._spent + (time.perf_counter() - self._since if self.runs else 0.0)

    def start(self) -> None:
        """Run on."""
        self._since, self.runs = time.perf_counter(), True

    def stop(self) -> None:
        """Stand."""
        self._spent, self.runs = self.spent, False


class Training:
    """Towers that learn, and their average, which is judged and shipped."""

    def __init__(
        self, towers: Towers, bank: Bank, texts: Texts, request: Request, settings: Settings
    ) -> None:
        self._bank, self._settings, self._device = bank, settings, request.device
        self._towers = towers.to(request.device).to(memory_format=torch.channels_last)
        self.average = Average(self._towers, DECAY)
        image = self._towers.image
        self._image = torch.compile(image, dynamic=False) if request.compiles else image
        groups = self._towers.groups(settings.teacher)
        self._optimizer = torch.optim.AdamW(groups, betas=BETAS, fused=self._device == "cuda")
        self._learned = [p for p in towers.parameters() if p.requires_grad]
        self._order = Order(bank.weights)
        trained = torch.unique(bank.products)
        self._losses = Step(self._towers, texts, trained, settings.batch, request.device)
        self._budget = Budget(request.seconds, request.steps)
        self._sums: Losses = {}
        self.steps, self.clock = 0, Clock()

    @property
    def photos(self) -> int:
        """How many were shown."""
        return self.steps * self._settings.batch

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        after = max(0, self.steps - _FIRST_STEPS)
        return self._budget.progress(after, self.clock.spent)

    def run(self, log: Log, judge: Callable[[Towers], Figures]) -> None:
        """Train to the end of the budget; every 100 seconds the average is judged."""
        judged = time.perf_counter()
        while (progress := self.progress) < 1:
            if self.steps == _FIRST_STEPS:
                self._wait()
                self.clock.start()
                progress = 0.0
            is_first = self.steps < _FIRST_STEPS
            norm = self._step(progress, _FIRST_RATE if is_first else rate_at(progress))
            if self.steps % _LOGGED == 0:
                self._write(log, progress, float(norm))
            if not is_first and time.perf_counter() - judged > _JUDGED:
                self._wait()
                self.clock.stop()
                self._judge(log, judge)
                self.clock.start()
                judged = time.perf_counter()
        self._wait()
        self.clock.stop()
        self._judge(log, judge)

    def _step(self, progress: float, rate: float) -> torch.Tensor:
        """One step; the norm of its gradient."""
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        chosen = self._order.draw(self._settings.batch)
        photos = augment(self._bank.pixels[chosen], self._settings.size)
        self._towers.train()
        with sixteen_bits(self._device):
            vectors, heads = self._image(photos)
        losses = self._losses.losses(self._bank.products[chosen], vectors, heads, progress)
        self._optimizer.zero_grad(set_to_none=True)
        total(losses).backward()
        norm = nn.utils.clip_grad_norm_(self._learned, CLIP)
        self._optimizer.step()
        self.average.update(self._towers)
        self.steps += 1
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0) + value.detach()
        return norm

    def _write(self, log: Log, progress: float, norm: float) -> None:
        """A line of the log with the means of the losses.

        Raises:
            FloatingPointError: the towers have come apart.
        """
        log.add({name: float(value) / _LOGGED for name, value in self._sums.items()})
        self._sums = {}
        seconds = round(self.clock.spent, 1)
        log.write(stage=_STAGE, step=self.steps, photos=self.photos, seconds=seconds, norm=norm,
                  progress=round(progress, 4))  # fmt: skip
        print(f"{progress:.3f}  step {self.steps}  {self.photos:,} photos  {seconds} s")
        if not norm < float("inf"):
            raise FloatingPointError(f"the gradient's norm is {norm} in step {self.steps}")

    def _judge(self, log: Log, judge: Callable[[Towers], Figures]) -> None:
        found = judge(self.average.model)
        log.write(stage=_STAGE, step=self.steps, photos=self.photos,
                  seconds=round(self.clock.spent, 1), held_out=found)  # fmt: skip
        print("held out:", "  ".join(f"{name} {value:.3f}" for name, value in found.items()))

    def _wait(self) -> None:
        if self._device == "cuda":
            torch.cuda.synchronize()
