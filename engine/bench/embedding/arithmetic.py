"""How many operations a model takes for one input, and how many a device does in a second."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from engine.optional import require

SIDE = 8192  # of the matrices that are multiplied on a device
ROUNDS = 7


def flops_of(call: Callable[..., object], *inputs: Any) -> float:
    """Operations of one call of a torch model, as torch's own counter has them."""
    torch: Any = require("torch", "Counting a model's operations")
    counter: Any = require("torch.utils.flop_counter", "Counting a model's operations")
    # With gradients: the fused layers of inference would not be counted.
    with counter.FlopCounterMode(display=False) as counted, torch.enable_grad():
        call(*inputs)
    return float(counted.get_total_flops())


def device_gflop_per_s(
    device: str, precision: str, side: int = SIDE, rounds: int = ROUNDS
) -> float:
    """Median 10^9 operations a second of a product of two matrices on a device, in a precision."""
    torch: Any = require("torch", f"Measuring device {device!r}")
    kind = getattr(torch, precision)
    a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))

    def seconds() -> float:
        started = time.perf_counter()
        a @ b
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        return time.perf_counter() - started

    seconds()
    return 2 * side**3 / statistics.median(seconds() for _ in range(rounds)) / 1e9
