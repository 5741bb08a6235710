"""The command that sets a workspace up by a file. Translates and prints."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import AS_JSON, with_workspace
from engine.doors.cli.printing import note, print_json, print_table, say
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.doors.seeding.report import ApplyReport
    from engine.workspace import Workspace

_COLUMNS = (
    Column("kind", is_kept=True),
    Column("name", least=24, is_kept=True),
    Column("action", is_kept=True),
    Column("detail", least=16),
)


@click.command()
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Only print what would be done.")
@click.option(
    "--recreate", is_flag=True, help="Delete and make anew indexes that can't be changed in place."
)
@AS_JSON
@with_workspace
def apply(workspace: Workspace, file: str, dry_run: bool, recreate: bool, as_json: bool) -> None:
    """Bring the workspace to what FILE says: YAML, JSON, or .py with seed(workspace).

    Makes catalogs, schemas, volumes, tables, endpoints and indexes where they are missing and brings
    them up to date; what FILE does not name is not touched. Nothing is changed where FILE has an
    error; what fails later does not keep the rest from being made, and ends in 1.
    """
    from engine.doors.seeding.applying import apply as applied

    # What a program of the user's prints is no part of the JSON.
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        report = applied(workspace, file, dry_run=dry_run, recreate=recreate)
    if as_json:
        print_json(report.rows())
    else:
        print_report(report)
    if report.failed:
        click.get_current_context().exit(1)


def print_report(report: ApplyReport) -> None:
    """What came of a file as a table; in full what failed, and notes, on standard error."""
    print_table(report.rows(), _COLUMNS)
    for one in report.failed:
        say(f"{one.action}: {one.kind} {one.name}: {one.detail}", err=True)
    for text in report.notes:
        note(text)
    if report.dry_run:
        note("nothing was changed: --dry-run was given")


def apply_before(workspace: Workspace, file: str) -> None:
    """Apply a file before a server starts.

    Raises:
        RowsFailed: something in it failed. Otherwise as `apply`.
    """
    from engine.doors.seeding.applying import apply as applied

    report = applied(workspace, file)
    report.raise_for_failures()
    for text in report.notes:
        note(text)
    done = [row for row in report.rows() if row["action"] != "unchanged"]
    say(f"applied {file}: {len(report.rows())} resources, {len(done)} of them changed")
