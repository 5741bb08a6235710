"""All that is measured of a GPU, searches and models, as raw lines.

python benchmarks/gpu/run.py --out FILE.jsonl [--device cuda] [--rows 1000000 10000000]
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "cases"))
sys.path.insert(0, str(Path(__file__).parents[1]))  # before: `gpu` is a case's name too

from engine.bench.records import journal
from engine.bench.records.line import Line, Measured
from gpu import encoders
from gpu.measure import attempt, ceilings
from gpu.search import Bench

MODELS, SMALL_MODEL = ("ViT-B-32", "ViT-L-14"), "ViT-S-32-alt"
PHOTOS = 4096
SMALL = encoders.Effort(photos=2, rounds=1, held=2, processes=(1,))
PARTS = ("search", "encoders")


@dataclass(frozen=True)
class Asked:
    """What is measured; `small` only to see that it runs; `profiles`: a file for tables of times."""

    device: str = "cuda"
    rows: tuple[int, ...] = (1_000_000,)
    parts: tuple[str, ...] = PARTS
    small: bool = False
    profiles: Path | None = None


def measured(asked: Asked) -> Iterator[Measured]:
    top = ceilings(asked.device, *((256, 1 << 20) if asked.small else (8192, 4 << 30)))
    yield from top.lines(asked.device)
    if "encoders" in asked.parts:
        whole = SMALL if asked.small else encoders.Effort(PHOTOS)
        models = (SMALL_MODEL,) if asked.small else MODELS
        files = encoders.photos(whole.photos)
        rule = encoders.load_encoder(f"{models[0]}/untrained", "cpu").preprocess
        decoded = encoders.decoding(rule, files, asked.device, whole)
        yield from attempt("decoding", decoded)
        yield from attempt("nvJPEG", encoders.jpeg_on_device(files, asked.device))
        for place, name in enumerate(models, 1):
            effort = replace(whole, photos=whole.photos // place)
            model = encoders.measure(name, asked.device, top, effort)
            yield from attempt(name, model)
    if "search" in asked.parts:
        bench = Bench(asked.device, top, asked.profiles)
        if asked.small:
            bench.rounds, bench.batches = 1, (1, 3)
        for place, count in enumerate(asked.rows):
            kinds = ("float16", "bfloat16", "float32") if not place else ("float16",)
            yield from attempt(f"{count:,} rows", bench.rows(count, kinds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    parser.add_argument("--profiles", type=Path, help="a file for tables of where the time goes")
    parser.add_argument("--small", action="store_true", help="only that it runs")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    given = parser.parse_args()
    rows, parts = tuple(given.rows), tuple(given.parts)
    recorder = journal.begin(given.out, shlex.join(["python", *sys.argv]))
    for one in measured(Asked(given.device, rows, parts, given.small, given.profiles)):
        recorder.add(one)
        told = f"{one.what}: {one.median:.5g} {one.unit}" if isinstance(one, Line) else one.reason
        print(one.contestant, dict(one.settings), told, flush=True)


if __name__ == "__main__":
    main()
