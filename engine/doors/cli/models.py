"""Commands of models and of the serving endpoints that answer with them. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import Group, with_workspace
from engine.doors.cli.printing import print_models, print_table, say

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
        say(f"{name}: {speed.texts:,.0f} texts/s, {photos} here")


@click.group(cls=Group)
def serving() -> None:
    """Model serving endpoints: a name, and the encoder behind it."""


_ENCODER = click.option("--encoder", metavar="NAME", help="Default: the workspace's own.")
_MODEL = click.option(
    "--model",
    metavar="SOURCE",
    help="Instead of an encoder: a registered model, models:/NAME/VERSION, runs:/ID/NAME, or the "
    "folder of a model that MLflow logged.",
)
_OUTPUT = click.option(
    "--output",
    type=click.Choice(["vectors", "flat"]),
    default="vectors",
    show_default=True,
    help="How one record is answered: a list of one vector, or the vector itself.",
)


@serving.command("create")
@click.argument("name")
@_ENCODER
@_MODEL
@_OUTPUT
@with_workspace
def serving_create(
    workspace: Workspace, name: str, encoder: str | None, model: str | None, output: str
) -> None:
    """Create a serving endpoint, also under a built-in name."""
    workspace.create_serving_endpoint(name, config=_config(encoder, model, output))
    _wait(workspace, name)
    say(f"created serving endpoint {name}")


@serving.command("update")
@click.argument("name")
@_ENCODER
@_MODEL
@_OUTPUT
@with_workspace
def serving_update(
    workspace: Workspace, name: str, encoder: str | None, model: str | None, output: str
) -> None:
    """Put another encoder or model behind a serving endpoint."""
    workspace.update_serving_endpoint(name, _config(encoder, model, output))
    _wait(workspace, name)
    say(f"updated serving endpoint {name}")


@serving.command("register")
@click.argument("name")
@click.argument("source")
@click.option("--alias", help="A name that stands for this version from now on.")
@with_workspace
def serving_register(workspace: Workspace, name: str, source: str, alias: str | None) -> None:
    """Register a Python model that MLflow logged (SOURCE, a program) as a NAME's next version."""
    made = workspace.register_model(name, source, alias)
    say(f"registered model {name}, version {made['version']}")


def _config(encoder: str | None, model: str | None, output: str) -> dict[str, Any]:
    if encoder and model:
        raise click.UsageError("--encoder and --model can't be given together.")
    return {"served_entities": [{"entity_name": model or encoder or "default"}], "output": output}


def _wait(workspace: Workspace, name: str) -> None:
    """Until an endpoint answers; what it can't be is said as an error."""
    found = workspace.wait_for_serving_endpoint(name)
    if found["state"]["config_update"] == "UPDATE_FAILED":
        (entity,) = found["pending_config"]["served_entities"]
        raise click.ClickException(entity["state"]["deployment_state_message"])


@serving.command("list")
@with_workspace
def serving_list(workspace: Workspace) -> None:
    """List the serving endpoints."""
    rows = []
    for found in workspace.list_serving_endpoints():
        config = found.get("config") or found["pending_config"]
        rows.append(
            {
                "name": found["name"],
                "encoder": config["served_entities"][0]["entity_name"],
                "output": config["output"],
                "description": found["description"],
            }
        )
    print_table(rows, ["name", "encoder", "output", "description"])


@serving.command("delete")
@click.argument("name")
@with_workspace
def serving_delete(workspace: Workspace, name: str) -> None:
    """Delete a serving endpoint."""
    workspace.delete_serving_endpoint(name)
    say(f"deleted serving endpoint {name}")
