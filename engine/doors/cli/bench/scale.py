"""`vitrine bench scale`: how the engine's costs grow with its rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.bench.options.contestants import FOLDER, stores_in
from engine.doors.cli.bench.options.recording import print_lines, recorder, records
from engine.doors.cli.options import comma_separated, with_workspace

if TYPE_CHECKING:
    from engine.workspace import Workspace


@click.command()
@with_workspace
@click.option("--rows", default="10000,40000,200000,1000000", show_default=True, metavar="N,N,...")
@click.option(
    "--no-writes", is_flag=True, help="Leave out upserts and deletes: indexes filled by them."
)
@click.option("--stores", type=FOLDER, metavar="DIR", help="Keep the drawn products here.")
@records
def scale(
    workspace: Workspace, rows: str, no_writes: bool, stores: Path | None, **asked: Any
) -> None:
    """Build, first answer, queries, a sync, writes and memory, at each number of rows; and the slope.

    Products are drawn from the workspace's own, with vectors moved a little. A million rows of 512
    numbers take 2 GB, twice: data and index.
    """
    from engine.bench.contest.products import prepared
    from engine.bench.scale.measuring import ScaleRequest, measure

    sizes = [300, 600] if asked["smoke"] else [_size(text) for text in comma_separated(rows) or []]
    kept = recorder("scale", asked["out"], asked["seed"], asked["smoke"])
    with stores_in(stores) as folder:
        found = {n: prepared(workspace, folder, rows=n, seed=asked["seed"]) for n in sizes}
        request = ScaleRequest(found, folder, writes=0 if no_writes else 35)
        measure(request.smoke() if asked["smoke"] else request, kept.run.floors, kept.add)
    print_lines(kept.kept, kept.file)


def _size(text: str) -> int:
    from engine.errors import InvalidParameterValue

    if not text.isdecimal() or not int(text):
        raise InvalidParameterValue(f"--rows: {text!r} is no number of rows; expected 10000,200000")
    return int(text)
