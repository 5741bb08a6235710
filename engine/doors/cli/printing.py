"""What the command prints: reports, tables, notes. Knows words and columns; not how to compute them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from engine.core.schema import SyncReport
    from engine.encode.model_list import ModelInfo
    from engine.shop.embedding.report import EmbedReport
    from engine.shop.products.importing import ImportReport
    from engine.shop.projection.making import MapReport
    from engine.shop.search.result import SearchResult
    from engine.workspace import Workspace

_LONGEST_CELL = 44  # characters of a value in a printed table


def note(text: str | None) -> None:
    """A note on standard error; nothing for None and empty text."""
    if text:
        click.echo(f"note: {text}", err=True)


def explain_if_empty(workspace: Workspace, what: str, found: Sequence[object]) -> None:
    """Say why a list is empty; where no workspace exists at all, as an error.

    Raises:
        NotFound: no workspace is in the directory that was named.
    """
    if not found:
        workspace.folder.check_exists()
        note(f"no {what} here. {workspace.whereabouts()}")


def print_import(report: ImportReport) -> None:
    """What an import found, in one line."""
    line = f"imported {report.products:,} products, {report.with_photo:,} of them with a photo"
    if report.prices_made_up:
        line += f"; {report.prices_made_up:,} prices are made up"
    if report.joined_names:
        line += f"; {report.joined_names:,} names with unquoted commas read whole"
    if (report.encoding, report.separator) != ("utf-8", "comma"):
        line += f"; read as {report.encoding}, separated by {report.separator}"
    if report.how:
        line += f"; read as {'; '.join(report.how)}"
    if report.fetched:
        line += f"; {report.fetched:,} pictures fetched"
    click.echo(line)
    if report.failures:
        counts = ", ".join(f"{stage} {count:,}" for stage, count in report.failures.items())
        first = report.first_failure
        shown = f" The first, in {report.unit} {first[0]:,}: {first[1]}." if first else ""
        click.echo(
            f"warning: not all could be read ({counts}).{shown} See: vitrine table show import_failures",
            err=True,
        )


def print_embed(report: EmbedReport) -> None:
    """What an embedding did; what it left out is a warning on standard error."""
    note(report.note)
    click.echo(
        f"embedded {report.images:,} images ({report.encoded_images:,} new) and {report.texts:,} "
        f"texts ({report.encoded_texts:,} new) of {report.products:,} products "
        f"in {report.seconds:.1f} s with {report.encoder}"
    )
    if report.skipped:
        click.echo(f"skipped {report.skipped:,} products beyond --limit-photos or without photo")
    if report.failures:
        counts = ", ".join(f"{stage} {count:,}" for stage, count in report.failures.items())
        click.echo(
            f"warning: {sum(report.failures.values()):,} rows were left out ({counts}); "
            "see: vitrine table show embedding_failures",
            err=True,
        )


def print_json(value: object) -> None:
    """A value as indented JSON; what JSON has no word for, as text."""
    click.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def print_sync(name: str, report: SyncReport) -> None:
    """What a sync did; what it left out is a warning on standard error."""
    what = "synced" if report.changed else "unchanged"
    click.echo(f"{what} {name}: {report.indexed:,} rows in {report.seconds:.1f} s")
    if report.failed:
        shown = "; ".join(f"{key}: {reason}" for key, reason in report.failures[:3])
        kept = f", {report.kept:,} of them kept as they were" if report.kept else ""
        click.echo(f"warning: {report.failed:,} rows were left out{kept} ({shown} ...)", err=True)


def print_map(made: MapReport | str | None) -> None:
    """What making a map did; why there is none is a warning on standard error."""
    if isinstance(made, str):
        click.echo(f"warning: {made}", err=True)
    elif made is not None:
        click.echo(str(made))
        for said in made.notes:
            note(said)


def print_models(models: list[ModelInfo]) -> None:
    """Models with dimension, size on this machine, and where they come from."""
    rows = [
        {
            "name": model.name if model.also is None else f"{model.name} ({model.also})",
            "from": model.kind,
            "dimension": model.dimension,
            "size": None if model.bytes is None else f"{model.bytes / 1e6:.1f} MB",
            "where or weights": model.where,
        }
        for model in models
    ]
    print_table(rows, ["name", "from", "dimension", "size", "where or weights"])


def print_result(result: SearchResult, all_columns: bool = True) -> None:
    """Results as a table: key, title, kind, colour and price, or all that were asked for."""
    from engine.shop.search.contact_sheet import priced

    catalogue = result.catalogue
    chosen = [name for name in (*catalogue.shown, "score") if name in result.columns]
    columns = list(result.columns) if all_columns or len(chosen) < 2 else chosen
    rows = result.to_dicts()
    if catalogue.currency and catalogue.price in result.columns:
        for row in rows:
            row[catalogue.price] = priced(row[catalogue.price], catalogue.currency)
    print_table(rows, columns)
    if not len(result):
        click.echo("no product matches")


def print_facets(facets: Mapping[str, Sequence[tuple[Any, int]]]) -> None:
    """Counts by column, a line each: `season: Summer 68, Fall 59`."""
    for column, entries in facets.items():
        click.echo(f"{column}: {', '.join(f'{value} {count:,}' for value, count in entries)}")


def print_table(
    rows: list[dict[str, Any]], columns: list[str], headers: list[str] | None = None
) -> None:
    """Rows as an aligned table, headed by the columns' names or others; long values are cut."""
    from tabulate import tabulate

    def cell(value: object) -> str:
        text = f"{value:.4g}" if isinstance(value, float) and value < 10 else str(value)
        text = "" if value is None else " ".join(text.split())
        return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"

    body = [[cell(row[name]) for name in columns] for row in rows]
    click.echo(tabulate(body, headers=headers or columns, tablefmt="simple", disable_numparse=True))
