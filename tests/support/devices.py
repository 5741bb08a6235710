"""Devices that search is tested on: torch's CPU stands in everywhere, CUDA where a machine has it."""

from __future__ import annotations

from support.needs import needs


def devices() -> list[str]:
    """Names of the devices here; skips where torch is not installed."""
    needs("clip")
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
