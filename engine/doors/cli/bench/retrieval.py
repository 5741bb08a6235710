"""`vitrine bench retrieval`: which model, or whose run, finds what is right. Translates and prints."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.bench.collections.part import DIRECTIONS
from engine.doors.cli.bench.options.recording import FOLDER, records
from engine.doors.cli.evaluation.command import pairs_of
from engine.doors.cli.options import (
    FILE,
    chosen_workspace,
    file_encoding,
    hold_out,
    products_columns,
    takes_workspace,
)
from engine.doors.cli.printing import note

if TYPE_CHECKING:
    from engine.bench.records.journal import Recorder
    from engine.bench.records.line import Measured
    from engine.bench.retrieval.request import RetrievalRequest
    from engine.bench.retrieval.results import TaskResult
    from engine.bench.retrieval.run import RetrievalRun

PACKAGES = ("ir-measures", "pytrec-eval-terrier")
QUERIES = 1000  # of a task at most, where nothing else is said
SMOKE_PRODUCTS, SMOKE_QUERIES = 120, 20
WORKSPACE = "workspace"  # in the folder of raw lines: the cache of vectors, where none is named

_OPTIONS = (
    click.option("--table", type=FILE, metavar="FILE", help="Products: CSV or Parquet."),
    click.option("--photos", type=FILE, metavar="DIR", help="Folder of their photos, {id}.jpg."),
    products_columns,
    file_encoding,
    click.option(
        "--queries",
        "query_files",
        multiple=True,
        type=FILE,
        metavar="FILE",
        help="Query sets in place of the bundled ones: JSON lines of text and where, or folders.",
    ),
    hold_out,
    click.option(
        "--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N with a photo."
    ),
    click.option(
        "--collection", metavar="[KIND:]PATH", help="A standard set in its own layout instead."
    ),
    click.option("--split", metavar="NAME", help="Of the collection.  [default: its usual one]"),
    click.option(
        "--direction",
        type=click.Choice(DIRECTIONS),
        help="Of the collection: what asks and what is found.  [default: its usual one]",
    ),
    click.option("--fold", type=click.IntRange(min=0), metavar="N", help="Of the collection."),
    click.option("--category", metavar="NAME", help="Of the collection, as FashionIQ's dress."),
    click.option("--task", "tasks", multiple=True, metavar="NAME", help="Only this task; several."),
    click.option(
        "--measure",
        "measures",
        multiple=True,
        metavar="NAME@K",
        help="nDCG, R, P, RR, AP or Success at a cut-off; several, the first one leads.  "
        "[default: nDCG@10 R@1 R@5 R@10 P@10 RR@10 AP@100]",
    ),
    click.option(
        "--weight",
        "weights",
        multiple=True,
        type=float,
        metavar="W",
        help="Of the text in hybrid tasks; several.  [default: 0 0.25 0.5 0.75 1]",
    ),
    click.option(
        "--at-most",
        type=click.IntRange(min=0),
        metavar="N",
        help="Queries of a task, drawn by a hash of their ids; 0 for all.  [default: 1000]",
    ),
    click.option(
        "--run",
        "run_files",
        multiple=True,
        metavar="[NAME=]FILE",
        help="Another system's TREC run, scored beside; several.",
    ),
    click.option(
        "--qrels", type=FILE, metavar="FILE", help="Score runs by these judgements, and no encoder."
    ),
    click.option(
        "--runs", "folder", type=FILE, metavar="DIR", help="Write TREC runs and qrels there."
    ),
    click.option(
        "--depth",
        type=int,
        default=1000,
        show_default=True,
        metavar="N",
        help="Documents of a query that are kept and written.",
    ),
)


def _options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("encoders", nargs=-1, metavar="[ENCODER]...")
@_options
@records
@takes_workspace("A built workspace to ask over.  [default: $VITRINE_WORKSPACE, else the sample]")
def retrieval(
    encoders: tuple[str, ...], out: Path | None, seed: int, smoke: bool, **given: Any
) -> None:
    """Compare ENCODERs, and others' runs, by what they find.

    Over a catalogue the tasks are text_to_image, other_words, name_to_image, image_to_image, composed,
    hybrid (a blend of text and picture at each weight) and zero_shot (accuracy by attribute); what they
    ask, and what can't be told by it, is in datasets/retrieval/README.md. Every query's value is kept;
    what is said to differ does so beyond noise: randomization tests, Holm-adjusted over the pairs of a
    task, at 5 %. Equal scores are put in an order that is drawn, the same for everyone.
    """
    from engine.bench.retrieval.encoding import cache_of
    from engine.doors.cli.bench.options.recording import recorder
    from engine.doors.cli.bench.tables.retrieval import print_overview
    from engine.workspace import Workspace

    named = chosen_workspace() or os.environ.get("VITRINE_WORKSPACE")
    workspace = Workspace(named or Path(FOLDER) / WORKSPACE)
    if named:
        workspace.check_is_there()
    request = _request(encoders, seed, smoke, given)
    with contextlib.closing(cache_of(workspace)) as cache:
        run = request.prepared(workspace, bool(named), cache)
        for text in run.said:
            note(text)
        kept = recorder("retrieval", out, seed, smoke, PACKAGES)
        try:
            print_overview(list(_printed(run, kept)))
        finally:  # who is interrupted finds what was measured until then
            if kept.file is not None:
                note(f"raw lines: {os.fspath(kept.file)}")


def _printed(run: RetrievalRun, kept: Recorder) -> Iterator[TaskResult]:
    """Each task's result, after it was printed; what is left out is a note."""
    from engine.bench.records.line import LeftOut
    from engine.doors.cli.bench.tables.retrieval import print_result
    from engine.progress import bar

    def record(measured: Measured) -> None:
        kept.add(measured)
        if isinstance(measured, LeftOut):
            settings = ", ".join(f"{name} {value}" for name, value in measured.settings.items())
            note(f"left out: {measured.contestant} ({settings}): {measured.reason}")

    with bar(unit="content", desc="encode") as progress:
        for result in run.results(record, progress.update):
            print_result(result)
            yield result


def _request(
    encoders: tuple[str, ...], seed: int, smoke: bool, given: dict[str, Any]
) -> RetrievalRequest:
    """What was typed, as the bench takes it."""
    from engine.bench.collections.part import Part
    from engine.bench.retrieval.goods.asked import GoodsAsked
    from engine.bench.retrieval.measures import DEFAULTS, Measure
    from engine.bench.retrieval.request import RetrievalRequest

    has_goods = given["collection"] is None and given["qrels"] is None
    at_most = given["at_most"]
    if at_most is None:
        at_most = SMOKE_QUERIES if smoke else QUERIES
    return RetrievalRequest(
        encoders,
        GoodsAsked(
            given["table"],
            given["photos"],
            pairs_of(given["columns"]),
            given["encoding"],
            given["query_files"],
            given["hold_out"],
            given["limit"] or (SMOKE_PRODUCTS if smoke and has_goods else None),
        ),
        given["collection"],
        Part(given["split"], given["direction"], given["fold"], given["category"]),
        given["tasks"],
        tuple(dict.fromkeys(map(Measure.parse, given["measures"]))) or DEFAULTS,
        given["weights"],
        at_most or None,
        _named_files(given["run_files"]),
        given["qrels"],
        given["depth"],
        given["folder"],
        seed,
    )


def _named_files(given: tuple[str, ...]) -> dict[str, Path]:
    """Runs by name; one without a name has that of its file."""
    found: dict[str, Path] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or "/" in name or Path(text).is_file():
            name, file = Path(text).name.removesuffix(".gz").removesuffix(".run"), text
        if name in found:
            raise click.BadParameter(
                f"{name!r} is given twice. Name them: NAME=FILE.", param_hint="--run"
            )
        found[name] = Path(file).expanduser()
    return found
