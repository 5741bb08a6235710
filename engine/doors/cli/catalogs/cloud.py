"""The command that writes a workspace for the cloud. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import AS_JSON, with_workspace
from engine.doors.cli.printing import note, print_json, print_table, say
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.workspace import Workspace

_COLUMNS = (
    Column("kind", is_kept=True),
    Column("name", least=24, is_kept=True),
    Column("action", is_kept=True),
    Column("rows"),
    Column("detail", least=16),
)


@click.command("export")
@click.option(
    "--cloud",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder to write; it is not there yet, or empty.",
)
@click.option("--replace", is_flag=True, help="Replace an export that is in DIR.")
@AS_JSON
@with_workspace
def export(workspace: Workspace, folder: Path, replace: bool, as_json: bool) -> None:
    """Write the workspace for Databricks: Delta tables, and a script that makes the rest there.

    Tables have change data feed on; create_in_cloud.py in DIR makes the same endpoints and indexes
    with databricks-sdk, and says what it needs. What can't be exported does not keep the rest from
    it, and ends in 1.
    """
    workspace.check_is_there()
    report = workspace.export_cloud(folder, replace=replace)
    rows = [one.row() for one in report.things]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)
        say(report.summary())
    for one in report.failed:
        say(f"failed: {one.kind} {one.name}: {one.detail}", err=True)
    if report.serving_endpoints:
        note(f"must exist there: serving endpoints {', '.join(report.serving_endpoints)}")
    if report.failed:
        click.get_current_context().exit(1)
