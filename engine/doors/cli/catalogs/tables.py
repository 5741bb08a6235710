"""Commands of tables: register, list, drop, show. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import AS_JSON, Group, with_workspace
from engine.doors.cli.printing import explain_if_empty, print_json, print_table, say

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.group(cls=Group)
def table() -> None:
    """Tables: made of files, or registered where they lie; list, show, export."""


@table.command("register")
@click.argument("name")
@click.argument("files", nargs=-1, required=True)
@with_workspace
def table_register(workspace: Workspace, name: str, files: tuple[str, ...]) -> None:
    """Make Parquet FILES (or folders of them) the table NAME, where they lie."""
    rows = workspace.register_table(name, files)
    say(f"registered {name}: {rows:,} rows, read in place")


@table.command("list")
@AS_JSON
@with_workspace
def table_list(workspace: Workspace, as_json: bool) -> None:
    """List the tables of the workspace; a damaged one with what is wrong."""
    names = workspace.list_tables()
    damaged = workspace.damaged_tables()
    if as_json:
        print_json([{"name": name, "damaged": damaged.get(name)} for name in names])
        return
    explain_if_empty(workspace, "tables", names)
    for name in names:
        reason = damaged.get(name)
        say(name if reason is None else f"{name}  (damaged: {' '.join(reason.split())})")


@table.command("drop")
@click.argument("name")
@with_workspace
def table_drop(workspace: Workspace, name: str) -> None:
    """Forget a table, also a damaged one; registered files stay."""
    workspace.drop_table(name)
    say(f"dropped {name}")


@table.command("show")
@click.argument("name")
@click.option("-n", "rows", type=click.IntRange(min=1), default=10, show_default=True)
@AS_JSON
@with_workspace
def table_show(workspace: Workspace, name: str, rows: int, as_json: bool) -> None:
    """Print the first rows of a table."""
    from engine.core.arrow.objects import rows_of

    content = workspace.read_table(name)
    shown = rows_of(content.slice(0, rows))
    if as_json:
        print_json(shown)
        return
    print_table(shown, content.column_names)
    say(f"{min(rows, len(content)):,} of {len(content):,} rows")
