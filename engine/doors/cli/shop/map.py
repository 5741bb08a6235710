"""The command that makes, shows and exports the map of the products. Translates and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import FILE, Group, with_workspace
from engine.doors.cli.printing import note, print_json, print_map, say
from engine.text_table import one_line

if TYPE_CHECKING:
    from engine.workspace import Workspace

_MOST = 8  # values of an attribute that are printed
_index = click.option("--index", metavar="NAME", help="The index, or its last part; the photos'.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("map", cls=Group)
def map_group() -> None:
    """The products in two dimensions, near each other where they are alike: made, shown, exported."""


@map_group.command()
@_index
@click.option("--anew", is_flag=True, help="Also where a map of all these products is there.")
@_as_json
@with_workspace
def build(workspace: Workspace, index: str | None, anew: bool, as_json: bool) -> None:
    """Make the map. By t-SNE with the extra [map], which keeps neighbours together; else by PCA."""
    report = workspace.build_map(index, anew=anew)
    if as_json:
        print_json(vars(report))
    else:
        print_map(report)


@map_group.command()
@_index
@_as_json
@with_workspace
def show(workspace: Workspace, index: str | None, as_json: bool) -> None:
    """How the map was made, and what it can be coloured by."""
    found = workspace.product_map(index)
    if as_json:
        print_json(found.to_dict())
        return
    made = found.facts["version"]
    say(f"map of {len(found):,} products of {found.index} by {found.method}, version {made}")
    for said in found.notes:
        note(said)
    for attribute in found.attributes.values():
        counted = [f"{one_line(v)} {c:,}" for v, c in zip(attribute.values, attribute.counts)]
        more = f", and {len(counted) - _MOST} more" if len(counted) > _MOST else ""
        say(f"{attribute.column}: {', '.join(counted[:_MOST])}{more}")


@map_group.command()
@click.argument("file", type=FILE)
@_index
@with_workspace
def export(workspace: Workspace, file: Path, index: str | None) -> None:
    """Write key, x, y and the attributes of each product to FILE: .parquet, .csv, .jsonl."""
    from engine.service.table_files.writing import export as export_table

    table = workspace.product_map(index).to_arrow()
    export_table(table, file)
    say(f"wrote {table.num_rows:,} products to {file}")
