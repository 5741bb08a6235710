"""Train the embedded model's second edition, vitrine-clip-2, from the public fashion data.

    python benchmarks/embedded_model/train.py --table DATA/styles.csv \
        --photos DATA/images_small --photos DATA/images --out runs/vitrine-clip-2

`--out` becomes a directory that `--encoder local-dir:runs/vitrine-clip-2` takes. Where a product has a
photo in both folders, each is shown less often; name the larger photos last. Needs `.[clip,text]`;
what it does is told in README.md beside this file.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from recipe.run import Run
from recipe.settings import ABLATIONS, ROOT, Request, Settings

from engine.encode.model_folders import editions
from engine.shop.training.towers.teacher import installed_teacher

FIRST_EDITION = "vitrine-clip-1"
SECONDS = 330.0


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    add, datasets = parser.add_argument, ROOT / "datasets"
    has_gpu = torch.cuda.is_available()
    add("--table", type=Path, required=True, help="products in the public fashion layout, CSV")
    add(
        "--photos",
        type=Path,
        required=True,
        action="append",
        help="folder of {id}.jpg; again for more",
    )
    add("--out", type=Path, required=True, help="directory of the model")
    add("--work", type=Path, help="decoded photos and drawn catalogues (default: OUT/training)")
    long = parser.add_mutually_exclusive_group()
    long.add_argument("--seconds", type=float, default=SECONDS, help="of training (default: 330)")
    long.add_argument("--steps", type=int, help="of training, instead of seconds")
    add("--device", choices=("cuda", "cpu"), default="cuda" if has_gpu else "cpu")
    add("--ablation", choices=sorted(ABLATIONS), help="leave one of the means out")
    add(
        "--start",
        default=FIRST_EDITION,
        help="edition or directory whose photo tower is trained on",
    )
    add(
        "--teacher", type=Path, help="a sentence-transformers directory (default: all-MiniLM-L6-v2)"
    )
    add("--words", type=Path, default=datasets / "shopping_words", help="folder of word lists")
    add("--queries", type=Path, default=datasets / "queries", help="folder of development sets")
    add("--batch", type=int, default=Settings.batch, help="photos in a step (default: 1024)")
    add("--size", type=int, help="of photos, in pixels (default: 128)")
    add("--drawn", type=int, default=Settings.drawn, help="products of each drawn catalogue")
    add("--threads", type=int, help="of the processor (default: all of its cores)")
    add("--no-compile", action="store_true", help="on a GPU, without torch.compile")
    given = parser.parse_args(argv)
    _check(parser, given, has_gpu)
    return given


def _check(parser: argparse.ArgumentParser, given: argparse.Namespace, has_gpu: bool) -> None:
    """Stop with what is wrong."""
    if given.device == "cuda" and not has_gpu:
        parser.error("torch finds no GPU here: --device cpu")
    if given.batch < 4 or given.drawn < 1:
        parser.error("--batch is at least 4, and --drawn at least 1")
    if given.steps is None and given.seconds <= 0:
        parser.error("--seconds is more than 0")
    if given.steps is not None and given.steps < 1:
        parser.error("--steps is at least 1")


def main(argv: list[str] | None = None) -> int:
    """Train, and say where the model is."""
    given = parse_arguments(argv)
    settings = Settings(batch=given.batch, drawn=given.drawn)
    settings = replace(settings, **ABLATIONS.get(given.ablation, {}))
    if given.size is not None:
        settings = replace(settings, size=given.size)
    request = Request(
        table=given.table,
        photos=tuple(given.photos),
        out=given.out,
        work=given.work or given.out / "training",
        words=given.words,
        queries=given.queries,
        teacher=given.teacher or installed_teacher(),
        start=editions().get(given.start) or Path(given.start),
        seconds=None if given.steps is not None else given.seconds,
        steps=given.steps,
        device=given.device,
        threads=given.threads,
        compiles=given.device == "cuda" and not given.no_compile,
    )
    if given.device == "cuda":
        for backend in (torch.backends.cuda.matmul, torch.backends.cudnn):
            backend.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    Run(request, settings).run()
    print(f"{request.out}: --encoder local-dir:{request.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
