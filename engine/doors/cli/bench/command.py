"""The group `vitrine bench` and its commands."""

from __future__ import annotations

import click

from engine.doors.cli.bench.ann import ann
from engine.doors.cli.bench.engines import engines
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


for command in (retrieval, ann, engines, scale, serving):
    bench.add_command(command)
