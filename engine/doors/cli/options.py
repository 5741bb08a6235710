"""What several commands share: the workspace, options, and errors shown as one message.

`--workspace` and `--device` may stand before a command's name or after it; the one nearest to the end
counts.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.doors.cli.printing import say
from engine.errors import NotFound, VitrineError
from engine.progress import close_bars
from engine.text_table import harmless

_WORKSPACE = "vitrine.workspace"  # in what click keeps for a whole command line
INTERRUPTED = 130  # exit status of a command ended by Ctrl-C
FILE = click.Path(exists=False, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])


class Group(click.Group):
    """Takes `--workspace` for its commands, shows errors as one message, and an interruption as such."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        takes_workspace()(self)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _without_bars(), _without_notes_of_photos():
                return super().invoke(ctx)
        except VitrineError as error:
            raise click.ClickException(harmless(error.in_words)) from error
        except click.ClickException as error:
            vars(error)["message"] = harmless(error.message)
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read the output has enough; click ends the command quietly
            place = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(harmless(f"{place}{error.strerror or error}")) from error
        except KeyboardInterrupt:
            say("interrupted: what was done is kept, run it again to go on", err=True)
            ctx.exit(INTERRUPTED)


@contextlib.contextmanager
def _without_bars() -> Iterator[None]:
    """Takes bars away that are left where a command ends; what is said then has a line of its own."""
    try:
        yield
    finally:
        close_bars()


@contextlib.contextmanager
def _without_notes_of_photos() -> Iterator[None]:
    """Pillow's warnings of odd headers say nothing to who runs a command: what fails is reported."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _remember_workspace(ctx: click.Context, _: click.Parameter, folder: str | None) -> None:
    if folder is not None and not folder.strip():
        raise click.BadParameter("'' names no folder; expected the workspace's directory.", ctx)
    if folder is not None:
        ctx.meta[_WORKSPACE] = folder  # of a group first, then of its command


def chosen_workspace() -> str | None:
    """The directory that the command line names, None where it names none."""
    chosen: str | None = click.get_current_context().meta.get(_WORKSPACE)
    return chosen


@contextlib.contextmanager
def _device_of(name: str) -> Iterator[None]:
    """The environment names this device: settings are read from there, by worker processes too."""
    before = os.environ.get("VITRINE_DEVICE")
    os.environ["VITRINE_DEVICE"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["VITRINE_DEVICE"]
        else:
            os.environ["VITRINE_DEVICE"] = before


def _use_device(ctx: click.Context, parameter: click.Parameter, name: str | None) -> None:
    if name is None:
        return
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise click.BadParameter(f"{name!r}; expected cpu, cuda or cuda:N.", ctx, parameter)
    ctx.with_resource(_device_of(name))


def with_workspace(command: Command) -> Command:
    """Give a command `--workspace` and, as first argument, the opened workspace."""

    @takes_workspace()
    @functools.wraps(command)
    def wrapped(**arguments: Any) -> Any:
        from engine.workspace import Workspace

        opened = Workspace(chosen_workspace())
        try:
            return command(opened, **arguments)
        except NotFound as error:
            if error.hint is None:
                error.hint = opened.whereabouts()
            raise

    return wrapped  # type: ignore[return-value]


def takes_workspace(help_text: str = "The workspace to use.") -> Callable[[Command], Command]:
    """Give a command `--workspace`, which `chosen_workspace` then knows, and `--device`."""

    def decorate(command: Command) -> Command:
        command = click.option(
            "--device",
            metavar="cpu|cuda|cuda:N",
            help="Where models run and, if it is CUDA, vectors are searched.  "
            "[default: $VITRINE_DEVICE, else models where torch finds a device]",
            expose_value=False,
            callback=_use_device,
        )(command)
        return names_workspace(help_text)(command)

    return decorate


def names_workspace(help_text: str) -> Callable[[Command], Command]:
    """Give a command `--workspace` alone, as one that has a `--device` of its own."""
    return click.option(
        "--workspace",
        "-w",
        metavar="DIR",
        help=help_text,
        expose_value=False,
        callback=_remember_workspace,
    )


def embedding_options(command: Command) -> Command:
    """The options of every command that embeds."""
    options = [
        click.option(
            "--encoder",
            metavar="NAME",
            help="vitrine-clip-1, ARCHITECTURE/TAG, .../FILE or local-dir:DIR.  "
            "[default: $VITRINE_ENCODER, else embedded]",
        ),
        click.option(
            "--recipe",
            metavar="full-v1|short-v1|TEMPLATE",
            help="How a product's text is put together.  [default: as its catalogue says, else full-v1]",
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


# A table of products that is read where it lies, for what judges and trains models.
products_table = click.option(
    "--table", required=True, type=FILE, metavar="FILE", help="Products: CSV or Parquet."
)
products_columns = click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="The table's column for id, name, articleType, baseColour, ...; FIELD= for none.",
)
hold_out = click.option(
    "--hold-out",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only one product in N, by a hash of its id; 10 for those that training leaves out.",
)
file_encoding = click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of the CSV file, such as cp1252.  [default: as the file says, else sniffed]",
)


AS_CODE = click.option(
    "--as-code",
    is_flag=True,
    help="Print the query as Python, SQL, curl and a command, not its rows.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def comma_separated(text: str | None) -> list[str] | None:
    """The names in `a,b,c`; None for no option given."""
    return None if text is None else [name.strip() for name in text.split(",")]


def parsed_filter(text: str | None) -> object:
    """A filter as it was typed: JSON where it begins so, else the API's own language."""
    if text is None or not text.lstrip().startswith(("{", "[")):
        return text
    from engine.doors.rest.json_text import parse_exactly  # loads routes that texts don't need

    try:
        return parse_exactly(text)
    except ValueError as error:
        raise click.BadParameter(
            f'{text!r} is not JSON ({error}). Expected an object such as {{"price <": 50}}, or '
            'text such as "price < 50".',
            param_hint="--filter",
        ) from None
