"""What several commands share: the workspace, options, and errors shown as one message."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.errors import NotFound, VitrineError

INTERRUPTED = 130  # exit status of a command ended by Ctrl-C
FILE = click.Path(exists=False, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


class Group(click.Group):
    """Shows the engine's errors as one message, and an interruption as what it is."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VitrineError as error:
            raise click.ClickException(error.in_words) from error
        except KeyboardInterrupt:
            click.echo("interrupted: what was encoded is kept, run it again to go on", err=True)
            ctx.exit(INTERRUPTED)


def with_workspace(command: Command) -> Command:
    """Give a command `--workspace` and, as first argument, the opened workspace."""

    @click.option("--workspace", "-w", metavar="DIR", help="The workspace to use.")
    @functools.wraps(command)
    def wrapped(workspace: str | None, **arguments: Any) -> Any:
        from engine.service.workspace import Workspace

        opened = Workspace(workspace)
        try:
            return command(opened, **arguments)
        except NotFound as error:
            where = opened.whereabouts()
            error.hint = error.hint or (where if where not in error.message else "")
            raise

    return wrapped  # type: ignore[return-value]


def embedding_options(command: Command) -> Command:
    """The options of every command that embeds."""
    options = [
        click.option(
            "--encoder", metavar="NAME", help="ARCHITECTURE/TAG, .../FILE or local-dir:DIR."
        ),
        click.option(
            "--recipe",
            type=click.Choice(["full-v1", "short-v1"]),
            default="full-v1",
            show_default=True,
            help="How a product's text is put together.",
        ),
        click.option(
            "--limit-photos",
            type=click.IntRange(min=1),
            metavar="N",
            help="Embed only the first N products that have a photo.",
        ),
        click.option("--strict", is_flag=True, help="Exit with an error if rows were left out."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


file_encoding = click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of the CSV file, such as cp1252.  [default: UTF-8, or as its byte order mark says]",
)


def comma_separated(text: str | None) -> list[str] | None:
    """The names in `a,b,c`; None for no option given."""
    return None if text is None else [name.strip() for name in text.split(",")]
