"""What a GPU does: exact search of a million vectors, photos a second, and how long it waits.

Says where there is no GPU; a smoke run takes the processor for the device. All sizes, and where the time
goes: `python benchmarks/gpu/run.py --out FILE.jsonl`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from case import Options, run
from gpu.measure import ASK
from gpu.run import Asked, measured

from engine.bench.records.line import Measured


def gpu(options: Options) -> Iterator[Measured]:
    if options.smoke:
        yield from measured(Asked("cpu", (1000,), small=True))
    elif not torch.cuda.is_available():
        yield ASK.left_out("there is no CUDA device here")
    else:
        yield from measured(Asked())


if __name__ == "__main__":
    run(gpu)
