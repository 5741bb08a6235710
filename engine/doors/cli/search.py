"""The command that searches in the shop's terms. Translates and prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from engine.doors.cli.options import comma_separated, with_workspace
from engine.doors.cli.printing import note, print_result

if TYPE_CHECKING:
    from engine.shop.search.result import SearchResult
    from engine.workspace import Workspace


@click.command()
@click.argument("text", required=False)
@click.option("--image", metavar="FILE", help="A photo to search with.")
@click.option("--like", metavar="PRODUCT_ID", help="Search for products like this one.")
@click.option("--text-weight", type=float, metavar="0..1", help="Share of the text beside a photo.")
@click.option("--index", "index_name", metavar="NAME", help="The index, or its last part.")
@click.option(
    "--filter", "filters", metavar="FILTER", help='"price < 50", or as JSON {"price <": 50}.'
)
@click.option(
    "--type",
    "query_type",
    type=click.Choice(["ann", "hybrid", "full_text"], case_sensitive=False),
    default="ann",
    show_default=True,
    help="Compare meanings, find words, or fuse both rankings.",
)
@click.option("--encoder", metavar="NAME", help="The model of a table that was made elsewhere.")
@click.option(
    "-k", type=click.IntRange(min=1), default=10, show_default=True, help="Results wanted."
)
@click.option("--columns", metavar="A,B,...", help="Columns to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--save", metavar="FILE.html", help="Also write a contact sheet with the photos.")
@with_workspace
def search(
    workspace: Workspace,
    text: str | None,
    image: str | None,
    like: str | None,
    text_weight: float | None,
    index_name: str | None,
    filters: str | None,
    query_type: str,
    encoder: str | None,
    k: int,
    columns: str | None,
    as_json: bool,
    save: str | None,
) -> None:
    """Search by TEXT, by --image, by both, or by --like."""
    from engine.shop.search.request import SearchRequest
    from engine.shop.search.result import page_file

    page = None if save is None else page_file(save)
    request = SearchRequest(
        text,
        image=image,
        like=like,
        text_weight=text_weight,
        index=index_name,
        filters=_parsed_filter(filters),
        query_type=query_type,
        k=k,
        columns=comma_separated(columns),
        encoder=encoder,
    )
    result = workspace.shop.search(request)
    _print_found(result, as_json, all_columns=columns is not None)
    if page is not None:
        click.echo(f"saved {result.save(page)}", err=True)
        note(result.missing_photos())


def _print_found(result: SearchResult, as_json: bool, all_columns: bool) -> None:
    note(result.note)
    if as_json:
        out = {"index": result.index, "query": result.query, "results": result.to_dicts()}
        click.echo(json.dumps(out, indent=2, default=str))
    else:
        print_result(result, all_columns)


def _parsed_filter(text: str | None) -> object:
    if text is None or not text.lstrip().startswith(("{", "[")):
        return text
    from engine.doors.rest.json_text import parse_exactly  # loads routes that texts don't need

    try:
        return parse_exactly(text)
    except ValueError as error:
        raise click.BadParameter(
            f'{text!r} is not JSON ({error}). Expected an object such as {{"price <": 50}}, or '
            'text such as "price < 50".',
            param_hint="--filter",
        ) from None
