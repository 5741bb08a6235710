"""Commands that make tables of files and files of tables: create, export. Translates and prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.core.names import table_name
from engine.doors.cli.catalogs.tables import table
from engine.doors.cli.options import FILE, comma_separated, file_encoding, with_workspace
from engine.doors.cli.printing import say
from engine.errors import ResourceConflict
from engine.service.table_files.formats import FORMATS

if TYPE_CHECKING:
    from engine.workspace import Workspace

# A comma that stands in no brackets: decimal(10,2) and array<...> are whole.
_COMMA = re.compile(r",(?![^(<]*[)>])")


def _types(_: click.Context, parameter: click.Parameter, text: str | None) -> dict[str, str]:
    """The types in `id:bigint,price:decimal(10,2)`."""
    from engine.service.table_files.reading import column_type

    types: dict[str, str] = {}
    for part in _COMMA.split(text) if text else ():
        name, found, kind = (one.strip() for one in part.partition(":"))
        if not found or not name or not kind:
            raise click.BadParameter(f"{part!r} is not NAME:TYPE, such as price:decimal(10,2).")
        column_type(name, kind)
        types[name] = kind
    return types


@table.command("create")
@click.argument("name")
@click.option("--from", "files", type=FILE, required=True, multiple=True, metavar="FILE")
@click.option(
    "--columns",
    "types",
    metavar="NAME:TYPE,...",
    callback=_types,
    help="Types of columns; others are guessed: id:bigint,price:decimal(10,2).",
)
@click.option("--primary-key", metavar="A,B,...", help="Columns of the primary key.")
@click.option("--comment", metavar="TEXT")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Default: by the file's ending.")
@click.option("--delimiter", metavar="CHARACTER", help="Of a CSV file; default: as in its header.")
@file_encoding
@click.option("--replace", is_flag=True, help="Replace the rows of a table that is there.")
@click.option("--append", is_flag=True, help="Add the rows to a table that is there.")
@with_workspace
def table_create(
    workspace: Workspace,
    name: str,
    files: tuple[Path, ...],
    types: dict[str, str],
    primary_key: str | None,
    comment: str | None,
    replace: bool,
    append: bool,
    kind: str | None,
    delimiter: str | None,
    encoding: str | None,
) -> None:
    """Make the table NAME with the rows of files: CSV, JSON lines or Parquet.

    Numbers, dates and lists of numbers are recognized where every value of a column is one; what has
    leading zeros stays text.
    """
    from engine.service.catalogs.given_tables import TableSaid
    from engine.service.table_files.reading import RowFormat, read_files

    if replace and append:
        raise click.UsageError("--replace and --append can't be given together.")
    parts, tables = table_name(name), workspace.unity_catalog.given_tables
    is_there = workspace.tables.exists(parts)
    if is_there and not (replace or append):
        raise ResourceConflict(
            f"table {parts} is there already. Give --replace or --append, or another name."
        )
    rows = read_files(files, RowFormat(kind, delimiter, encoding, types))
    if append and is_there:
        tables.append(parts, rows)
        say(f"appended {rows.num_rows:,} rows to {parts}")
        return
    key = tuple(comma_separated(primary_key) or ())
    action = tables.put(parts, rows, TableSaid(comment=comment, primary_key=key))
    done = {"create": "created", "replace": "replaced", "change": "changed"}.get(action, action)
    say(f"{done} {parts}: {rows.num_rows:,} rows")
    for field in rows.schema:
        say(f"  {field.name}: {field.type}")


@table.command("export")
@click.argument("name")
@click.argument("file", type=FILE)
@click.option("--columns", metavar="A,B,...", help="Columns to write; default: all.")
@with_workspace
def table_export(workspace: Workspace, name: str, file: Path, columns: str | None) -> None:
    """Write the rows of a table to FILE: .parquet, .csv or .jsonl, vectors included.

    FILE appears whole or not at all, and replaces what has its name.
    """
    from engine.service.table_files.writing import export

    rows = workspace.read_table(name, comma_separated(columns))
    export(rows, file)
    say(f"exported {rows.num_rows:,} rows of {table_name(name)} to {file}")
