"""Commands of volumes: folders that paths `/Volumes/...` stand for. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import AS_JSON, FILE, Group, with_workspace
from engine.doors.cli.printing import explain_if_empty, print_json, print_table, say

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.group(cls=Group)
def volume() -> None:
    """Volumes: folders of files, such as photos."""


@volume.command("register")
@click.argument("path", metavar="/Volumes/CATALOG/SCHEMA/VOLUME[/...]")
@click.argument("folder", type=FILE)
@with_workspace
def volume_register(workspace: Workspace, path: str, folder: Path) -> None:
    """Let a volume path stand for a FOLDER of this machine, read in place."""
    workspace.register_volume(path, folder)
    say(f"registered {path} -> {folder.resolve()}")


@volume.command("create")
@click.argument("name", metavar="CATALOG.SCHEMA.VOLUME")
@click.option("--comment", metavar="TEXT")
@with_workspace
def volume_create(workspace: Workspace, name: str, comment: str | None) -> None:
    """Create an empty volume, whose files lie in the workspace."""
    catalog, _, rest = name.partition(".")
    schema, _, last = rest.partition(".")
    workspace.create_volume(catalog, schema, last, comment=comment)
    say(f"created volume {name}")


@volume.command("list")
@click.argument("schema", metavar="[CATALOG.SCHEMA]", required=False)
@AS_JSON
@with_workspace
def volume_list(workspace: Workspace, schema: str | None, as_json: bool) -> None:
    """List the volumes of a schema, or all."""
    if schema is None:
        names = [str(name) for name in workspace.volumes.names()]
        found = workspace.unity_catalog.volumes.describe(names)
    else:
        catalog, _, name = schema.partition(".")
        if not name:
            raise click.UsageError(
                f"{schema!r:.80} is no schema; expected CATALOG.SCHEMA, or nothing for all volumes."
            )
        found = workspace.list_volumes(catalog, name)
    rows = [
        {
            "volume": one["full_name"],
            "type": one.get("volume_type"),
            "folder": one.get("storage_location", "").removeprefix("file://"),
            "comment": one.get("comment"),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    explain_if_empty(workspace, "volumes" if schema is None else f"volumes of {schema}", rows)
    print_table(rows, ["volume", "type", "folder", "comment"])


@volume.command("delete")
@click.argument("name", metavar="CATALOG.SCHEMA.VOLUME")
@with_workspace
def volume_delete(workspace: Workspace, name: str) -> None:
    """Delete a volume with its files; a registered folder is only forgotten."""
    workspace.delete_volume(name)
    say(f"deleted volume {name}")
