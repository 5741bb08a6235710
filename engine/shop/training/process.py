"""What of torch is the process's: threads, random numbers, tiny numbers. Given back as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_set(threads: int | None, seed: int) -> Iterator[int]:
    """So many threads, and seeded random numbers; numbers too small to matter are zero, which is faster.

    Gives the number of threads.
    """
    before = torch.get_num_threads()
    chosen = threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else before
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(chosen)
        flushes = torch.set_flush_denormal(True)
        try:
            yield chosen
        finally:
            torch.set_num_threads(before)
            if flushes:
                torch.set_flush_denormal(False)
