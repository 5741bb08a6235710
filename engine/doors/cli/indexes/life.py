"""Commands of the life of indexes: sync, describe, list, delete. Translates and prints."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from engine.doors.cli.indexes.group import index
from engine.doors.cli.options import AS_JSON, with_workspace
from engine.doors.cli.printing import explain_if_empty, print_json, print_sync, print_table, say
from engine.errors import NotFound
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.workspace import Workspace

_LISTED = (
    Column("name", least=44, is_kept=True),
    Column("endpoint", least=12),
    Column("rows", form=","),
    Column("state", least=24, is_kept=True),
)


@index.command("sync")
@click.argument("name")
@with_workspace
def index_sync(workspace: Workspace, name: str) -> None:
    """Bring an index to the state of its source table."""
    name = workspace.full_index_name(name)
    print_sync(name, workspace.sync(name))


@index.command("describe")
@click.argument("name")
@with_workspace
def index_describe(workspace: Workspace, name: str) -> None:
    """Print an index as the API describes it, in JSON."""
    name = workspace.full_index_name(name)
    print_json(workspace.get_index(name))


@index.command("list")
@AS_JSON
@with_workspace
def index_list(workspace: Workspace, as_json: bool) -> None:
    """List all indexes."""
    rows = []
    for found in workspace.list_indexes():
        with contextlib.suppress(NotFound):  # deleted just now
            status = found.get("status") or workspace.get_index(found["name"])["status"]
            endpoint_name = found.get("endpoint_name")
            row = {"name": found["name"], "endpoint": endpoint_name}
            rows.append(
                {**row, "rows": status["indexed_row_count"], "state": status["detailed_state"]}
            )
    if as_json:
        print_json(rows)
        return
    explain_if_empty(workspace, "indexes", rows)
    print_table(rows, _LISTED)


@index.command("delete")
@click.argument("name")
@with_workspace
def index_delete(workspace: Workspace, name: str) -> None:
    """Delete an index and its files, also one that the deletion of its endpoint left behind."""
    name = workspace.full_index_name(name)
    workspace.delete_index(name, orphaned=True)
    say(f"deleted index {name}")
