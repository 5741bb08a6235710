"""The command that makes users, lists and shows them, and notes what they do. Translates and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from engine.doors.cli.options import Group, file_encoding, with_workspace
from engine.doors.cli.printing import explain_if_empty, note, print_json, print_table, say
from engine.text_table import one_line

if TYPE_CHECKING:
    from engine.shop.people.profiles import User
    from engine.shop.people.report import UsersReport
    from engine.workspace import Workspace

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Group)
def users() -> None:
    """Users by what they liked: made of interactions, listed, shown, added to."""


@users.command()
@click.option(
    "--from", "source", metavar="FILE|TABLE", help="CSV, JSON lines, Parquet, or a table."
)
@click.option("--user", metavar="COLUMN", help="The column of users' ids.")
@click.option("--product", metavar="COLUMN", help="The column of products' keys.")
@click.option("--kind", metavar="COLUMN", help="The column that says like, purchase, ...")
@click.option("--time", metavar="COLUMN", help="The column of times.")
@file_encoding
@click.option("--personas", is_flag=True, help="Make up the demo's personas, whatever is there.")
@click.option(
    "--weight", "weights", multiple=True, metavar="KIND=NUMBER", help="What a kind counts."
)
@click.option("--half-life", "half_life", type=float, metavar="DAYS", help="Old ones count less.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_workspace
def build(
    workspace: Workspace,
    source: str | None,
    weights: tuple[str, ...],
    half_life: float | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Make the tables users and user_style_features from interactions.

    Without --from: from those that the workspace has; where it has none, from made-up ones of the five
    personas of the demo.
    """
    kinds = dict(_weight(text) for text in weights)
    report = workspace.build_users(source, kind_weights=kinds, half_life_days=half_life, **asked)
    if as_json:
        shown = {**vars(report), "failures": [vars(failure) for failure in report.failures]}
        print_json(shown)
    else:
        print_users(report)


@users.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Users to leave out first.")
@click.option("--search", metavar="LETTERS", help="Only those with them in id, name or segment.")
@_as_json
@with_workspace
def list_command(
    workspace: Workspace, limit: int, offset: int, search: str | None, as_json: bool
) -> None:
    """List users, by id."""
    from engine.shop.people.people import USERS_COLUMNS

    page = workspace.list_users(limit=limit, offset=offset, search=search)
    rows = page.rows()
    if as_json:
        print_json({"users": rows, "total": page.total, "next_offset": page.next_offset})
        return
    if not search and not offset:
        explain_if_empty(workspace, "users", rows)
    if rows:
        print_table(rows, USERS_COLUMNS)
    say(f"{len(rows):,} of {page.total:,} users")


@users.command()
@click.argument("user_id")
@_as_json
@with_workspace
def show(workspace: Workspace, user_id: str, as_json: bool) -> None:
    """Show a user: what it likes, in words and prices."""
    _print_user(workspace.get_user(user_id), as_json)


@users.command("add-interaction")
@click.argument("user_id")
@click.argument("product_id")
@click.option("--kind", default="like", show_default=True, help="Such as like, purchase, view.")
@click.option("--time", help="When, as 2026-03-01T12:00:00Z.  [default: now]")
@_as_json
@with_workspace
def add_interaction(
    workspace: Workspace,
    user_id: str,
    product_id: str,
    kind: str,
    time: str | None,
    as_json: bool,
) -> None:
    """Note that USER_ID liked PRODUCT_ID; a new id is a new user."""
    _print_user(workspace.add_interaction(user_id, product_id, kind=kind, time=time), as_json)


@users.command("remove-interaction")
@click.argument("user_id")
@click.argument("product_id")
@_as_json
@with_workspace
def remove_interaction(workspace: Workspace, user_id: str, product_id: str, as_json: bool) -> None:
    """Take back all that USER_ID did with PRODUCT_ID; the user stays."""
    _print_user(workspace.remove_interactions(user_id, product_id), as_json)


@users.command()
@click.argument("user_id")
@with_workspace
def forget(workspace: Workspace, user_id: str) -> None:
    """Remove USER_ID with all that it did."""
    workspace.forget_user(user_id)
    say(f"forgot {one_line(user_id)}")


@users.command()
@click.argument("user_id")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Later ones to leave out.")
@_as_json
@with_workspace
def history(workspace: Workspace, user_id: str, limit: int, offset: int, as_json: bool) -> None:
    """Show what USER_ID did, the latest first."""
    workspace.get_user(user_id)  # who did nothing is told from who is nobody
    found = workspace.list_interactions(user_id, limit=limit, offset=offset)
    if as_json:
        rows = [item.to_dict() for item in found.items]
        further = {"total": found.total, "next_offset": found.next_offset}
        print_json({"user_id": user_id, "interactions": rows, **further})
        return
    if found.items:
        print_table(found.rows(), found.columns, told=False)
    say(f"{len(found.items):,} of {found.total:,} interactions")


@users.command()
@click.argument("user_id")
@click.argument("other_id")
@_as_json
@with_workspace
def compare(workspace: Workspace, user_id: str, other_id: str, as_json: bool) -> None:
    """Show what USER_ID and OTHER_ID share: the products that both like, and their prices."""
    for each in (user_id, other_id):
        workspace.get_user(each)
    found = workspace.compare_users(user_id, other_id)
    if as_json:
        print_json({"users": found.rows(), "shared": found.shared})
        return
    print_table(found.rows(), found.columns)
    keys = ", ".join(map(one_line, found.shared))
    say(f"liked by both: {keys or 'nothing'}")


def _weight(text: str) -> tuple[str, float]:
    kind, _, number = text.partition("=")
    try:
        return kind, float(number)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no weight; expected KIND=NUMBER such as purchase=3.",
            param_hint="--weight",
        ) from None


def print_users(report: UsersReport) -> None:
    """What `users build` made, and what it left out."""
    say(f"made {report.users:,} users of {report.interactions:,} interactions ({report.source})")
    if report.columns:
        say("read " + ", ".join(f"{part} from {c}" for part, c in report.columns.items()))
    if report.kept:
        say(f"kept {report.kept:,} interactions that were added one by one")
    if report.without_product_vector:
        count = report.without_product_vector
        note(f"{count:,} interactions are with products that have no vector in the hybrid index")
    for user, reason in list(report.without_vector.items())[:3]:
        note(f"user {user} has no vector: {reason}")
    if report.failures:
        first = report.failures[0]
        say(
            f"warning: {len(report.failures):,} interactions were left out or not used whole (row "
            f"{first.row}: {first.reason}); see: vitrine table show user_interaction_failures",
            err=True,
        )


def _print_user(user: User, as_json: bool) -> None:
    from engine.shop.people.profiles import FACTS

    trouble = user.taste.trouble
    if as_json:
        print_json({**user.facts(), "note": trouble})
        return
    print_table(user.rows(), FACTS)
    if trouble:
        note(f"no vector: {trouble}")
