"""Commands of volumes: folders of photos that paths `/Volumes/...` stand for. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import FILE, Group, with_workspace

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
