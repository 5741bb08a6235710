"""Options that contests share: who takes part, and where their stores lie."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.errors import InvalidParameterValue
from engine.locks import WaitedTooLong, held

Command = TypeVar("Command", bound=Callable[..., Any])
FOLDER = click.Path(file_okay=False, path_type=Path)


def contest_options(command: Command) -> Command:
    """Add `contestants` and `stores`."""
    for option in (
        click.option(
            "--stores",
            type=FOLDER,
            metavar="DIR",
            help="Keep data and stores here, and open those of an earlier run; default: made anew.",
        ),
        click.option(
            "--contestant",
            "contestants",
            multiple=True,
            metavar="NAME|FILE|DIR",
            help="A bundled one, a file with a class Contestant, or a folder of such files; several.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def stores_in(folder: Path | None) -> Iterator[Path]:
    """The folder asked for, which one run has at a time, or one that is taken away at the end."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with held(folder / "in-use.lock", 0):
                yield folder
        except WaitedTooLong as error:
            raise InvalidParameterValue(
                f"--stores {folder}: another run is at it; wait until it ends, or name another folder"
            ) from error
        return
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as made:
        yield Path(made)
