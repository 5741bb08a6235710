"""`vitrine bench compare`: what changed between two runs, beyond noise."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import names_workspace
from engine.doors.cli.printing import print_json, print_table, say
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.bench.comparing.comparison import Change, Comparison
    from engine.bench.records.line import Line

COLUMNS = ("verdict", "before", "after", "unit", "ratio", "95 %", "why")
SHOWN = 20  # lines that appeared or disappeared


class Share(click.ParamType[float]):
    """`10%` or `0.1`."""

    name = "share"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        text = str(value).strip()
        try:
            found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            found = -1.0
        if not 0 <= found < float("inf"):
            self.fail(f"{value!r}: expected a share such as 10% or 0.1", param, ctx)
        return found


@click.command()
@names_workspace("Not asked; accepted as everywhere.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--fail-above", type=Share(), metavar="SHARE", help="Exit with 1 where a line is worse by more."
)
@click.option("--all", "shows_all", is_flag=True, help="Also lines that didn't change.")
@click.option("--json", "as_json", is_flag=True, help="All lines, as JSON.")
@click.pass_context
def compare(
    ctx: click.Context,
    first: str,
    second: str,
    fail_above: float | None,
    shows_all: bool,
    as_json: bool,
) -> None:
    """Say what changed from run A to run B beyond noise: what is worse, what is better.

    A and B are files of raw lines, or FILE@COMMIT for one commit's runs of a file. Lines belong
    together by case, contestant, what was measured, and settings. A change is one that chance doesn't
    explain (bootstrap, corrected for the number of lines), nor the machine, whose own floors moved less.
    """
    from engine.bench.comparing.comparison import compare as compared
    from engine.bench.comparing.comparison import worse_than
    from engine.bench.comparing.sides import side

    found = compared(side(first), side(second))
    if as_json:
        print_json(_document(found))
    else:
        _print(found, shows_all)
    if fail_above is not None and (failed := worse_than(found, fail_above)):
        say(f"error: {len(failed):,} worse by more than {fail_above:.3g}", err=True)
        ctx.exit(1)


def _document(found: Comparison) -> dict[str, Any]:
    return {
        "warnings": list(found.warnings),
        "lines": [one.to_json() for one in found.changes],
        "appeared": [_name(line) for line in found.appeared],
        "disappeared": [_name(line) for line in found.disappeared],
    }


def _print(found: Comparison, shows_all: bool) -> None:
    from engine.bench.comparing.comparison import ORDER

    for warning in found.warnings:
        say(f"warning: {warning}", err=True)
    rows = [_row(one) for one in found.changes if shows_all or one.verdict != "same"]
    if rows:
        print_table(rows, [Column("line", least=24, is_kept=True), *COLUMNS])
    counts = Counter(one.verdict for one in found.changes)
    said = ", ".join(f"{counts[one]:,} {one}" for one in ORDER if counts[one])
    say(said or "no line is in both")
    for said, lines in (("appeared", found.appeared), ("disappeared", found.disappeared)):
        for line in lines[:SHOWN]:
            say(f"{said}: {_name(line)}")
        if len(lines) > SHOWN:
            say(f"{said}: {len(lines) - SHOWN:,} more")


def _row(one: Change) -> dict[str, Any]:
    from engine.bench.report.numbers import shown

    low, high = one.interval or (None, None)
    return {
        "verdict": one.verdict,
        "line": _name(one.line),
        "before": shown(one.before),
        "after": shown(one.after),
        "unit": "x floor" if one.in_floors else one.line.unit,
        "ratio": "" if one.ratio is None else f"{one.ratio:.3f}",
        "95 %": "" if low is None else f"{low:.3f} to {high:.3f}",
        "why": one.why,
    }


def _name(line: Line) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in line.settings.items())
    return " ".join(
        [line.case, line.contestant, line.what, *([f"({settings})"] if settings else [])]
    )
