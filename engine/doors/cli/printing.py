"""What the command prints: reports, tables, notes. Knows words and columns; not how to compute them."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from engine.text_table import WIDTH, Column, harmless, one_line

if TYPE_CHECKING:
    from engine.core.schema import SyncReport
    from engine.encode.model_list import ModelInfo
    from engine.shop.as_code.snippets import AsCode
    from engine.shop.catalogue.catalogue import Catalogue
    from engine.shop.embedding.report import EmbedReport
    from engine.shop.products.importing import ImportReport
    from engine.shop.projection.making import MapReport
    from engine.shop.search.result import SearchResult
    from engine.workspace import Workspace

_NAMED = 8  # columns without room that are named
_NARROWEST = 20  # columns that a table takes
_CONTROLS = re.compile("[\x7f-\x9f]")  # json escapes those before


def say(text: object = "", err: bool = False) -> None:
    """Lines for people; what names, values and files hold in them steers no terminal.

    Args:
        err: on standard error.
    """
    click.echo(harmless(str(text)), err=err)


def print_json_text(text: str) -> None:
    """JSON as it is; control characters in it, which are within texts, as JSON escapes them."""
    click.echo(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_raw(text: str) -> None:
    """A text for programs to the last character; in a terminal it steers nothing."""
    click.echo(text if terminal_width() is None else harmless(text), nl=False, color=True)


def note(text: str | None) -> None:
    """A note on standard error; nothing for None and empty text."""
    if text:
        say(f"note: {text}", err=True)


def explain_if_empty(workspace: Workspace, what: str, found: Sequence[object]) -> None:
    """Say why a list is empty; where no workspace exists at all, as an error.

    Raises:
        NotFound: no workspace is in the directory that was named.
    """
    if not found:
        workspace.folder.check_exists()
        note(f"no {what} here. {workspace.whereabouts()}")


def explain_if_mistyped(workspace: Workspace) -> None:
    """Say that the workspace is a new one, where there is one beside it with nearly its name."""
    if workspace.folder.meant is not None:
        note(workspace.whereabouts())


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
    say(line)
    if report.failures:
        counts = ", ".join(f"{stage} {count:,}" for stage, count in report.failures.items())
        first = report.first_failure
        shown = f" The first, in {report.unit} {first[0]:,}: {first[1]}." if first else ""
        say(
            f"warning: not all could be read ({counts}).{shown} See: vitrine table show import_failures",
            err=True,
        )


def print_embed(report: EmbedReport) -> None:
    """What an embedding did; what it left out is a warning on standard error."""
    note(report.note)
    say(
        f"embedded {report.images:,} images ({report.encoded_images:,} new) and {report.texts:,} "
        f"texts ({report.encoded_texts:,} new) of {report.products:,} products "
        f"in {report.seconds:.1f} s with {report.encoder}"
    )
    if report.skipped:
        say(f"skipped {report.skipped:,} products beyond --limit-photos or without photo")
    if report.failures:
        counts = ", ".join(f"{stage} {count:,}" for stage, count in report.failures.items())
        say(
            f"warning: {sum(report.failures.values()):,} rows were left out ({counts}); "
            "see: vitrine table show embedding_failures",
            err=True,
        )


def print_json(value: object) -> None:
    """A value as indented JSON: null for what is no number, text for what JSON has no word for."""
    print_json_text(json.dumps(_finite(value), indent=2, default=_word, ensure_ascii=False))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _word(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def print_sync(name: str, report: SyncReport) -> None:
    """What a sync did; what it left out is a warning on standard error."""
    what = "synced" if report.changed else "unchanged"
    say(f"{what} {name}: {report.indexed:,} rows in {report.seconds:.1f} s")
    if report.failed:
        shown = "; ".join(f"{key}: {reason}" for key, reason in report.failures[:3])
        kept = f", {report.kept:,} of them kept as they were" if report.kept else ""
        say(f"warning: {report.failed:,} rows were left out{kept} ({shown} ...)", err=True)


def print_map(made: MapReport | str | None) -> None:
    """What making a map did; why there is none is a warning on standard error."""
    if isinstance(made, str):
        say(f"warning: {made}", err=True)
    elif made is not None:
        say(str(made))
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
    print_table(
        rows,
        [
            Column("name", least=22, is_kept=True),
            Column("from", least=11),
            "dimension",
            "size",
            Column("where or weights", least=16),
        ],
    )


def print_as_code(found: AsCode, as_json: bool) -> None:
    """A query in every language, under its name; where one can't say it, why."""
    if as_json:
        print_json(found.to_json())
        return
    for place, each in enumerate(found.snippets):
        say(f"{chr(10) if place else ''}{each.title}:")
        for line in each.notes:
            say(f"  ({line})")
        if each.code:
            print_raw(f"\n{each.code.rstrip()}\n")


def print_result(result: SearchResult, all_columns: bool = True) -> None:
    """Results as a table: what a short list shows, and score; or all columns that were asked for."""
    chosen = [name for name in (*result.catalogue.shown, "score") if name in result.columns]
    columns = list(result.columns) if all_columns or len(chosen) < 2 else chosen
    print_products(result.to_dicts(), columns, result.catalogue, result.offset, all_columns)
    if not len(result):
        say("no product matches")


def print_products(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    catalogue: Catalogue,
    offset: int,
    named: bool,
) -> None:
    """Products; where nobody named the columns as many as have room, in a terminal with their rank.

    A program that reads the table finds the key in the first column.
    """
    from engine.shop.short_tables import RANK, product_columns, ranked

    has_rank = not named and terminal_width() is not None
    names = list(dict.fromkeys([RANK, *columns] if has_rank else columns))
    print_table(ranked(rows, offset), product_columns(catalogue, names), told=named)


def summarize(done: str, started: float) -> None:
    """After a long step a line on standard error: what was done, in how many seconds.

    Args:
        started: what `time.monotonic()` was.
    """
    say(f"{done} in {time.monotonic() - started:.1f} s", err=True)


def print_facets(facets: Mapping[str, Sequence[tuple[Any, int]]]) -> None:
    """Counts by column, a line each: `season: Summer 68, Fall 59`."""
    for column, entries in facets.items():
        say(f"{column}: {', '.join(f'{one_line(value)} {count:,}' for value, count in entries)}")


def print_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Column | str], told: bool = True
) -> None:
    """Rows as an aligned table: within a terminal, or whole where the output goes somewhere else.

    Args:
        told: whether columns that have no room are named on standard error.
    """
    from engine.text_table import text_table

    made = text_table(rows, columns, terminal_width())
    say("\n".join(made.lines))
    if made.left_out and told:
        more = (
            f"{', '.join(made.left_out[:_NAMED])}{', ...' if len(made.left_out) > _NAMED else ''}"
        )
        columns = "column has" if len(made.left_out) == 1 else "columns have"
        note(f"{len(made.left_out):,} {columns} no room here: {more}")


def terminal_width() -> int | None:
    """The columns of the terminal, as `COLUMNS` says or it itself; None where the output is none.

    What is read by a program is whole, whatever width the program itself has.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, _NARROWEST)


def wrapped(text: str, indent: str = "") -> str:
    """Sentences within the terminal, each line indented."""
    width = terminal_width()
    text = one_line(text)
    if width is None:
        return f"{indent}{text}"
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)
