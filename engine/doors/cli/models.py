"""Commands of models and of the serving endpoints that answer with them. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import Group, with_workspace
from engine.doors.cli.printing import print_models, print_table

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.command()
@click.option(
    "--measure", multiple=True, metavar="NAME", help="Also measure this model's speed here."
)
@click.option("--here", is_flag=True, help="Leave out those known by name only.")
@with_workspace
def models(workspace: Workspace, measure: tuple[str, ...], here: bool) -> None:
    """List the models that can be used: embedded, for texts, in hub caches, known to open_clip."""
    print_models([m for m in workspace.list_models() if not here or m.bytes is not None])
    for name in measure:
        speed = workspace.measure_model(name)
        photos = "no photos" if speed.images is None else f"{speed.images:,.0f} photos/s"
        click.echo(f"{name}: {speed.texts:,.0f} texts/s, {photos} here")


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
