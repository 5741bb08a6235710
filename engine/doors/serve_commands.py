"""Commands for the server and its model serving endpoints. Translates and prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from engine.doors.options import with_workspace
from engine.doors.printing import print_table

if TYPE_CHECKING:
    from engine.service.workspace import Workspace


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes."
)
@click.option("--no-auth", is_flag=True, help="Let everybody in; on this machine's address only.")
@click.option("--quiet", is_flag=True, help="No access log.")
@with_workspace
def serve(
    workspace: Workspace, host: str, port: int, workers: int, no_auth: bool, quiet: bool
) -> None:
    """Serve the workspace over HTTP, as the cloud's clients expect it."""
    from engine.doors.http.credentials import open_credentials
    from engine.doors.http.server import Options, serve

    options = Options(workspace.path, host, port, workers, not no_auth, not quiet)
    options.check()
    click.echo(f"serving {workspace.path} on http://{host}:{port} (Ctrl-C ends it)")
    if not no_auth:
        credentials, made = open_credentials(workspace.path, os.environ)
        if made:
            click.echo("credentials, shown once and kept in the workspace's credentials.json:")
            click.echo(f"  DATABRICKS_HOST=http://{host}:{port}")
            click.echo(f"  DATABRICKS_TOKEN={credentials.token}")
            click.echo("or, instead of the token:")
            click.echo(f"  DATABRICKS_CLIENT_ID={credentials.client_id}")
            click.echo(f"  DATABRICKS_CLIENT_SECRET={credentials.client_secret}")
    serve(options)


@click.group()
def serving() -> None:
    """Model serving endpoints: a name, and the encoder behind it."""


@serving.command("create")
@click.argument("name")
@click.option("--encoder", metavar="NAME", help="Default: the workspace's own.")
@with_workspace
def serving_create(workspace: Workspace, name: str, encoder: str | None) -> None:
    """Create a serving endpoint."""
    workspace.create_serving_endpoint(name, encoder)
    click.echo(f"created serving endpoint {name}")


@serving.command("list")
@with_workspace
def serving_list(workspace: Workspace) -> None:
    """List the serving endpoints."""
    rows = [
        {
            "name": found["name"],
            "encoder": found["config"]["served_entities"][0]["entity_name"],
            "description": found["description"],
        }
        for found in workspace.list_serving_endpoints()
    ]
    print_table(rows, ["name", "encoder", "description"])


@serving.command("delete")
@click.argument("name")
@with_workspace
def serving_delete(workspace: Workspace, name: str) -> None:
    """Delete a serving endpoint."""
    workspace.delete_serving_endpoint(name)
    click.echo(f"deleted serving endpoint {name}")


SERVER_COMMANDS = (serve, serving)
