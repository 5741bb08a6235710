"""`vitrine bench embedding`: what is measured is decided in `engine/bench/embedding/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.doors.cli.bench.options.recording import print_lines, recorder, records
from engine.doors.cli.options import names_workspace

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PACKAGES = (
    "open_clip_torch",
    "onnxruntime",
    "pillow",
    "sentence-transformers",
    "tokenizers",
    "torchvision",
    "transformers",
)
SMALL = {"rounds": 1, "count": 4, "text_count": 8, "is_small": True}
AT_LEAST_1 = click.IntRange(min=1)


@click.command()
@names_workspace("Not asked; accepted as everywhere.")
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@click.option("--photos", type=FOLDER, metavar="DIR", help="Of photos; default: the sample's.")
@click.option(
    "--texts", type=FILE, metavar="FILE", help="A text a line; default: the sample's names."
)
@click.option("--column", metavar="NAME", help="Of --texts, where that is a CSV.")
@click.option("--count", type=AT_LEAST_1, default=64, show_default=True, help="Photos in a round.")
@click.option(
    "--text-count", type=AT_LEAST_1, default=256, show_default=True, help="Texts in a round."
)
@click.option("--rounds", type=AT_LEAST_1, default=5, show_default=True, help="Turns of each.")
@click.option(
    "--batch",
    "batches",
    multiple=True,
    type=click.IntRange(min=0),
    default=(32,),
    show_default=True,
    help="Inputs that a model gets at once; several. 0: each contestant's own.",
)
@click.option(
    "--threads",
    multiple=True,
    type=AT_LEAST_1,
    help="Cores that each may use, with all that it starts; several. Default: all.",
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option(
    "--contestant",
    "contestants",
    multiple=True,
    metavar="NAME",
    help="Beside vitrine only this one; several. Default: all.",
)
@click.option(
    "--clip-retrieval-python",
    metavar="FILE",
    help="Interpreter of an environment that has clip-retrieval.",
)
@records
def embedding(
    models: tuple[str, ...],
    texts: Path | None,
    column: str | None,
    batches: tuple[int, ...],
    threads: tuple[int, ...],
    out: Path | None,
    seed: int,
    smoke: bool,
    **others: Any,
) -> None:
    """How fast MODELs embed photos and texts, stage by stage, beside plain loops and libraries.

    A MODEL is a name as for --encoder, or made:transformers or made:sentences: a CLIP and a text model
    of random weights in those libraries' own directories. Default: the embedded model, an open_clip
    ViT-B/32 of random weights, and both of these.

    Everyone gets equal photos, in turns, in a process of its own. Who answers otherwise than we do
    (cosine under 0.9999) is out.
    """
    from engine.bench.embedding.inputs import names_in
    from engine.bench.embedding.request import MODELS, SMOKE_MODELS, EmbeddingBench
    from engine.bench.embedding.run import measure

    given = {**others, **(SMALL if smoke else {})}
    bench = EmbeddingBench(
        models=models or (SMOKE_MODELS if smoke else MODELS),
        texts=None if texts is None else names_in(texts, column),
        batches=[batch or None for batch in batches],
        threads=threads or (None,),
        contestants=given.pop("contestants"),
        **given,
    )
    record = recorder("embedding", out, seed, smoke, PACKAGES)
    measure(bench, record)
    print_lines(record.kept, record.file)
