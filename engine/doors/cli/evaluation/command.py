"""The command that judges models over a catalogue. Translates and prints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.evaluation.printing import print_evaluation, print_json, write_lines
from engine.doors.cli.options import (
    FILE,
    file_encoding,
    hold_out,
    products_columns,
    products_table,
    with_workspace,
)
from engine.doors.cli.printing import summarize

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@products_table
@click.option(
    "--photos",
    required=True,
    multiple=True,
    metavar="[NAME=]DIR",
    help="Folder of {id}.jpg; each that is given is reported for itself.",
)
@products_columns
@click.option(
    "--queries",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Query sets: JSON lines of text and where, or a folder of them.",
)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="FIELD",
    help="Also judge how a field's values are told by words: baseColour, gender, ...; several.",
)
@hold_out
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the first N products that have a photo.",
)
@file_encoding
@click.option("--speed", is_flag=True, help="Also measure how fast each model is here.")
@click.option(
    "--surroundings", is_flag=True, help="Also put photos into margins and on other backgrounds."
)
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    metavar="N",
    help="Show so many queries of each set that were answered worst.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--csv", "csv_file", type=FILE, metavar="FILE", help="Also write what came of every query."
)
@with_workspace
def evaluate(
    workspace: Workspace,
    models: tuple[str, ...],
    table: Path,
    photos: tuple[str, ...],
    columns: tuple[str, ...],
    worst: int,
    as_json: bool,
    csv_file: Path | None,
    **others: Any,
) -> None:
    """Judge MODELs by how well they find a catalogue's products, side by side.

    Each with a 95 % interval; models after the first with how much they exceed it, on the same queries.
    """
    _check_place(csv_file)
    started = time.monotonic()
    found = workspace.evaluate(
        models, table, folders_of(photos), columns=pairs_of(columns), **others
    )
    if as_json:
        print_json(found, worst)
    else:
        print_evaluation(found, worst)
        summarize(f"judged {', '.join(found.models)}", started)
    if csv_file is not None:
        write_lines(found, csv_file)


def pairs_of(given: tuple[str, ...]) -> dict[str, str]:
    """What `FIELD=COLUMN` options say."""
    pairs = {}
    for text in given:
        field, equals, column = (part.strip() for part in text.partition("="))
        if not equals or not field:
            raise click.BadParameter(
                f"{text!r} is not FIELD=COLUMN, such as articleType=category.",
                param_hint="--column",
            )
        pairs[field] = column
    return pairs


def folders_of(given: tuple[str, ...]) -> dict[str, str]:
    """Folders by name; one without a name has that of the folder."""
    folders: dict[str, str] = {}
    for text in given:
        name, equals, folder = text.partition("=")
        if not equals or "/" in name or Path(text).is_dir():
            name, folder = Path(text).resolve().name, text
        if name in folders:
            raise click.BadParameter(
                f"{name!r} is given twice. Name them: NAME=DIR.", param_hint="--photos"
            )
        folders[name] = folder
    return folders


def _check_place(file: Path | None) -> None:
    """Before the long work, whether its result can be written."""
    if file is not None and (file.is_dir() or not file.resolve().parent.is_dir()):
        why = "is a folder" if file.is_dir() else f"lies in no folder: {file.resolve().parent}"
        raise click.BadParameter(f"{file} {why}.", param_hint="--csv")
