"""The command that lists products, and shows one with what goes with it. Translates and prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import AS_CODE, comma_separated, parsed_filter, with_workspace
from engine.doors.cli.printing import (
    print_as_code,
    print_facets,
    print_json,
    print_products,
    print_table,
    say,
)
from engine.text_table import Column

if TYPE_CHECKING:
    from engine.shop.as_code.asking import Asked
    from engine.shop.browsing.listing import ProductPage
    from engine.shop.catalogue.catalogue import Catalogue
    from engine.workspace import Workspace

_SHOWN = 8  # columns of a table, where none were named


@click.command()
@click.argument("product_id", required=False)
@click.option("--look", is_flag=True, help="Show what goes with PRODUCT_ID, of other categories.")
@click.option(
    "--similar",
    type=click.Choice(["image", "text", "hybrid"]),
    help="Show products like PRODUCT_ID, by photo, text or both.",
)
@click.option("--near", is_flag=True, help="Show what may be meant by a PRODUCT_ID that none has.")
@click.option(
    "--filter", "filters", metavar="FILTER", help='"price < 50", or as JSON {"price <": 50}.'
)
@click.option("--sort", multiple=True, metavar="COLUMN", help='Such as "price DESC"; several.')
@click.option("--facet", "facets", multiple=True, metavar="COLUMN", help="Count its values.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, help="Products to leave out first."
)
@click.option("--columns", metavar="A,B,...", help="Columns to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@AS_CODE
@with_workspace
def products(
    workspace: Workspace,
    product_id: str | None,
    look: bool,
    similar: str | None,
    near: bool,
    filters: str | None,
    sort: tuple[str, ...],
    facets: tuple[str, ...],
    limit: int,
    offset: int,
    columns: str | None,
    as_json: bool,
    as_code: bool,
) -> None:
    """List products, or show PRODUCT_ID: all of it, its --look, or --similar ones."""
    chosen = comma_separated(columns)
    if product_id is None and (look or similar or near):
        raise click.UsageError("--look, --similar and --near need a PRODUCT_ID.")
    given: dict[str, Any] = {"filters": parsed_filter(filters), "limit": limit, "offset": offset}
    if as_code:
        asked = _asked(product_id, look, similar, given, list(sort), list(facets))
        print_as_code(workspace.as_code(asked), as_json)
    elif product_id is None:
        page = workspace.list_products(sort=list(sort), facets=list(facets), **given)
        _print_page(page, chosen, as_json)
    elif look or similar or near:
        rows, catalogue = _related(workspace, product_id, similar, near, **given)
        if as_json:
            print_json(rows)
        else:
            _print_rows(rows, chosen, catalogue, offset if similar else 0)
    else:
        _print_one(workspace.get_product(product_id), as_json)


def _asked(
    key: str | None,
    look: bool,
    similar: str | None,
    given: dict[str, Any],
    sort: list[str],
    facets: list[str],
) -> Asked:
    """What is shown, as a request."""
    from engine.shop.as_code.look import LookRequest
    from engine.shop.browsing.listing import ListRequest
    from engine.shop.browsing.storefront import INDEX_OF
    from engine.shop.search.request import SearchRequest

    if key is None:
        return ListRequest(sort=sort, facets=facets, **given)
    if similar is not None:
        page = {"k": given["limit"], "offset": given["offset"], "filters": given["filters"]}
        return SearchRequest(like=key, index=INDEX_OF[similar], **page)
    if not look:
        raise click.UsageError("--as-code shows a list, --look or --similar; one product is none.")
    return LookRequest(key, given["limit"])


def _related(
    workspace: Workspace,
    key: str,
    by: str | None,
    near: bool,
    filters: object,
    limit: int,
    offset: int,
) -> tuple[list[dict[str, Any]], Catalogue]:
    """What goes with a product, is like it or named like it, and what the columns mean."""
    if near:
        named = workspace.products_named(workspace.products_near(key, k=limit))
        return [row for row in named if row], workspace.products_overview().catalogue
    if by is None:
        look = workspace.complete_the_look(key, k=limit)
        return look.rows(), look.catalogue
    found = workspace.similar_products(key, by=by, k=limit, offset=offset, filters=filters)  # type: ignore[arg-type]
    return found.to_dicts(), found.catalogue


def _usual(catalogue: Catalogue, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of a short list: what a product is first, as searches show it, then some others."""
    known = list(rows[0]) if rows else []
    ends = [name for name in ("score", "cosine") if name in known]
    first = [name for name in catalogue.shown if name in known]
    names = list(dict.fromkeys([*first, *known]))
    kept = [name for name in names if name not in ("image_path", *ends)]
    return [*kept[:_SHOWN], *ends]


def _print_page(page: ProductPage, columns: list[str] | None, as_json: bool) -> None:
    if as_json:
        names = ("products", "total", "offset", "next_offset", "facets")
        print_json({name: getattr(page, name) for name in names})
        return
    _print_rows(page.products, columns, page.catalogue, page.offset)
    last = page.offset + len(page.products)
    shown = f"{page.offset + 1:,} to {last:,}" if page.products else "none"
    say(f"{shown} of {page.total:,} products")
    print_facets(page.facets)


def _print_rows(
    rows: Sequence[Mapping[str, Any]], columns: list[str] | None, catalogue: Catalogue, offset: int
) -> None:
    if not rows:
        say("no product matches")
        return
    known = list(rows[0])
    missing = [name for name in columns or () if name not in known]
    if missing:
        raise click.BadParameter(
            f"{', '.join(missing)}: no such column. Columns: {', '.join(known)}.",
            param_hint="--columns",
        )
    usual = _usual(catalogue, rows)
    print_products(rows, columns or usual, catalogue, offset, named=columns is not None)


def _print_one(product: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(dict(product))
    else:
        rows = [{"column": name, "value": value} for name, value in product.items()]
        print_table(rows, [Column("column", is_kept=True), Column("value", is_kept=True)])
