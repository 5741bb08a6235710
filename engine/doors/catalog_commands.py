"""Commands for what a workspace holds: tables, volumes, endpoints, indexes. Translates and prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.options import FILE, Group, comma_separated, with_workspace
from engine.doors.printing import print_sync, print_table

if TYPE_CHECKING:
    from engine.service.workspace import Workspace


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
    """List the tables of the workspace."""
    for name in workspace.list_tables():
        click.echo(name)


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
@click.option("--primary-key", default="product_id", show_default=True, metavar="COLUMN")
@click.option("--endpoint", "endpoint_name", default="fashion_vector_search", show_default=True)
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


@index.command("sync")
@click.argument("name")
@with_workspace
def index_sync(workspace: Workspace, name: str) -> None:
    """Bring an index to the state of its source table."""
    print_sync(name, workspace.sync(name))


@index.command("describe")
@click.argument("name")
@with_workspace
def index_describe(workspace: Workspace, name: str) -> None:
    """Print an index as the API describes it, in JSON."""
    click.echo(json.dumps(workspace.get_index(name), indent=2))


@index.command("list")
@with_workspace
def index_list(workspace: Workspace) -> None:
    """List all indexes."""
    rows = []
    for found in workspace.list_endpoints():
        for spec in workspace.list_indexes(found["name"]):
            status = workspace.get_index(spec["name"])["status"]
            rows.append(
                {
                    "name": spec["name"],
                    "endpoint": found["name"],
                    "rows": status["indexed_row_count"],
                    "state": status["detailed_state"],
                }
            )
    print_table(rows, ["name", "endpoint", "rows", "state"])


@index.command("delete")
@click.argument("name")
@with_workspace
def index_delete(workspace: Workspace, name: str) -> None:
    """Delete an index and its files."""
    workspace.delete_index(name)
    click.echo(f"deleted index {name}")


@index.command("check")
@click.argument("name")
@with_workspace
def index_check(workspace: Workspace, name: str) -> None:
    """Read every file of an index; print what is wrong and exit with 1 if anything is."""
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
    done = workspace.compact_index(name)
    rows = workspace.get_index(name)["status"]["indexed_row_count"]
    click.echo(f"{'compacted' if done else 'nothing to compact in'} {name}: {rows:,} rows")


@index.command("restore")
@click.argument("name")
@with_workspace
def index_restore(workspace: Workspace, name: str) -> None:
    """Publish the newest intact version of an index again, after damage to its files."""
    latest = workspace.index_versions(name)[-1:]
    number = workspace.restore_index(name)
    rows = workspace.get_index(name)["status"]["indexed_row_count"]
    what = "nothing to restore in" if [number] == latest else "restored"
    click.echo(f"{what} {name}: version {number}, {rows:,} rows")


GROUPS = (table, volume, endpoint, index)
