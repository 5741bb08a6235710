"""The command that classifies photos and catalogues. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import FILE, with_workspace
from engine.doors.cli.printing import note, print_json, print_table, say

if TYPE_CHECKING:
    from engine.shop.classification.result import CalibrationReport, Classification, TagReport
    from engine.workspace import Workspace

_SHOWN = 20  # labels of a report


@click.command()
@click.option("--image", metavar="FILE", help="The photo to classify.")
@click.option("--product", metavar="PRODUCT_ID", help="The product to classify, by its photo.")
@click.option("--to", "table", metavar="TABLE", help="Classify every product, into this table.")
@click.option(
    "--calibrate",
    metavar="ATTRIBUTE",
    help="Fit probabilities on products whose attribute is known, and keep them for this model.",
)
@click.option(
    "--labels",
    type=FILE,
    metavar="FILE",
    help="Labels: YAML, JSON, or one a line.  [default: styles]",
)
@click.option(
    "--label",
    "listed",
    multiple=True,
    metavar="LABEL[=TEXT]",
    help="A label, and what it looks like.",
)
@click.option("--attribute", metavar="COLUMN", help="The values of a column, or role, as labels.")
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="TEXT",
    help='Texts with {} for a description; their vectors are averaged.  [default: "a photo of {}"]',
)
@click.option("--multi-label", is_flag=True, help="Judge each label for itself; several may hold.")
@click.option("--threshold", type=click.FloatRange(0, 1), metavar="0..1", help="Least probability.")
@click.option(
    "--hold-out",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Calibrate on one product in N, by a hash of its key.",
)
@click.option("--index", metavar="NAME", help="The index, or its last part.")
@click.option("--encoder", metavar="NAME", help="The model of a table that was made elsewhere.")
@click.option("-k", type=click.IntRange(min=1), help="Labels to show.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_workspace
def classify(
    workspace: Workspace,
    image: str | None,
    product: str | None,
    table: str | None,
    calibrate: str | None,
    labels: Path | None,
    listed: tuple[str, ...],
    k: int | None,
    as_json: bool,
    **others: Any,
) -> None:
    """Which LABELS a photo, a product or every product shows: without training, by descriptions.

    One of --image, --product, --to and --calibrate says what is classified.
    """
    _check_one(image, product, table, calibrate)
    hold_out = others.pop("hold_out")
    others = {name: value for name, value in others.items() if value not in (None, ())}
    if calibrate is not None:
        given = {n: others[n] for n in ("templates", "index", "encoder") if n in others}
        _print_calibration(workspace.calibrate(calibrate, hold_out=hold_out, **given), as_json)
        return
    chosen = _labels(labels, listed)
    if table is not None:
        _print_tags(workspace.tag_products(chosen, to=table, **others), as_json)
        return
    found = workspace.classify(chosen, image=image, product=product, k=k, **others)
    _print_labels(found, as_json)


def _check_one(*given: str | None) -> None:
    if sum(one is not None for one in given) != 1:
        raise click.UsageError(
            "Say what to classify, with one of --image FILE, --product PRODUCT_ID, --to TABLE (every "
            "product) and --calibrate ATTRIBUTE."
        )


def _labels(file: Path | None, listed: tuple[str, ...]) -> Any:
    """Labels as `LabelChoice` takes them."""
    if not listed:
        return file
    if file is not None:
        raise click.UsageError("--labels and --label were given; expected one of them.")
    found: dict[str, list[str]] = {}
    for text in listed:
        name, _, said = (part.strip() for part in text.partition("="))
        found.setdefault(name, []).extend([said] if said else [])
    return found


def _print_labels(found: Classification, as_json: bool) -> None:
    from engine.shop.classification.result import SCORED

    note(found.note)
    if as_json:
        print_json(found.to_dict())
        return
    print_table(found.rows(), SCORED)
    say(f"probabilities: {found.source}", err=True)


def _print_tags(report: TagReport, as_json: bool) -> None:
    from engine.shop.classification.result import COUNTED

    note(report.note)
    if as_json:
        print_json(report.to_dict())
        return
    say(
        f"tagged {report.tagged:,} of {report.products:,} products into {report.table} with "
        f"{report.model}"
    )
    print_table(report.rows()[:_SHOWN], COUNTED)
    if len(report.counts) > _SHOWN:
        say(f"... and {len(report.counts) - _SHOWN:,} labels more")
    say(f"probabilities: {report.source}", err=True)


def _print_calibration(report: CalibrationReport, as_json: bool) -> None:
    from engine.shop.classification.result import ERRORS

    if as_json:
        print_json(report.to_dict())
        return
    low, high = report.interval
    say(
        f"{report.attribute}: {report.products:,} held-out products, {report.labels:,} labels, "
        f"accuracy {report.accuracy:.3f} ({low:.3f} to {high:.3f}), temperature "
        f"{1 / report.scales.scale:.4f}"
    )
    print_table(report.rows(), ERRORS)
    kept = "kept for" if report.kept else "not kept for"
    say(f"before: {report.source}. {kept} {report.model} in this workspace", err=True)
