"""What the benchmarks of a GPU share: their lines, times, what the device can do at most."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from case import Question

from engine.bench.records.line import Line, Measured

ASK = Question("gpu")
DEVICE = "the device"  # the contestant of what it can do at most


@dataclass(frozen=True)
class Ceilings:
    """Bytes a second of a copy (read and written), and operations a second of matrix products."""

    copy: float
    products: dict[str, float]  # by precision

    def lines(self, device: str) -> Iterator[Line]:
        name = torch.cuda.get_device_name() if device.startswith("cuda") else device
        told = {"device": name, "torch": torch.__version__}
        yield ceiling("copy", "GB/s", self.copy / 1e9, told)
        for precision, rate in self.products.items():
            yield ceiling("product of matrices", "TFLOP/s", rate / 1e12, told, precision)


def ceiling(
    what: str, unit: str, value: float, told: dict[str, str], precision: str | None = None
) -> Line:
    how = {} if precision is None else {"precision": precision}
    return ASK.line(what, unit, value, contestant=DEVICE, better="higher", more=told, **how)


def attempt(name: str, lines: Iterator[Measured]) -> Iterator[Measured]:
    """A part whose failure is told too, and doesn't take the others along."""
    try:
        yield from lines
    except Exception as error:
        yield ASK.left_out(f"{type(error).__name__}: {error!s:.400}", part=name)


def wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def seconds(device: str, action: Callable[[], object], rounds: int = 7, warm: int = 2) -> float:
    """Median wall seconds of one call, all of the device's work included."""
    return statistics.median(times(device, action, rounds, warm))


def times(device: str, action: Callable[[], object], rounds: int, warm: int) -> list[float]:
    """Wall seconds of each call, all of the device's work included."""
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


def rates(
    device: str, count: int, action: Callable[[], object], rounds: int = 7, warm: int = 2
) -> list[float]:
    """So many things a second, of each call."""
    return [count / taken for taken in times(device, action, rounds, warm)]


def ceilings(device: str, side: int, copied: int) -> Ceilings:
    """Measured now: a copy of so many bytes, products of square matrices."""
    source = torch.randn(copied // 4, device=device)
    target = torch.empty_like(source)
    copy = 2 * copied / seconds(device, lambda: target.copy_(source))
    products = {}
    for name, kind in (("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
        products[name] = 2 * side**3 / seconds(device, lambda a=a, b=b: a @ b)
    a, b = (torch.randn(side, side, device=device) for _ in range(2))
    products["float32"] = 2 * side**3 / seconds(device, lambda: a @ b, 3, 1)
    return Ceilings(copy, products)
