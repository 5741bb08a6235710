"""Commands of volumes: folders that paths `/Volumes/...` stand for. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import FILE, Group, with_workspace
from engine.doors.cli.printing import explain_if_empty, print_table

if TYPE_CHECKING:
    from engine.workspace import Workspace


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


@volume.command("list")
@click.argument("schema", metavar="CATALOG.SCHEMA")
@with_workspace
def volume_list(workspace: Workspace, schema: str) -> None:
    """List the volumes of a schema."""
    catalog, _, name = schema.partition(".")
    rows = [
        {
            "volume": found["full_name"],
            "type": found.get("volume_type"),
            "folder": found.get("storage_location", "").removeprefix("file://"),
            "comment": found.get("comment"),
        }
        for found in workspace.list_volumes(catalog, name)
    ]
    explain_if_empty(workspace, f"volumes of {schema}", rows)
    print_table(rows, ["volume", "type", "folder", "comment"])


@volume.command("delete")
@click.argument("name", metavar="CATALOG.SCHEMA.VOLUME")
@with_workspace
def volume_delete(workspace: Workspace, name: str) -> None:
    """Delete a volume with its files; a registered folder is only forgotten."""
    workspace.delete_volume(name)
    click.echo(f"deleted volume {name}")
