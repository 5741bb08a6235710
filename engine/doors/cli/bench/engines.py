"""`vitrine bench engines`: this engine beside others, on a workspace's own products."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.bench.options.contestants import contest_options, stores_in
from engine.doors.cli.bench.options.recording import print_lines, recorder, records
from engine.doors.cli.options import comma_separated, with_workspace

if TYPE_CHECKING:
    from engine.bench.engines.request import EnginesRequest
    from engine.workspace import Workspace

SMOKE_ROWS = 300


@click.command()
@with_workspace
@contest_options
@click.option(
    "--rows", type=click.IntRange(min=1), help="Draw so many products; default: each once."
)
@click.option("--queries", type=click.IntRange(min=2), default=200, show_default=True)
@click.option("--recall", type=click.FloatRange(0, 1), default=0.99, show_default=True,
              help="What all have to reach, by their cheapest setting that does.")  # fmt: skip
@click.option("--budget", type=click.FloatRange(min=0.1), default=20.0, show_default=True,
              help="Seconds for one contestant in one cell.")  # fmt: skip
@click.option("--parts", metavar="A,B", help="Some of queries, batch, start, writes; default: all.")
@records
def engines(
    workspace: Workspace,
    contestants: tuple[str, ...],
    stores: Path | None,
    rows: int | None,
    **asked: Any,
) -> None:
    """Queries, filters, batches, writes, first answer, memory and disk, side by side.

    Everyone answers the same queries with all columns, each in a process of its own, in turns, at the
    cheapest setting that reaches the recall. Other libraries: --contestant benchmarks/contestants.
    """
    from engine.bench.contest.entrants import BUNDLED, REFERENCE, entrants
    from engine.bench.contest.products import prepared
    from engine.bench.engines.measuring import measure

    chosen = entrants([*(contestants or BUNDLED), REFERENCE])
    kept = recorder("engines", asked["out"], asked["seed"], asked["smoke"])
    with stores_in(stores) as folder:
        few = SMOKE_ROWS if asked["smoke"] else rows
        catalogue = prepared(workspace, folder, rows=few, seed=asked["seed"])
        measure(
            _request(catalogue, folder, chosen, stores is not None, asked),
            kept.run.floors,
            kept.add,
        )
    print_lines(kept.kept, kept.file)


def _request(
    catalogue: Any, folder: Path, chosen: Any, reuse: bool, asked: dict[str, Any]
) -> EnginesRequest:
    from engine.bench.engines.request import PARTS, EnginesRequest
    from engine.errors import InvalidParameterValue

    parts = comma_separated(asked["parts"]) or PARTS
    if unknown := set(parts) - set(PARTS):
        raise InvalidParameterValue(
            f"--parts {sorted(unknown)}; expected some of {', '.join(PARTS)}"
        )
    request = EnginesRequest(
        catalogue,
        folder / f"stores-{catalogue.folder.name}",
        chosen,
        queries=asked["queries"],
        recall=asked["recall"],
        budget_s=asked["budget"],
        reuse=reuse,
        parts=tuple(parts),
    )
    return request.smoke() if asked["smoke"] else request
