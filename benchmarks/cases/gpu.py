"""What a GPU does: exact search of millions of vectors, photos a second, and how long it waits.

    python benchmarks/cases/gpu.py [--device cuda] [--rows 1000000 10000000] [--out DIR]

As a case of `benchmarks/run.py` it says where there is no GPU, else it measures the first size only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from case import Options, Row, run
from gpu import encoders
from gpu.measure import Results, ceilings
from gpu.search import Bench

MODELS = ("ViT-B-32", "ViT-L-14")


def gpu(_: Options) -> list[Row]:
    if not torch.cuda.is_available():
        return [Row("CUDA device", "none here: nothing was measured")]
    results = Results(None)
    measure(results, "cuda", [1_000_000], None, small=False, parts=["search", "encoders"])
    return [
        Row(name, ", ".join(f"{what} {value}" for what, value in figures.items()))
        for name, figures in results.figures.items()
    ]


def measure(
    results: Results, device: str, rows: list[int], out: Path | None, small: bool, parts: list[str]
) -> None:
    rates = ceilings(device, results, 256 if small else 8192, (64 << 20) if small else (4 << 30))
    if "encoders" in parts:
        count = 4 if small else 4096
        files = encoders.photos(count)
        rule = encoders.load_encoder("ViT-B-32/untrained", "cpu").preprocess
        results.attempt("decoding", lambda: encoders.decoding(rule, files, device, results))
        results.attempt("nvJPEG", lambda: encoders.jpeg_on_device(files, device, results))
        for name, share in zip(MODELS[: 1 if small else 2], (1, 2)):
            results.attempt(
                name,
                lambda n=name, s=share: encoders.measure(n, device, results, rates, count // s),
            )
    if "search" in parts:
        bench = Bench(device, rates, results, out)
        if small:
            bench.rounds, bench.batches = 1, (1, 3)
        for place, count in enumerate(rows):
            kinds = ("float16", "bfloat16", "float32") if not place else ("float16",)
            results.attempt(f"{count:,} rows", lambda c=count, k=kinds: bench.rows(c, k))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--out", type=Path, help="folder for gpu.json and profile.txt")
    parser.add_argument("--small", action="store_true", help="only that it runs")
    parser.add_argument("--parts", nargs="+", default=["search", "encoders"])
    given = parser.parse_args()
    name = "gpu-" + "-".join(given.parts) + ".json"
    results = Results(given.out / name if given.out else None)
    measure(results, given.device, given.rows, given.out, given.small, given.parts)


if __name__ == "__main__":
    if len(sys.argv) == 4 and not sys.argv[1].startswith("-"):
        run(gpu)
    else:
        main()
