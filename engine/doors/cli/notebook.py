"""The command that runs a notebook. Translates; the run is a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from engine.doors.cli.options import FILE, chosen_workspace, takes_workspace
from engine.settings import Settings


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--widget",
    "widgets",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a widget, before its default.",
)
@click.option(
    "--html", type=FILE, metavar="FILE", help="Save what was shown as a page in one file."
)
@click.option("--cell", type=click.IntRange(min=1), metavar="N", help="Run this cell alone.")
@click.option("--from-cell", type=click.IntRange(min=1), metavar="N", help="Begin with this cell.")
@click.option("--to-cell", type=click.IntRange(min=1), metavar="N", help="End with this cell.")
@takes_workspace()
def notebook(
    file: Path,
    widgets: tuple[str, ...],
    html: Path | None,
    cell: int | None,
    from_cell: int | None,
    to_cell: int | None,
) -> None:
    """Run an exported Databricks notebook FILE, cell by cell, to the first that fails.

    FILE is in source form (.py, .sql) or an .ipynb. A server over the workspace answers the cloud's
    clients meanwhile, /Volumes/... are its volumes, secrets are VITRINE_SECRET_SCOPE_KEY of the
    environment.
    """
    from engine.doors.notebook.asked import Asked
    from engine.doors.notebook.process import run_notebook
    from engine.doors.notebook.reading.opening import read_notebook
    from engine.optional import check

    if cell is not None and (from_cell or to_cell):
        raise click.UsageError("--cell is one cell; --from-cell and --to-cell are several.")
    check("IPython", "a notebook")
    check("markdown_it", "a notebook")
    count = len(read_notebook(file).cells)
    for number in (cell, from_cell):
        if number is not None and number > count:
            raise click.UsageError(f"there is no cell {number}; {file.name} has {count}.")
    asked = Asked(
        file=str(file.resolve()),
        workspace=str(_workspace_folder().resolve()),
        widgets=dict(map(_widget, widgets)),
        html=None if html is None else _page_file(html),
        first=cell or from_cell,
        last=cell or to_cell,
    )
    sys.stdout.flush()
    status = run_notebook(asked)
    if status:
        click.get_current_context().exit(status)


def _workspace_folder() -> Path:
    """As `Workspace` chooses it, which isn't opened here."""
    chosen = chosen_workspace()
    return Path(chosen).expanduser() if chosen else Settings.from_environment(os.environ).path


def _page_file(html: Path) -> str:
    from engine.shop.search.result import page_file

    return str(page_file(html).resolve())


def _widget(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="--widget")
    return name, value
