"""The command that searches in the shop's terms. Translates and prints."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import AS_CODE, comma_separated, parsed_filter, with_workspace
from engine.doors.cli.printing import (
    note,
    print_as_code,
    print_facets,
    print_json,
    print_result,
    say,
)

if TYPE_CHECKING:
    from engine.shop.search.request import SearchRequest
    from engine.shop.search.result import SearchResult
    from engine.workspace import Workspace

_KINDS = ("text", "product", "user", "image")


@click.command()
@click.argument("text", required=False)
@click.option("--image", metavar="FILE", help="A photo to search with.")
@click.option("--like", metavar="PRODUCT_ID", help="Search for products like this one.")
@click.option(
    "--plus",
    multiple=True,
    metavar="TEXT[:WEIGHT]",
    help="A further part of what is searched for; several. product:ID, user:ID, image:FILE too.",
)
@click.option(
    "--minus", multiple=True, metavar="TEXT[:WEIGHT]", help="A part that leads away; several."
)
@click.option(
    "--more",
    multiple=True,
    metavar="VALUE[:WEIGHT]",
    help="More of an attribute's value: formal, color=red, price; several.",
)
@click.option("--less", multiple=True, metavar="VALUE[:WEIGHT]", help="Less of it; several.")
@click.option("--keyword", is_flag=True, help="Find products that hold every word of TEXT.")
@click.option("--text-weight", type=float, metavar="0..1", help="Share of the text beside a photo.")
@click.option("--index", metavar="NAME", help="The index, or its last part.")
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
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Results to leave out first.")
@click.option(
    "--facet", "facets", multiple=True, metavar="COLUMN", help="Count its values; several."
)
@click.option("--exact", is_flag=True, help="Score every row that matches, instead of a shortlist.")
@click.option("--columns", metavar="A,B,...", help="Columns to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@AS_CODE
@click.option("--save", metavar="FILE.html", help="Also write a contact sheet with the photos.")
@with_workspace
def search(workspace: Workspace, save: str | None, as_json: bool, **given: Any) -> None:
    """Search by TEXT, by --image, by both, by --like, or composed: TEXT --plus TEXT --minus TEXT."""
    from engine.shop.search.result import page_file

    page = None if save is None else page_file(save)
    if given.pop("as_code"):
        print_as_code(workspace.as_code(_request(given)), as_json)
        return
    all_columns = given["columns"] is not None
    result = workspace.shop.search(_request(given))
    _print_found(result, as_json, all_columns)
    if page is not None:
        say(f"saved {result.save(page)}", err=True)
        note(result.missing_photos())


def _request(given: dict[str, Any]) -> SearchRequest:
    """The request of the command's options; parts beside the first make it a composed one."""
    from engine.shop.search.request import SearchRequest

    parts = {name: given.pop(name) for name in ("plus", "minus", "more", "less")}
    kind = given.pop("query_type")
    given["filters"] = parsed_filter(given["filters"])
    given["columns"] = comma_separated(given["columns"])
    given["facets"] = list(given["facets"])
    if not given["keyword"]:
        given["query_type"] = kind
    if any(parts.values()):
        first = {name: given.pop(name) for name in ("text", "image", "like")}
        if given["text_weight"] is not None or given["keyword"]:
            raise click.UsageError(
                "--plus, --minus, --more and --less have weights of their own: TEXT:0.5"
            )
        given["compose"] = composed(first, **parts)
    return SearchRequest(**given)


def composed(
    first: dict[str, Any],
    plus: Sequence[str],
    minus: Sequence[str],
    more: Sequence[str] = (),
    less: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The terms of a composed search: the command's own parts, then what is added and taken away."""
    names = {"text": "text", "image": "image", "like": "product"}
    terms = [{names[name]: value} for name, value in first.items() if value]
    terms += [_part(text, 1.0) for text in plus]
    terms += [_part(text, -1.0) for text in minus]
    terms += [_direction(text, 1.0) for text in more]
    return terms + [_direction(text, -1.0) for text in less]


def _direction(text: str, sign: float) -> dict[str, Any]:
    """`VALUE` and `VALUE:WEIGHT`: more or less of it."""
    from engine.shop.search.terms import DIRECTION_WEIGHT  # numpy, which the help doesn't need

    name, weight = _weighted(text)
    return {"direction": name, "weight": sign * (DIRECTION_WEIGHT if weight is None else weight)}


def _weighted(text: str) -> tuple[str, float | None]:
    """`TEXT:WEIGHT`; None for no weight."""
    from engine.core.values import number_of  # numpy, which the help doesn't need

    before, _, last = text.rpartition(":")
    if before and before not in _KINDS:  # the number of `product:15970` is none
        with contextlib.suppress(ValueError):
            return before, float(number_of(last))
    return text, None


def _part(text: str, sign: float) -> dict[str, Any]:
    """`TEXT`, `TEXT:WEIGHT`, and `product:ID`, `user:ID`, `image:FILE` with or without a weight.

    `text:TEXT` is a text that begins like one of these.
    """
    value, weight = _weighted(text)
    kind, _, named = value.partition(":")
    part = {kind: named} if kind in _KINDS and named else {"text": value}
    return {**part, "weight": sign * (1.0 if weight is None else weight)}


def _print_found(result: SearchResult, as_json: bool, all_columns: bool) -> None:
    note(result.note)
    if as_json:
        out: dict[str, Any] = {
            "index": result.index,
            "query": result.query,
            "results": result.to_dicts(),
        }
        if result.facets:
            out["facets"] = dict(result.facets)
        print_json(out)
    else:
        print_result(result, all_columns)
        print_facets(result.facets)
