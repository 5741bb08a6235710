"""The list of people: the bundled personas as tiles, then any user a row. Knows users; not HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.shop.page.people.address import ME, with_query
from engine.shop.page.people.tastes import Person, dearest_of, person_of
from engine.shop.people.interactions.personas import Persona
from engine.shop.people.people import UserPage
from engine.shop.people.profiles import User

Tiles = list[Person]


@dataclass(frozen=True)
class Listing:
    """A page of users.

    Attributes:
        search: the letters that were asked for. total: on all pages.
        next_url: of the next ones as a part, next_page: as a page of its own; None on the last page.
    """

    rows: list[Person]
    search: str
    total: int
    next_url: str | None
    next_page: str | None


def listing(page: UserPage, search: str, visitor: str) -> Listing:
    """A page of users as it is shown; `visitor` is the id of who looks."""
    query = [("search", search)] if search else []
    next_url, next_page = None, None
    if page.next_offset is not None:
        query.append(("offset", str(page.next_offset)))
        next_url, next_page = with_query("/page/people/more", query), with_query("/people", query)
    rows = [person_of(user) for user in page.users]
    rows = [replace(o, title="You", href=ME) if o.user_id == visitor else o for o in rows]
    return Listing(rows, search, page.total, next_url, next_page)


def tiles(found: Sequence[tuple[Persona, User]]) -> Tiles:
    """The personas that are users here, their prices in one scale."""
    dearest = dearest_of([user for _, user in found])
    return [
        person_of(user, dearest, [kind.casefold() for kind in persona.kinds])
        for persona, user in found
    ]
