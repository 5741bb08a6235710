"""What the benchmarks of a GPU share: times, what the device can do at most, the results' file."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


class Results:
    """Figures by name, written after each so that none is lost with a later failure."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.figures: dict[str, Any] = {}

    def add(self, name: str, **figures: Any) -> None:
        rounded = {k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in figures.items()}
        self.figures[name] = rounded
        print(name, json.dumps(rounded), flush=True)
        if self.file is not None:
            self.file.write_text(json.dumps(self.figures, indent=1))

    def attempt(self, name: str, measure: Callable[[], None]) -> None:
        """A measurement whose failure is a figure too."""
        started = time.perf_counter()
        try:
            measure()
        except Exception as error:
            self.add(f"{name}: failed", error=f"{type(error).__name__}: {error!s:.400}")
        print(f"({name}: {time.perf_counter() - started:.1f} s)", flush=True)


def wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def seconds(device: str, action: Callable[[], object], rounds: int = 7, warm: int = 2) -> float:
    """Median wall seconds of one call, all of the device's work included."""
    return statistics.median(times(device, action, rounds, warm))


def times(device: str, action: Callable[[], object], rounds: int, warm: int) -> list[float]:
    for _ in range(warm):
        action()
    taken = []
    for _ in range(rounds):
        wait(device)
        started = time.perf_counter()
        action()
        wait(device)
        taken.append(time.perf_counter() - started)
    return taken


def copy_rate(device: str, copied: int) -> float:
    source = torch.randn(copied // 4, device=device)
    target = torch.empty_like(source)
    return 2 * copied / seconds(device, lambda: target.copy_(source))


def ceilings(device: str, results: Results, side: int, copied: int) -> dict[str, float]:
    """Bytes a second of a copy (read and written), and operations a second of matrix products."""
    rate = {"copy": copy_rate(device, copied)}
    for name, kind in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
        rate[name] = 2 * side**3 / seconds(device, lambda a=a, b=b: a @ b)
    a, b = (torch.randn(side, side, device=device) for _ in range(2))
    rate["float32"] = 2 * side**3 / seconds(device, lambda: a @ b, 3, 1)
    results.add(
        "ceilings",
        device=torch.cuda.get_device_name() if device.startswith("cuda") else device,
        torch=torch.__version__,
        copy_GB_per_s=rate["copy"] / 1e9,
        **{f"{name}_TFLOP_per_s": rate[name] / 1e12 for name in ("float16", "bfloat16", "float32")},
    )
    return rate
