"""Commands of schemas: list, create, delete. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import AS_JSON, Group, with_workspace
from engine.doors.cli.printing import explain_if_empty, print_json, print_table, say
from engine.settings import DEFAULT_CATALOG

if TYPE_CHECKING:
    from engine.workspace import Workspace

_FULL_NAME = click.argument("full_name", metavar="CATALOG.SCHEMA")


@click.group(cls=Group)
def schema() -> None:
    """Schemas, each with tables, volumes and indexes."""


@schema.command("list")
@click.argument("catalog", default=DEFAULT_CATALOG)
@AS_JSON
@with_workspace
def schema_list(workspace: Workspace, catalog: str, as_json: bool) -> None:
    """List the schemas of a CATALOG."""
    rows = [
        {"schema": found["full_name"], "owner": found.get("owner"), "comment": found.get("comment")}
        for found in workspace.list_schemas(catalog)
    ]
    if as_json:
        print_json(rows)
        return
    explain_if_empty(workspace, f"schemas in {catalog}", rows)
    print_table(rows, ["schema", "owner", "comment"])


@schema.command("create")
@_FULL_NAME
@click.option("--comment", metavar="TEXT")
@with_workspace
def schema_create(workspace: Workspace, full_name: str, comment: str | None) -> None:
    """Create a schema."""
    catalog, _, name = full_name.partition(".")
    workspace.create_schema(name, catalog, comment=comment)
    say(f"created schema {full_name}")


@schema.command("delete")
@_FULL_NAME
@click.option("--force", is_flag=True, help="Also its tables, volumes and indexes.")
@with_workspace
def schema_delete(workspace: Workspace, full_name: str, force: bool) -> None:
    """Delete a schema."""
    workspace.delete_schema(full_name, force=force)
    say(f"deleted schema {full_name}")
