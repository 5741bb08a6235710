"""The command that holds searches against the words. Translates and prints."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import AS_CODE, FILE, with_workspace
from engine.doors.cli.printing import note, print_as_code, print_json, print_table, say, summarize
from engine.errors import StorageFailed
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.shop.validation.validation import Validation
    from engine.workspace import Workspace


@click.command()
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@click.option(
    "--queries",
    "file",
    type=FILE,
    metavar="FILE",
    help="Queries: one a line, a JSON list, or JSON lines of text and where.",
)
@click.option(
    "--search",
    "searches",
    multiple=True,
    type=click.Choice(["image", "keyword", "full_text"]),
    help="Only this search.  [default: all three]",
)
@click.option(
    "-k", type=click.IntRange(1, 200), default=10, show_default=True, help="Results judged."
)
@click.option("--index", metavar="NAME", help="The index, or its last part.")
@click.option("--encoder", metavar="NAME", help="The model of a table that was made elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@AS_CODE
@click.option("--csv", "csv_file", type=FILE, metavar="FILE", help="Also write the rows.")
@click.option("--save", metavar="FILE.html", help="Also write a page with the photos.")
@with_workspace
def validate(
    workspace: Workspace,
    queries: tuple[str, ...],
    file: Path | None,
    searches: tuple[str, ...],
    as_json: bool,
    as_code: bool,
    csv_file: Path | None,
    save: str | None,
    **others: Any,
) -> None:
    """How many results of a search by meaning carry the words' category and colour, beside words'.

    QUERY is a text; without one the five standard queries are asked.
    """
    from engine.shop.search.result import page_file
    from engine.shop.validation.request import ValidateRequest

    if queries and file is not None:
        raise click.UsageError("Queries were given twice: as arguments and by --queries.")
    page = None if save is None else page_file(save)
    table = None if csv_file is None else page_file(csv_file)
    given = {**others, **({"searches": searches} if searches else {})}
    asked = ValidateRequest(file if file is not None else list(queries) or None, **given)
    if as_code:
        print_as_code(workspace.as_code(asked), as_json)
        return
    started = time.monotonic()
    found = workspace.shop.understanding.validate(asked)
    for text in found.notes:
        note(text)
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
        summarize(f"asked {len(found.queries):,} queries", started)
    if table is not None:
        _write_rows(found, table)
    if page is not None:
        say(f"saved {found.save(page)}", err=True)


def _print(found: Validation) -> None:
    aspects = [Column(aspect, least=8) for aspect in ("category", "color", "both")]
    first = [Column("query", least=20, is_kept=True), Column("search", is_kept=True)]
    print_table(found.shares(), [*first, Column("found"), *aspects])
    say(f"\nmean precision of the first {found.k} (95 % interval)")
    print_table(found.mean_rows(), found.mean_columns())
    for one in found.queries:
        say(f"{one.query}: {one.recognised.in_words()}", err=True)
    for query, why in found.not_judgeable().items():
        say(f"warning: {query!r} is not judged: {why}", err=True)


def _write_rows(found: Validation, file: Path) -> None:
    rows = found.rows()
    names = list(rows[0]) if rows else ["query", "search", "found"]
    try:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise StorageFailed(
            f"{file} can't be written ({error.strerror}): make room, or name another file with --csv."
        ) from error
