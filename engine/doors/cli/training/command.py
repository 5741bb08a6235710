"""The command that trains a model on a catalogue. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.evaluation.command import folders_of, pairs_of
from engine.doors.cli.evaluation.printing import print_evaluation
from engine.doors.cli.options import (
    FILE,
    file_encoding,
    products_columns,
    products_table,
    with_workspace,
)
from engine.doors.cli.printing import note, say

if TYPE_CHECKING:
    from engine.shop.training.report import TrainReport
    from engine.workspace import Workspace

_SHOWN = 3  # failures


@click.command()
@products_table
@click.option(
    "--photos", required=True, multiple=True, metavar="[NAME=]DIR", help="Folder of {id}.jpg."
)
@click.option(
    "--out",
    required=True,
    type=FILE,
    metavar="DIR",
    help="The model's directory, for --encoder; a training that was interrupted there goes on.",
)
@click.option("--minutes", type=float, metavar="N", help="How long to train; or")
@click.option("--passes", type=float, metavar="N", help="how many times over the photos.")
@products_columns
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="COLUMN",
    help="A column whose values describe products.  [default: those with 2 to 500 values]",
)
@click.option(
    "--words",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Phrases that customers use: JSON lines of part, texts and where, or a folder of them.",
)
@click.option(
    "--queries",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Query sets to judge by, or a folder of them; none of their texts is trained on.",
)
@click.option(
    "--start",
    default="embedded",
    show_default=True,
    metavar="[embedded|teacher|DIR]",
    help="Weights to start from: the embedded model's, a text model's, another training's.",
)
@click.option(
    "--teacher",
    type=FILE,
    metavar="DIR",
    help="A sentence-transformers directory.  [default: the model of the extra [text]]",
)
@click.option("--layers", type=click.IntRange(min=1), default=3, help="So many of the teacher's.")
@click.option(
    "--backbone", metavar="NAME", help="Of timm, with fresh weights.  [default: the start's own]"
)
@click.option(
    "--size", type=int, metavar="PIXELS", help="Of photos.  [default: the start's, or 112]"
)
@click.option("--name", metavar="NAME", help="What tables record.  [default: the directory's name]")
@click.option(
    "--hold-out",
    type=click.IntRange(min=2),
    default=10,
    show_default=True,
    metavar="N",
    help="Keep one product in N from training, by a hash of its id; it is judged by those.",
)
@file_encoding
@click.option("--batch", type=click.IntRange(min=2), default=128, show_default=True, metavar="N")
@click.option(
    "--rate", type=float, default=6e-4, show_default=True, help="Peak of the learning rate."
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="[default: all cores]")
@click.option("--bfloat16", is_flag=True, help="Compute in 16 bits: faster on some processors.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N")
@click.option(
    "--checkpoint-minutes", type=float, default=4.0, show_default=True, metavar="N",
    help="How often the state is written.",
)  # fmt: skip
@with_workspace
def train(
    workspace: Workspace,
    photos: tuple[str, ...],
    columns: tuple[str, ...],
    attributes: tuple[str, ...],
    **others: Any,
) -> None:
    """Train a model on a catalogue's products and photos. Needs the extra [clip].

    What training needs meanwhile lies in DIR/training, its log and learning curve too. The model is
    judged in the end by the products that were held out, beside the one that it started from.
    """
    report = workspace.train(
        photos=folders_of(photos),
        columns=pairs_of(columns),
        attributes=attributes or None,
        **others,
    )
    _print(report)


def _print(report: TrainReport) -> None:
    for text in report.notes:
        note(text)
    if report.failed:
        shown = "; ".join(list(report.failed.values())[:_SHOWN])
        more = " ..." if len(report.failed) > _SHOWN else ""
        say(f"warning: {len(report.failed):,} photos were left out ({shown}{more})", err=True)
    facts = report.facts
    size = sum(file["bytes"] for file in facts["files"].values()) / 1e6
    say(
        f"trained {facts['name']} on {report.photos:,} photos of {report.products:,} products, "
        f"{report.phrases:,} phrases and {report.texts:,} texts; attributes: "
        f"{', '.join(report.attributes) or 'none'}"
    )
    say(
        f"{facts['training']['image']['steps']:,} steps of photos, "
        f"{facts['training']['text']['steps']:,} of texts; log {report.log}, curve {report.curve}"
    )
    if report.evaluation is not None:
        say(f"\njudged by the {report.held_out:,} products held out")
        print_evaluation(report.evaluation, _SHOWN)
    else:
        say("not judged: no product with a photo is held out")
    say(f"\n{size:.1f} MB; use it: --encoder local-dir:{_shown(report.model)}")


def _shown(folder: Path) -> str:
    return f"'{folder}'" if " " in str(folder) else str(folder)
