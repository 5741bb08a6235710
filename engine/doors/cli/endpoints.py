"""Commands of vector search endpoints: create, list, delete. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import AS_JSON, Group, with_workspace
from engine.doors.cli.printing import explain_if_empty, note, print_json, print_table, say

if TYPE_CHECKING:
    from engine.workspace import Workspace


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
    say(f"created endpoint {name}")


@endpoint.command("list")
@AS_JSON
@with_workspace
def endpoint_list(workspace: Workspace, as_json: bool) -> None:
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
    if as_json:
        print_json(rows)
        return
    explain_if_empty(workspace, "endpoints", rows)
    print_table(rows, ["name", "type", "state", "indexes"])


@endpoint.command("delete")
@click.argument("name")
@with_workspace
def endpoint_delete(workspace: Workspace, name: str) -> None:
    """Delete an endpoint. Its indexes are not found any more."""
    indexes = []
    if workspace.endpoint_exists(name):
        indexes = [index["name"] for index in workspace.list_indexes(name)]
    workspace.delete_endpoint(name)
    say(f"deleted endpoint {name}")
    if indexes:
        note(
            f"{', '.join(indexes)} stayed behind, and can't be found any more: create them again, or "
            "remove what is left with vitrine index delete"
        )
