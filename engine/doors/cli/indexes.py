"""Commands of vector search indexes: their life, and the care of their files. Translates and prints."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import click

from engine.core.index_request import IndexRequest
from engine.doors.cli.options import Group, comma_separated, with_workspace
from engine.doors.cli.printing import explain_if_empty, note, print_sync, print_table
from engine.errors import CorruptFile, NotFound
from engine.settings import DEFAULT_ENDPOINT, DEFAULT_KEY

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.group(cls=Group)
def index() -> None:
    """Vector search indexes."""


@index.command("create")
@click.argument("name")
@click.option("--source", required=True, metavar="TABLE", help="The table with the vectors.")
@click.option("--vector-column", required=True, metavar="COLUMN")
@click.option("--primary-key", default=DEFAULT_KEY, show_default=True, metavar="COLUMN")
@click.option("--endpoint", "endpoint_name", default=DEFAULT_ENDPOINT, show_default=True)
@click.option("--dimension", type=int, help="Length of the vectors; default: as in the table.")
@click.option("--pipeline-type", default="TRIGGERED", show_default=True)
@click.option("--columns", help="Comma-separated columns to sync; default: all.")
@with_workspace
def index_create(
    workspace: Workspace,
    name: str,
    source: str,
    vector_column: str,
    primary_key: str,
    endpoint_name: str,
    dimension: int | None,
    pipeline_type: str,
    columns: str | None,
) -> None:
    """Create the index NAME (catalog.schema.name) over a table and sync it."""
    request = IndexRequest(
        name,
        source_table=source,
        vector_column=vector_column,
        primary_key=primary_key,
        endpoint=endpoint_name,
        dimension=dimension,
        pipeline_type=pipeline_type,
        columns_to_sync=comma_separated(columns),
        create_endpoint=True,
    )
    print_sync(name, workspace.indexes.create(request))
    names = [column["name"] for column in workspace.get_table(source)["columns"]]
    taken = {column["name"] for column in workspace.get_table(name)["columns"]}
    left_out = [column for column in names if column not in taken]
    if columns is None and left_out:
        note(f"left out {', '.join(left_out)}; name columns with --columns to take them")


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
    click.echo(json.dumps(workspace.get_index(name), indent=2))


@index.command("list")
@with_workspace
def index_list(workspace: Workspace) -> None:
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
    explain_if_empty(workspace, "indexes", rows)
    print_table(rows, ["name", "endpoint", "rows", "state"])


@index.command("delete")
@click.argument("name")
@with_workspace
def index_delete(workspace: Workspace, name: str) -> None:
    """Delete an index and its files, also one that the deletion of its endpoint left behind."""
    name = workspace.full_index_name(name)
    workspace.delete_index(name, orphaned=True)
    click.echo(f"deleted index {name}")


@index.command("check")
@click.argument("name")
@with_workspace
def index_check(workspace: Workspace, name: str) -> None:
    """Read every file of an index; print what is wrong and exit with 1 if anything is."""
    name = workspace.full_index_name(name)
    faults = workspace.check_index(name)
    for fault in faults:
        click.echo(" ".join(fault.split()))
    if faults:
        click.get_current_context().exit(1)
    click.echo(f"{name}: {len(workspace.index_versions(name)):,} versions, all intact")


@index.command("compact")
@click.argument("name")
@with_workspace
def index_compact(workspace: Workspace, name: str) -> None:
    """Merge all segments of an index and drop its deleted rows."""
    name = workspace.full_index_name(name)
    done = workspace.compact_index(name)
    rows = workspace.get_index(name)["status"]["indexed_row_count"]
    click.echo(f"{'compacted' if done else 'nothing to compact in'} {name}: {rows:,} rows")


@index.command("restore")
@click.argument("name")
@with_workspace
def index_restore(workspace: Workspace, name: str) -> None:
    """Restore an index after damage to its files: its description, and the newest intact version."""
    name = workspace.full_index_name(name)
    latest: list[int] = []
    with contextlib.suppress(CorruptFile):
        latest = workspace.index_versions(name)[-1:]
    number = workspace.restore_index(name)
    rows = workspace.get_index(name)["status"]["indexed_row_count"]
    what = "nothing to restore in" if [number] == latest else "restored"
    click.echo(f"{what} {name}: version {number}, {rows:,} rows")
