"""The command that runs SQL. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import with_workspace
from engine.doors.cli.printing import (
    explain_if_mistyped,
    print_json_text,
    print_raw,
    print_table,
    say,
)
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.workspace import Workspace

_SHOWN = 1000  # rows of a printed table


@click.command()
@click.argument("statement", required=False)
@click.option(
    "-f", "--file", "file", type=click.Path(exists=True, dir_okay=False), help="Statements to run."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print each result as JSON; NaN and infinity as the texts NaN, Infinity, -Infinity.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print each result as CSV.")
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="Value of :NAME."
)
@with_workspace
def sql(
    workspace: Workspace,
    statement: str | None,
    file: str | None,
    as_json: bool,
    as_csv: bool,
    parameters: tuple[str, ...],
) -> None:
    """Run a SQL STATEMENT in Databricks' dialect, or those of a file, one after the other."""
    if (statement is None) == (file is None):
        raise click.UsageError("Give a statement, or a file with -f.")
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two ways to print; give one.")
    text = statement if file is None else Path(file).read_text(encoding="utf-8")
    assert text is not None  # one of the two was given
    values = dict(map(_parameter, parameters))
    explain_if_mistyped(workspace)
    for one in workspace.statements.split(text):
        _print(workspace.sql(one, parameters=values), as_json, as_csv)


def _parameter(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="--parameter")
    return name, value


def _print(result: Any, as_json: bool, as_csv: bool) -> None:
    from engine.core.arrow.objects import rows_of
    from engine.service.warehouse.result_forms import as_csv as csv_of
    from engine.service.warehouse.result_forms import json_of

    if not result.num_columns:
        return
    if as_json:
        names = result.column_names
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:  # an object would hold the last one's value alone
            raise click.ClickException(
                f"the result has the column {twice!r:.80} twice, which JSON objects can't hold; name "
                "each by AS, or print it as --csv."
            )
        print_json_text(json_of(result))
    elif as_csv:
        print_raw(csv_of(result, True).decode())
    else:
        names = [f"{place}:{name}" for place, name in enumerate(result.column_names)]
        rows = rows_of(result.slice(0, _SHOWN).rename_columns(names))
        print_table(
            rows,
            [Column(name, header) for name, header in zip(names, result.column_names)],
        )
        if result.num_rows > _SHOWN:
            say(f"{_SHOWN:,} of {result.num_rows:,} rows", err=True)
