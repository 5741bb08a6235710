"""Commands for the server and its model serving endpoints. Translates and prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import Group, with_workspace
from engine.doors.cli.printing import print_table

if TYPE_CHECKING:
    from engine.workspace import Workspace


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
    from engine.doors.http.server import Options, serve

    options = Options(workspace.path, host, port, workers, not no_auth, not quiet)
    options.check()
    click.echo(f"serving {workspace.path} on {options.url} (Ctrl-C ends it)")
    if not no_auth:
        _show_credentials(workspace, options.url)
    serve(options)


def _show_credentials(workspace: Workspace, url: str) -> None:
    """Print new credentials, or where they are; those of the environment are never printed."""
    from engine.doors.http.credentials import FILE, VARIABLES, given_credentials, open_credentials

    credentials, made = open_credentials(workspace.path, os.environ)
    given = given_credentials(os.environ)
    shown = {
        name: f"(that of {VARIABLES[name]})" if name in given else getattr(credentials, name)
        for name in VARIABLES
    }
    if made:
        click.echo(f"credentials, shown once and kept in the workspace's {FILE}:")
        click.echo(f"  DATABRICKS_HOST={url}")
        click.echo(f"  DATABRICKS_TOKEN={shown['token']}")
        click.echo("or, instead of the token:")
        click.echo(f"  DATABRICKS_CLIENT_ID={shown['client_id']}")
        click.echo(f"  DATABRICKS_CLIENT_SECRET={shown['client_secret']}")
        return
    places = [VARIABLES[name] for name in given]
    if len(given) < len(VARIABLES):
        places.append(str(workspace.path / FILE))
    click.echo(f"credentials: {', '.join(places)}")


@click.group(cls=Group)
def serving() -> None:
    """Model serving endpoints: a name, and the encoder behind it."""


@serving.command("create")
@click.argument("name")
@click.option("--encoder", metavar="NAME", help="Default: the workspace's own.")
@click.option(
    "--output",
    type=click.Choice(["vectors", "flat"]),
    default="vectors",
    show_default=True,
    help="How one record is answered: a list of one vector, or the vector itself.",
)
@with_workspace
def serving_create(workspace: Workspace, name: str, encoder: str | None, output: str) -> None:
    """Create a serving endpoint."""
    workspace.create_serving_endpoint(name, encoder, output)
    click.echo(f"created serving endpoint {name}")


@serving.command("list")
@with_workspace
def serving_list(workspace: Workspace) -> None:
    """List the serving endpoints."""
    rows = [
        {
            "name": found["name"],
            "encoder": found["config"]["served_entities"][0]["entity_name"],
            "output": found["config"]["output"],
            "description": found["description"],
        }
        for found in workspace.list_serving_endpoints()
    ]
    print_table(rows, ["name", "encoder", "output", "description"])


@serving.command("delete")
@click.argument("name")
@with_workspace
def serving_delete(workspace: Workspace, name: str) -> None:
    """Delete a serving endpoint."""
    workspace.delete_serving_endpoint(name)
    click.echo(f"deleted serving endpoint {name}")


SERVER_COMMANDS = (serve, serving)
