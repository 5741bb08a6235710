"""Commands of an index's rows: query, scan, upsert, delete-rows. Translates and prints.

Options are those of the vendor's `databricks vector-search-indexes query-index` and its siblings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.doors.cli.indexes.group import index
from engine.doors.cli.options import AS_JSON, comma_separated, with_workspace
from engine.doors.cli.printing import note, print_json, print_json_text, print_table, say
from engine.progress import bar
from engine.service.table_files.formats import FORMATS

if TYPE_CHECKING:
    from engine.workspace import Workspace

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PAGE = 1_000  # rows of a scan that are read at once
_SHOWN = 100  # rows of a scan that are printed as a table
_BATCH = 5_000  # rows that are upserted at once
_FORMAT = click.option(
    "--format",
    "kind",
    type=click.Choice([kind for kind in FORMATS if kind != "delta"]),
    help="Of the file; default: as its ending says.",
)


def _query_options(command: _Command) -> _Command:
    options = [
        click.option("--query-text", metavar="TEXT"),
        click.option("--query-vector", metavar="JSON", help="Numbers: [0.1, 0.2], or @FILE."),
        click.option("--num-results", type=click.IntRange(min=1), default=10, show_default=True),
        click.option("--filters-json", metavar="JSON", help='Such as {"price <": 50}.'),
        click.option("--filter-string", metavar="TEXT", help='Such as "price < 50".'),
        click.option("--query-type", metavar="TYPE", help="ANN (default), HYBRID or FULL_TEXT."),
        click.option("--columns", metavar="A,B,...", help="Default: all but vectors."),
        click.option("--score-threshold", type=float, metavar="SCORE"),
        click.option("--query-columns", metavar="A,B,...", help="Columns whose words count."),
        click.option("--sort-columns", metavar='"A ASC,..."'),
        click.option("--columns-to-rerank", metavar="A,B,..."),
        click.option("--debug-level", type=int, default=0, help="1 shows the plan, with --json."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@index.command("query")
@click.argument("name")
@_query_options
@AS_JSON
@with_workspace
def index_query(workspace: Workspace, name: str, as_json: bool, **given: Any) -> None:
    """Find rows of an index by a text, a vector or both; --json prints the API's reply."""
    from engine.doors.rest.data import query_request

    name = workspace.full_index_name(name)
    lists = ("columns", "query_columns", "sort_columns", "columns_to_rerank")
    body = {key: value for key, value in given.items() if value is not None}
    body |= {key: comma_separated(body[key]) for key in lists if key in body}
    if "query_vector" in body:
        body["query_vector"] = _numbers(body["query_vector"])
    body.setdefault("columns", _columns(workspace, name))
    reply = workspace.queries.query(query_request(name, body))
    if as_json:
        print_json(reply)
        return
    names = [column["name"] for column in reply["manifest"]["columns"]]
    whole = _whole_numbers(workspace, name)
    rows = [
        {
            column: int(value) if column in whole and value is not None else value
            for column, value in zip(names, row)
        }
        for row in reply["result"].get("data_array", [])
    ]
    print_table(rows, names)
    if not rows:
        note("no row matches")


def _columns(workspace: Workspace, name: str) -> list[str]:
    """The columns of an index, without its vectors and those of the engine's own."""
    spec, _, version = workspace.version_of(name)
    hidden = spec.vector_column
    return [one for one in version.columns if one != hidden and not one.startswith("__")]


def _whole_numbers(workspace: Workspace, name: str) -> set[str]:
    """The columns of integers, which replies send as floats."""
    _, _, version = workspace.version_of(name)
    return {one.name for one in version.columns.values() if one.kind == "int" and not one.is_array}


def _numbers(text: str) -> list[float]:
    given = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
    given = given.strip()
    try:
        value = json.loads(given if given.startswith("[") else f"[{given}]")
    except ValueError as error:
        raise click.BadParameter(
            f"{given!r:.80} is no list of numbers ({error}).", param_hint="--query-vector"
        ) from None
    return list(value)


@index.command("scan")
@click.argument("name")
@click.option("--num-results", type=click.IntRange(min=1), help="At most so many rows.")
@click.option("--last-primary-key", metavar="KEY", help="Start behind this key.")
@click.option("--json", "as_json", is_flag=True, help="Print all rows, each as a line of JSON.")
@with_workspace
def index_scan(
    workspace: Workspace,
    name: str,
    num_results: int | None,
    last_primary_key: str | None,
    as_json: bool,
) -> None:
    """Print the rows of an index in the order of their keys, with every stored column."""
    from engine.core.reply import json_value

    name = workspace.full_index_name(name)
    if as_json:
        for row in _scanned(workspace, name, num_results, last_primary_key):
            sent = {key: json_value(value, integers_as_floats=False) for key, value in row.items()}
            print_json_text(json.dumps(sent, ensure_ascii=False))
        return
    wanted = num_results or _SHOWN
    rows = list(_scanned(workspace, name, wanted, last_primary_key))
    print_table(rows, list(rows[0]) if rows else _columns(workspace, name))
    total = workspace.get_index(name)["status"]["indexed_row_count"]
    say(f"{len(rows):,} of {total:,} rows")


def _scanned(
    workspace: Workspace, name: str, wanted: int | None, last: str | None
) -> Iterator[dict[str, Any]]:
    """Rows page by page, so that as many as there are can be printed."""
    count = 0
    while wanted is None or count < wanted:
        size = _PAGE if wanted is None else min(_PAGE, wanted - count)
        rows, last = workspace.queries.scan_rows(name, size, last)
        yield from rows
        count += len(rows)
        if last is None:
            return


@index.command("upsert")
@click.argument("name")
@click.argument("file")
@_FORMAT
@with_workspace
def index_upsert(workspace: Workspace, name: str, file: str, kind: str | None) -> None:
    """Write the rows of FILE into a direct access index; - reads JSON lines from standard input.

    FILE is JSON lines, CSV or Parquet. A row with a known key replaces that row. Rows that don't fit
    are left out, named, and make the command exit with 1.
    """
    name = workspace.full_index_name(name)
    rows = _rows(workspace, name, file, kind)
    key = workspace.get_index(name)["primary_key"]
    bad = next((i for i, row in enumerate(rows) if row.get(key) is None), None)
    if bad is not None:
        raise click.ClickException(
            f"row {bad + 1:,} of {file} has no value for the primary key {key!r}; nothing was written."
        )
    done, failures = 0, []
    with bar(total=len(rows), unit="row", desc="upsert") as shown:
        for start in range(0, len(rows) or 1, _BATCH):  # without rows the index is looked at too
            reply = workspace.upsert(name, rows[start : start + _BATCH])
            done += reply["result"]["success_row_count"]
            failures += reply.get("failures", [])
            shown.update(len(rows[start : start + _BATCH]))
    _say(f"upserted {done:,} rows into {name}", failures)


def _rows(workspace: Workspace, name: str, file: str, kind: str | None) -> list[dict[str, Any]]:
    from engine.service.table_files.reading import RowFormat, rows_of_file, rows_of_text

    if file == "-":
        return rows_of_text(_standard_input())
    return rows_of_file(Path(file), RowFormat(kind, schema=_schema(workspace, name)))


def _schema(workspace: Workspace, name: str) -> dict[str, str]:
    """The words of a direct access index's columns; of others none, which refuse rows themselves."""
    return dict(workspace.registry.open(name)[0].schema or {})


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(
            f"standard input is not in UTF-8 (byte {error.start})."
        ) from None


def _say(done: str, failures: list[dict[str, str]]) -> None:
    say(done)
    for one in failures[:20]:
        say(f"left out {one['primary_key']}: {one['reason']}", err=True)
    if len(failures) > 20:
        say(f"... {len(failures):,} rows were left out", err=True)
    if failures:
        click.get_current_context().exit(1)


@index.command("delete-rows")
@click.argument("name")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option(
    "--from", "file", metavar="FILE", help="Rows with the key's column; - for keys alone."
)
@_FORMAT
@with_workspace
def index_delete_rows(
    workspace: Workspace, name: str, keys: tuple[str, ...], file: str | None, kind: str | None
) -> None:
    """Delete rows of a direct access index by their keys; a key that no row has is fine.

    Keys come as arguments, or --from a file: CSV, JSON lines or Parquet with the key's column, or a
    text file (.txt, and - for standard input) with one key a line.
    """
    name = workspace.full_index_name(name)
    if bool(keys) == (file is not None):
        raise click.UsageError("Give keys, or a file with --from.")
    wanted: list[Any] = list(keys) if file is None else _keys(workspace, name, file, kind)
    before = workspace.get_index(name)["status"]["indexed_row_count"]
    reply = workspace.delete_rows(name, wanted)
    after = workspace.get_index(name)["status"]["indexed_row_count"]
    gone = f"deleted {before - after:,} rows of {name}; {after:,} are left"
    _say(gone, reply.get("failures", []))


def _keys(workspace: Workspace, name: str, file: str, kind: str | None) -> list[Any]:
    from engine.service.table_files.csv_rows import decoded
    from engine.service.table_files.reading import RowFormat, rows_of_file

    if file == "-" or (kind is None and Path(file).suffix.lower() == ".txt"):
        text = _standard_input() if file == "-" else decoded(Path(file))
        return [line.strip() for line in text.splitlines() if line.strip()]
    key = workspace.get_index(name)["primary_key"]
    rows = rows_of_file(Path(file), RowFormat(kind, schema=_schema(workspace, name)))
    if rows and not any(key in row for row in rows):
        raise click.BadParameter(
            f"{file} has no column {key!r}, the key of {name}; it has {', '.join(rows[0])}.",
            param_hint="--from",
        )
    return [row.get(key) for row in rows]
