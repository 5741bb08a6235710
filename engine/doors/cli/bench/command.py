"""The group `vitrine bench` and its commands."""

from __future__ import annotations

import click

from engine.doors.cli.bench.compare import compare
from engine.doors.cli.bench.instructions import instructions
from engine.doors.cli.bench.report import report
from engine.doors.cli.options import Group


@click.group(cls=Group)
def bench() -> None:
    """Measure: models, indexes, filters, servers; beside others, with raw figures kept.

    Each command writes JSON lines (--out) that say what ran where and every value that was taken;
    `report` makes a page of them, `compare` says what changed between two runs.
    """


bench.add_command(report)
bench.add_command(compare)
bench.add_command(instructions)
