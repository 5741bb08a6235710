"""`vitrine bench filtered`: searches under filters, at equal recall."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.bench.options.contestants import contest_options, stores_in
from engine.doors.cli.bench.options.recording import recorder, records
from engine.doors.cli.options import chosen_workspace, comma_separated, takes_workspace
from engine.doors.cli.printing import note, say, terminal_width
from engine.text_table import Column, text_table

if TYPE_CHECKING:
    from engine.bench.filtered.data import FilteredData
    from engine.bench.filtered.filters import Kind
    from engine.bench.records.line import Measured

COLUMNS = (
    Column("contestant", is_kept=True),
    Column("reaches", is_kept=True),
    Column("recall", form=".4f", is_kept=True),
    Column("cold", "cold ms", form=",.3f", is_kept=True),
    Column("cached", "cached ms", form=",.3f", is_kept=True),
    Column("x_floor", "x floor", form=",.3g"),
    Column("setting"),
)
NUMBER = click.IntRange(min=1)
SMOKE_ROWS, SMOKE_DIMENSION = 600, 16
SMOKE_KINDS = ((1.0, "correlated"), (50.0, "uncorrelated"))


@dataclass(frozen=True)
class Percents(click.ParamType):  # type: ignore[type-arg]
    """Numbers with commas between them."""

    name: str = "percents"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            found = tuple(float(text.rstrip("% ")) for text in comma_separated(value) or ())
        except ValueError:
            self.fail(f"{value!r}; expected percents, as 0.1,1,50", param, ctx)
        return tuple(dict.fromkeys(found))


@click.command()
@takes_workspace("The workspace whose products are searched.")
@contest_options
@click.option("--rows", type=NUMBER,
              help="Draw so many clustered vectors; default: the workspace's products.")  # fmt: skip
@click.option("--dimension", type=NUMBER, default=512, show_default=True, help="Of --rows.")
@click.option("--selectivity", type=Percents(), default=(), metavar="P,Q",
              help="Percent of the rows kept.  [default: 0.01,0.1,1,5,10,25,50]")  # fmt: skip
@click.option("--correlation", metavar="C,D",
              help="Some of uncorrelated, correlated, anticorrelated; default: all.")  # fmt: skip
@click.option("--k", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--recall", type=click.FloatRange(0, 1), default=0.99, show_default=True,
              help="What all have to reach, by their cheapest setting that does.")  # fmt: skip
@click.option("--budget", type=click.FloatRange(min=0.05), default=0.7, show_default=True,
              help="Seconds for one contestant's cold queries of one kind of filter, and as many "
              "for the others; who is slow answers fewer.")  # fmt: skip
@records
def filtered(**asked: Any) -> None:
    """Filters that keep few rows or many, near to the query or far from it; new, and asked before.

    Everyone answers at the cheapest setting that reaches the recall under that kind of filter; who never
    reaches it stands below those who do. Other libraries: --contestant benchmarks/contestants.

    \b
    vitrine bench filtered -w shop                        its products
    vitrine bench filtered --rows 100000                  clustered vectors
    vitrine bench filtered -w shop --selectivity 1,50 --correlation correlated
    """
    from engine.bench.contest.entrants import BUNDLED, entrants
    from engine.bench.filtered.measuring import measure
    from engine.bench.filtered.request import FilteredRequest

    chosen = entrants(asked["contestants"] or BUNDLED)
    kinds = kinds_of(asked)
    kept = recorder("filtered", asked["out"], asked["seed"], asked["smoke"])
    with stores_in(asked["stores"]) as folder:
        data = data_of(asked, folder)
        stores = folder / f"stores-{data.catalogue.folder.name}"
        request = FilteredRequest(
            data,
            stores,
            chosen,
            kinds,
            asked["k"],
            asked["recall"],
            asked["budget"],
            asked["seed"],
            reuse=asked["stores"] is not None,
        )
        note(f"{data.rows:,} rows, {len(kinds)} kinds of filters; stores are filled first")
        measure(request, kept.run.floors, kept.add)
    print_kinds(kept.kept)
    note(f"raw lines: {kept.file}")


def kinds_of(asked: dict[str, Any]) -> list[Kind]:
    """Every selectivity with every correlation; a few of them with `--smoke`, unless some are named."""
    from engine.bench.filtered.filters import CORRELATIONS, SELECTIVITIES, Kind

    named = asked["selectivity"] or asked["correlation"]
    if asked["smoke"] and not named:
        return [Kind(*one) for one in SMOKE_KINDS]
    correlations = comma_separated(asked["correlation"]) or CORRELATIONS
    selectivities = asked["selectivity"] or SELECTIVITIES
    return [Kind(share, name) for name in correlations for share in selectivities]


def data_of(asked: dict[str, Any], folder: Path) -> FilteredData:
    """A workspace's products, or clustered vectors with `--rows` (and `--smoke` without a workspace)."""
    from engine.bench.filtered.sources import of_clusters, of_workspace
    from engine.workspace import Workspace

    rows, dimension = asked["rows"], asked["dimension"]
    if asked["smoke"] and rows is None and chosen_workspace() is None:
        rows, dimension = SMOKE_ROWS, SMOKE_DIMENSION
    if rows is not None:
        return of_clusters(rows, dimension, folder, asked["seed"])
    few = SMOKE_ROWS if asked["smoke"] else None
    return of_workspace(Workspace(chosen_workspace()), folder, asked["seed"], rows=few)


def print_kinds(kept: list[Measured]) -> None:
    """A table for each kind of filter; who was left out is a note each."""
    from engine.bench.filtered.table import kind_rows
    from engine.bench.records.line import LeftOut

    for (correlation, selectivity, rows), found in kind_rows(kept).items():
        say(f"\n{correlation} with the query, {selectivity:g} %: {rows:,} rows pass")
        for line in text_table(found, COLUMNS, terminal_width()).lines:
            say(line)
    for one in kept:
        if isinstance(one, LeftOut):
            note(f"left out: {one.contestant}: {one.reason}")
