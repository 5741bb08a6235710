"""The command that serves a workspace over HTTP. Translates and prints."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import with_workspace
from engine.doors.cli.printing import note
from engine.errors import VitrineError

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", default=8765, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes; SQL sessions, and results behind links, need one alone.",
)
@click.option("--no-auth", is_flag=True, help="Let everybody in; on this machine's address only.")
@click.option("--quiet", is_flag=True, help="No access log.")
@click.option(
    "--faults",
    is_flag=True,
    help="Let callers ask for faults at /api/v1/faults; on this machine's address only.",
)
@with_workspace
def serve(
    workspace: Workspace,
    host: str,
    port: int,
    workers: int,
    no_auth: bool,
    quiet: bool,
    faults: bool,
) -> None:
    """Serve the workspace over HTTP, as the cloud's clients expect it."""
    from engine.doors.http.server import Options, serve

    options = Options(workspace.path, host, port, workers, not no_auth, not quiet, faults)
    options.check()
    with contextlib.suppress(VitrineError):  # whoever asks for vectors is told
        for each in workspace.shop.model_notes():
            note(each)
    click.echo(f"serving {workspace.path} on {options.url} (Ctrl-C ends it)")
    if not no_auth:
        _show_credentials(workspace, options.url)
    if faults:
        click.echo(f"faults are asked for at {options.url}/api/v1/faults (POST, GET, DELETE)")
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
