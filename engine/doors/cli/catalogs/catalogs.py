"""Commands of catalogs: list, create, delete. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import AS_JSON, Group, with_workspace
from engine.doors.cli.printing import print_json, print_table, say

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.group(cls=Group)
def catalog() -> None:
    """Catalogs, each with schemas."""


@catalog.command("list")
@AS_JSON
@with_workspace
def catalog_list(workspace: Workspace, as_json: bool) -> None:
    """List the catalogs."""
    rows = [
        {"name": found["name"], "owner": found.get("owner"), "comment": found.get("comment")}
        for found in workspace.list_catalogs()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(rows, ["name", "owner", "comment"])


@catalog.command("create")
@click.argument("name")
@click.option("--comment", metavar="TEXT")
@with_workspace
def catalog_create(workspace: Workspace, name: str, comment: str | None) -> None:
    """Create a catalog, with a schema `default`."""
    workspace.create_catalog(name, comment=comment)
    say(f"created catalog {name}")


@catalog.command("delete")
@click.argument("name")
@click.option("--force", is_flag=True, help="Also its schemas, tables, volumes and indexes.")
@with_workspace
def catalog_delete(workspace: Workspace, name: str, force: bool) -> None:
    """Delete a catalog."""
    workspace.delete_catalog(name, force=force)
    say(f"deleted catalog {name}")
