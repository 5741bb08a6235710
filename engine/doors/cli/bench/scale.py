"""`vitrine bench scale`: how the engine's costs grow with its rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.bench.options.contestants import FOLDER, stores_in
from engine.doors.cli.bench.options.recording import recorder, records
from engine.doors.cli.options import comma_separated, with_workspace
from engine.doors.cli.printing import note, say, terminal_width
from engine.text_table import Column, text_table

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.bench.records.journal import Recorder
    from engine.bench.records.line import Line
    from engine.workspace import Workspace

SMOKE = (300, 600, 1_200)


@click.command()
@with_workspace
@click.option("--rows", default="10000,40000,160000,640000", show_default=True, metavar="N,N,...")
@click.option(
    "--no-writes", is_flag=True, help="Leave out upserts and deletes: indexes filled by them."
)
@click.option("--stores", type=FOLDER, metavar="DIR", help="Keep the drawn products here.")
@records
def scale(
    workspace: Workspace, rows: str, no_writes: bool, stores: Path | None, **asked: Any
) -> None:
    """Queries, filters, pages, syncs, writes, merging, start and memory at each number of rows.

    A line for each cost: its figure at each size, the slope (the exponent b of cost ~ rows^b), and the
    form that fits. Products are drawn from the workspace's own, with vectors moved a little. A million
    rows of 512 numbers take 2 GB, three times: data, table and index. A size that FILE.jsonl holds of
    this commit is not measured again.
    """
    from engine.bench.scale.measuring import ScaleRequest, measure

    sizes = list(SMOKE) if asked["smoke"] else [_size(t) for t in comma_separated(rows) or []]
    kept = recorder("scale", asked["out"], asked["seed"], asked["smoke"])
    known = _known(kept)
    with stores_in(stores) as folder:
        drawn: dict[int, Callable[[], Catalogue]] = {
            n: partial(_products, workspace, folder, n, asked["seed"]) for n in sizes
        }
        request = ScaleRequest(drawn, folder, known, has_writes=not no_writes)
        measure(request.smoke() if asked["smoke"] else request, kept.run.floors, kept.add)
    _print(kept, [line for line in known if line.settings.get("rows") in sizes])


def _products(workspace: Workspace, folder: Path, rows: int, seed: int) -> Catalogue:
    from engine.bench.contest.products import prepared

    return prepared(workspace, folder, rows=rows, seed=seed)


def _known(kept: Recorder) -> list[Line]:
    """What the file has of this commit and seed, from runs before."""
    from engine.bench.records import journal

    if kept.file is None:
        return []
    found = journal.read([kept.file])
    same = {
        run.id
        for run in found.runs
        if (run.commit, run.seed) == (kept.run.commit, kept.run.seed) and run.commit is not None
    }
    lines = zip(found.lines, found.run_of)
    return [line for line, run in lines if run in same and "rows" in line.settings]


def _print(kept: Recorder, known: list[Line]) -> None:
    from engine.bench.records.line import Line
    from engine.bench.scale.table import reasons, table

    own = [one for one in kept.kept if isinstance(one, Line)]
    names, rows = table([*known, *own])
    columns = [Column(name, is_kept=name != "unit", least=20) for name in names]
    for line in text_table(rows, columns, terminal_width()).lines:
        say(line)
    for said in reasons(own):
        note(said)
    for one in kept.kept:
        if not isinstance(one, Line):
            note(f"{one.case}: left out: {one.contestant}: {one.reason}")
    note(f"raw lines: {kept.file}")


def _size(text: str) -> int:
    from engine.errors import InvalidParameterValue

    if not text.isdecimal() or not int(text):
        raise InvalidParameterValue(f"--rows: {text!r} is no number of rows; expected 10000,200000")
    return int(text)
