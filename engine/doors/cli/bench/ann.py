"""`vitrine bench ann`: recall against latency and queries a second."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.bench.options.recording import recorder, records
from engine.doors.cli.options import FILE, chosen_workspace, comma_separated, takes_workspace
from engine.doors.cli.printing import note, say, terminal_width
from engine.text_table import Column, text_table

if TYPE_CHECKING:
    from engine.bench.ann.sources import Sources
    from engine.bench.contest.entrants import Entrant
    from engine.bench.records.journal import Recorder
    from engine.bench.records.line import Measured
    from engine.bench.vectors.vector_set import VectorSet

CURVE = (
    Column("contestant", is_kept=True),
    Column("setting", is_kept=True),
    Column("recall", form=".4f", is_kept=True),
    Column("front", ""),
    Column("p50", "ms p50", form=".3f", is_kept=True),
    Column("p95", form=".3f"),
    Column("x_floor", "x floor", form=".2f"),
    Column("rate", "q/s", form=",.0f", is_kept=True),
    Column("rate_batch", "batch q/s", form=",.0f", is_kept=True),
    Column("recall_batch", "its recall", form=".4f"),
)
STORES = (
    Column("contestant", is_kept=True),
    Column("build", "build s", form=",.2f", is_kept=True),
    Column("disk", "disk MB", form=",.1f", is_kept=True),
    Column("own", "memory MB", form=",.1f", is_kept=True),
    Column("files", "of files MB", form=",.1f", is_kept=True),
)
NUMBER = click.IntRange(min=1)
SMOKE = {"ks": (1, 10), "count": 8, "rounds": 1}


@dataclass(frozen=True)
class Numbers(click.ParamType):  # type: ignore[type-arg]
    """Numbers with commas between them, each from 1 to `highest`."""

    highest: int | None = None
    name: str = "numbers"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        numbers = tuple(
            int(text.replace("_", "")) if text.replace("_", "").isdecimal() else 0
            for text in comma_separated(value) or ()
        )
        if any(n < 1 or n > (self.highest or n) for n in numbers):
            most = f" and at most {self.highest}" if self.highest else ""
            self.fail(f"{value!r}; expected whole numbers from 1 on{most}, as 1,10", param, ctx)
        return tuple(dict.fromkeys(numbers))


def of_vectors(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which vectors are searched."""
    for option in (
        click.option("--column", metavar="NAME", help="The file's column or data set of vectors."),
        click.option(
            "--queries",
            type=FILE,
            metavar="FILE",
            help="A file of queries for --vectors; default: the file's own, else some of its rows.",
        ),
        click.option(
            "--vectors",
            type=FILE,
            metavar="FILE",
            help="Vectors of a file: .npy, .parquet, .hdf5 of ann-benchmarks, .fvecs.",
        ),
        click.option("--clusters", type=NUMBER, default=1000, show_default=True),
        click.option(
            "--dimension", type=NUMBER, default=512, show_default=True, help="Of clustered vectors."
        ),
        click.option(
            "--rows",
            type=Numbers(),
            default=(),
            metavar="N,M",
            help="Clustered vectors, drawn: a curve for each number of rows.",
        ),
        click.option(
            "--index",
            metavar="NAME",
            help="An index of the workspace; "
            "default: the products' photos, asked for by their texts.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@takes_workspace("The workspace whose vectors are searched.")
@of_vectors
@click.option("--k", "ks", type=Numbers(100), default=(1, 10, 100), metavar="K,L",
              help="How many results are asked for.  [default: 1,10,100]")  # fmt: skip
@click.option("--count", type=NUMBER, default=100, show_default=True, help="Of queries.")
@click.option("--budget", type=click.FloatRange(min=1), default=120.0, show_default=True,
              help="Seconds for one contestant to build, and as many to answer.")  # fmt: skip
@click.option("--contestant", "contestants", multiple=True, metavar="NAME|FILE|DIR",
              help="A bundled one, a file with a class Contestant, or a folder of such files; "
              "several.")  # fmt: skip
@click.option("--stores", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Where vectors and stores are written; drawn vectors stay there.  "
              "[default: a temporary folder]")  # fmt: skip
@records
def ann(**asked: Any) -> None:
    """Recall against latency and queries a second, at every setting of every contestant.

    Exact, HNSW, inverted lists, product quantization with re-scoring, and this engine's planner: each
    in a process of its own. Latency on one thread, a query at a time; throughput on all, in batches.

    \b
    vitrine bench ann -w shop                      its products' vectors
    vitrine bench ann --rows 10000,100000          clustered vectors
    vitrine bench ann --vectors glove-100.hdf5     any file of vectors
    """
    from engine.bench.ann.sources import opened
    from engine.bench.contest.entrants import BUNDLED, entrants

    asked |= SMOKE if asked["smoke"] else {"rounds": 3}
    sources = sources_of(asked)
    chosen = tuple(entrants(asked["contestants"] or BUNDLED))
    kept = recorder("ann", asked["out"], asked["seed"], asked["smoke"])
    if asked["stores"] is not None:
        asked["stores"].mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-", dir=asked["stores"]) as made:
        drawn = asked["stores"] or Path(made)
        for found in opened(sources, drawn, asked["count"], asked["seed"]):
            before = len(kept.kept)
            measured_on(found, chosen, Path(made), asked, kept)
            print_curves(kept.kept[before:])
    note(f"raw lines: {kept.file}")


def sources_of(asked: dict[str, Any]) -> Sources:
    """What is searched: a workspace unless something else is named; with `--smoke` few drawn rows."""
    from engine.bench.ann.sources import Sources
    from engine.errors import InvalidParameterValue
    from engine.workspace import Workspace

    if asked["vectors"] is None and (asked["queries"] or asked["column"]):
        raise InvalidParameterValue("--queries and --column belong to --vectors FILE; name it too")
    elsewhere = asked["rows"] or asked["vectors"] is not None
    if asked["smoke"] and not elsewhere and chosen_workspace() is None:
        return Sources(rows=(500,), dimension=16)
    wanted = asked["index"] is not None or chosen_workspace() is not None or not elsewhere
    names = ("index", "rows", "dimension", "clusters", "vectors", "queries", "column")
    return Sources(
        Workspace(chosen_workspace()) if wanted else None, **{name: asked[name] for name in names}
    )


def measured_on(
    found: VectorSet,
    chosen: tuple[Entrant, ...],
    folder: Path,
    asked: dict[str, Any],
    kept: Recorder,
) -> None:
    """Measure everyone on one set; its files are taken away again."""
    from engine.bench.ann.data import prepare
    from engine.bench.ann.measuring import measure
    from engine.bench.ann.request import AnnRequest

    note(f"{found.name}: {len(found.vectors):,} vectors, and the right answers")
    with tempfile.TemporaryDirectory(dir=folder) as made:
        data = prepare(found, Path(made) / "data", asked["count"], asked["seed"])
        for text in data.notes:
            note(f"{found.name}: {text}")
        limits = (asked["ks"], asked["budget"], asked["rounds"])
        request = AnnRequest(data, Path(made) / "stores", chosen, *limits, say=note)
        measure(request, kept.run.floors, kept.add)


def print_curves(kept: Iterable[Measured]) -> None:
    """The tables of one set of vectors, and who was left out."""
    from engine.bench.ann.table import curve_rows, store_rows
    from engine.bench.records.line import LeftOut

    kept = list(kept)
    for (data, rows, dimension, k), found in curve_rows(kept).items():
        say(f"\n{data}, {rows:,} x {dimension}, k = {k}   (*: none is better in both)")
        echo_table(found, CURVE)
    for (data, rows, dimension), found in store_rows(kept).items():
        say(f"\n{data}, {rows:,} x {dimension}: stores")
        echo_table(found, STORES)
    for one in kept:
        if isinstance(one, LeftOut):
            note(f"left out: {one.contestant}: {one.reason}")


def echo_table(rows: list[dict[str, Any]], columns: tuple[Column, ...]) -> None:
    """Print one table as wide as the terminal."""
    for line in text_table(rows, columns, terminal_width()).lines:
        say(line)
