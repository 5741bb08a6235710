"""`vitrine bench instructions`: whether a few operations take more instructions than was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import names_workspace
from engine.doors.cli.printing import note, print_json, print_table, say
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.bench.instructions.baseline import Baseline

MODULES = ("engine.bench.instructions.operations", "engine.doors.cli.bench.tables.instructions")
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@names_workspace("Not asked; accepted as everywhere.")
@click.option(
    "--baseline", type=FILE, help="Accepted counts; default: the checkout's, where there is one."
)
@click.option("--accept", is_flag=True, help="Write the counts there: they are the new baseline.")
@click.option("--json", "as_json", is_flag=True, help="Counts as JSON.")
@click.pass_context
def instructions(ctx: click.Context, baseline: Path | None, accept: bool, as_json: bool) -> None:
    """Count the instructions of a few operations with valgrind, which repeat where times do not.

    A query by a vector, with a filter, by words, over the HTTP route's handler; an upsert, a sync, the
    import of the package and the command's start; all of this version of Python. Exits with 1 where one
    takes over 10 % more than was accepted. Takes about half a minute.
    """
    from engine.bench.instructions import baseline as accepted
    from engine.bench.instructions.counting import IMPORT, count
    from engine.doors.cli.bench.tables.instructions import STARTS

    file = baseline or _of_checkout()
    if accept and file is None:
        raise click.UsageError("--accept needs --baseline FILE: this is no checkout.")
    counts = dict(count(MODULES, {**IMPORT, **STARTS}))
    known = None if file is None or accept else accepted.load(file)
    if accept and file is not None:
        accepted.accept(file, counts)
        note(f"accepted for {accepted.here()}: {file}")
    if as_json:
        print_json(counts)
    else:
        _print(counts, known)
    if known is None and not accept:
        note(f"nothing accepted for {accepted.here()}: compared with nothing. Accept: --accept")
    if known is not None and (worse := known.regressions(counts)):
        for name, ratio in worse.items():
            say(f"error: {name}: {ratio:.2f} times what was accepted", err=True)
        for difference in known.differences():
            note(difference)
        ctx.exit(1)


def _of_checkout() -> Path | None:
    from engine.bench.instructions.baseline import FILE as PLACE
    from engine.optional import checkout

    folder = checkout()
    return None if folder is None else folder / PLACE


def _print(counts: Mapping[str, float], known: Baseline | None) -> None:
    accepted = {} if known is None else known.instructions
    rows: list[dict[str, Any]] = [
        {
            "operation": name,
            "instructions": count,
            "accepted": accepted.get(name),
            "ratio": count / accepted[name] if accepted.get(name) else None,
        }
        for name, count in counts.items()
    ]
    numbers = [Column(name, form=",.0f") for name in ("instructions", "accepted")]
    print_table(rows, ["operation", *numbers, Column("ratio", form=".3f")])
