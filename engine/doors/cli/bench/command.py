"""The group `vitrine bench` and its commands."""

from __future__ import annotations

import click

from engine.doors.cli.bench.ann import ann
from engine.doors.cli.bench.compare import compare
from engine.doors.cli.bench.embedding import embedding
from engine.doors.cli.bench.engines import engines
from engine.doors.cli.bench.filtered import filtered
from engine.doors.cli.bench.instructions import instructions
from engine.doors.cli.bench.report import report
from engine.doors.cli.bench.retrieval import retrieval
from engine.doors.cli.bench.scale import scale
from engine.doors.cli.bench.serving import serving
from engine.doors.cli.options import Group


@click.group(cls=Group)
def bench() -> None:
    """Measure: models, indexes, filters, servers; beside others, with raw figures kept.

    Each command writes JSON lines (--out) that say what ran where and every value that was taken;
    `report` makes a page of them, `compare` says what changed between two runs.
    """


for command in (
    retrieval,
    ann,
    filtered,
    engines,
    scale,
    embedding,
    serving,
    report,
    compare,
    instructions,
):
    bench.add_command(command)
