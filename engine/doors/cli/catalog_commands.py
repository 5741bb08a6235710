"""Commands for what a workspace holds: tables, volumes, endpoints, indexes. Translates and prints."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import FILE, Group, comma_separated, with_workspace
from engine.doors.cli.printing import note, print_sync, print_table
from engine.errors import CorruptFile, NotFound
from engine.settings import DEFAULT_ENDPOINT, DEFAULT_KEY

if TYPE_CHECKING:
    from engine.workspace import Workspace


def _explain_nothing(workspace: Workspace, what: str, found: Sequence[object]) -> None:
    """Say why a list is empty; where there is no workspace at all, as an error."""
    if not found:
        workspace.check_is_there()
        note(f"no {what} here. {workspace.whereabouts()}")


# ---------------------------------------------------------------------- tables and volumes
@click.group(cls=Group)
def table() -> None:
    """Tables: register exported Parquet files, list, show."""


@table.command("register")
@click.argument("name")
@click.argument("files", nargs=-1, required=True)
@with_workspace
def table_register(workspace: Workspace, name: str, files: tuple[str, ...]) -> None:
    """Make Parquet FILES (or folders of them) the table NAME, where they lie."""
    rows = workspace.register_table(name, files)
    click.echo(f"registered {name}: {rows:,} rows, read in place")


@table.command("list")
@with_workspace
def table_list(workspace: Workspace) -> None:
    """List the tables of the workspace; a damaged one with what is wrong."""
    names = workspace.list_tables()
    _explain_nothing(workspace, "tables", names)
    damaged = workspace.damaged_tables()
    for name in names:
        reason = damaged.get(name)
        click.echo(name if reason is None else f"{name}  (damaged: {' '.join(reason.split())})")


@table.command("drop")
@click.argument("name")
@with_workspace
def table_drop(workspace: Workspace, name: str) -> None:
    """Forget a table, also a damaged one; registered files stay."""
    workspace.drop_table(name)
    click.echo(f"dropped {name}")


@table.command("show")
@click.argument("name")
@click.option("-n", "rows", type=click.IntRange(min=1), default=10, show_default=True)
@with_workspace
def table_show(workspace: Workspace, name: str, rows: int) -> None:
    """Print the first rows of a table."""
    content = workspace.read_table(name)
    print_table(content.slice(0, rows).to_pylist(), content.column_names)
    click.echo(f"{min(rows, len(content)):,} of {len(content):,} rows")


@click.group(cls=Group)
def volume() -> None:
    """Volumes: folders of images."""


@volume.command("register")
@click.argument("path", metavar="/Volumes/CATALOG/SCHEMA/VOLUME[/...]")
@click.argument("folder", type=FILE)
@with_workspace
def volume_register(workspace: Workspace, path: str, folder: Path) -> None:
    """Let a volume path stand for a FOLDER of this machine, read in place."""
    workspace.register_volume(path, folder)
    click.echo(f"registered {path} -> {folder.resolve()}")


# ---------------------------------------------------------------------- endpoints and indexes
@click.group(cls=Group)
def endpoint() -> None:
    """Vector search endpoints."""


@endpoint.command("create")
@click.argument("name")
@click.option("--type", "kind", default="STANDARD", show_default=True)
@with_workspace
def endpoint_create(workspace: Workspace, name: str, kind: str) -> None:
    """Create an endpoint."""
    workspace.create_endpoint(name, kind)
    click.echo(f"created endpoint {name}")


@endpoint.command("list")
@with_workspace
def endpoint_list(workspace: Workspace) -> None:
    """List the endpoints."""
    rows = [
        {
            "name": found["name"],
            "type": found["endpoint_type"],
            "state": found["endpoint_status"]["state"],
            "indexes": found["num_indexes"],
        }
        for found in workspace.list_endpoints()
    ]
    _explain_nothing(workspace, "endpoints", rows)
    print_table(rows, ["name", "type", "state", "indexes"])


@endpoint.command("delete")
@click.argument("name")
@with_workspace
def endpoint_delete(workspace: Workspace, name: str) -> None:
    """Delete an endpoint that has no indexes."""
    workspace.delete_endpoint(name)
    click.echo(f"deleted endpoint {name}")


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
    report = workspace.create_index(
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
    print_sync(name, report)
    names = [column["name"] for column in workspace.get_table(source)["columns"]]
    taken = {column["name"] for column in workspace.get_table(name)["columns"]}
    passed_over = [column for column in names if column not in taken]
    if columns is None and passed_over:
        note(f"left out {', '.join(passed_over)}; name columns with --columns to take them")


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
            status = workspace.get_index(found["name"])["status"]
            endpoint_name = found.get("endpoint_name")
            row = {"name": found["name"], "endpoint": endpoint_name}
            rows.append(
                {**row, "rows": status["indexed_row_count"], "state": status["detailed_state"]}
            )
    _explain_nothing(workspace, "indexes", rows)
    print_table(rows, ["name", "endpoint", "rows", "state"])


@index.command("delete")
@click.argument("name")
@with_workspace
def index_delete(workspace: Workspace, name: str) -> None:
    """Delete an index and its files."""
    name = workspace.full_index_name(name)
    workspace.delete_index(name)
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


GROUPS = (table, volume, endpoint, index)
