"""The command that recommends products to a user. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import AS_CODE, parsed_filter, with_workspace
from engine.doors.cli.printing import (
    note,
    print_as_code,
    print_json,
    say,
    terminal_width,
    wrapped,
)

if TYPE_CHECKING:
    from engine.shop.people.recommending.recommender import Recommendations
    from engine.workspace import Workspace

_INDENT = " " * 6  # of a reason, below the product's key
_WEIGHT = click.FloatRange(0, 1000)


@click.command()
@click.argument("user")
@click.option("-k", "--limit", "k", type=click.IntRange(1, 200), default=10, show_default=True)
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, help="Products to leave out first."
)
@click.option(
    "--filter", "filters", metavar="FILTER", help='"price < 50", or as JSON {"price <": 50}.'
)
@click.option(
    "--vector-weight",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    help="Share of the user's vector; the rules have the rest.",
)
@click.option("--category-weight", type=_WEIGHT, default=1.0, help="Of the rule of categories.")
@click.option("--color-weight", type=_WEIGHT, default=1.0, help="Of the rule of colours.")
@click.option("--price-weight", type=_WEIGHT, default=1.0, help="Of the rule of prices.")
@click.option(
    "--diversity",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="How far like products are kept apart.",
)
@click.option("--include-seen", is_flag=True, help="Also products that the user knows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@AS_CODE
@with_workspace
def recommend(
    workspace: Workspace,
    user: str,
    filters: str | None,
    as_json: bool,
    as_code: bool,
    **asked: Any,
) -> None:
    """Recommend products to USER, and say why."""
    from engine.shop.people.recommending.request import RecommendRequest

    request = RecommendRequest(user, filters=parsed_filter(filters), **asked)
    if as_code:
        print_as_code(workspace.as_code(request), as_json)
        return
    found = workspace.shop.recommender.recommend(request)
    note(found.note)
    rows = [
        {**item.product, "score": item.score, "parts": item.parts.to_json(), "why": item.why}
        for item in found.items
    ]
    if as_json:
        print_json({"user": user, "basis": found.basis, "products": rows})
        return
    _print(found)
    say(
        f"{len(rows):,} of {found.total:,} products, by {found.basis}; {found.seen:,} seen left out"
    )


def _print(found: Recommendations) -> None:
    """A table of the products, below each of them why."""
    from engine.shop.short_tables import RANK, SCORE, product_columns, ranked
    from engine.text_table import text_table

    catalogue = found.catalogue
    names = [name for name in (catalogue.key, catalogue.title, catalogue.price) if name is not None]
    width = terminal_width()
    columns = product_columns(catalogue, [*([] if width is None else [RANK]), *names, SCORE])
    header, rule, *lines = text_table(ranked(found.rows(), found.offset), columns, width).lines
    say(f"{header}\n{rule}")
    for line, item in zip(lines, found.items):
        say(f"{line}\n{wrapped(item.why, _INDENT)}")
