"""Two people side by side: what they share, what each is recommended. Knows results; not HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.people.address import PersonAsked
from engine.shop.page.people.recommended import Recommended, median_price, recommended
from engine.shop.page.people.tastes import Person, dearest_of, person_of
from engine.shop.people.histories import UserComparison
from engine.shop.people.profiles import User
from engine.shop.people.recommending.recommender import Recommendations

BESIDE = 24  # recommended products of each that are compared
_SHOWN = 12  # of these


@dataclass(frozen=True)
class Side:
    """One of both.

    Attributes:
        href: of its view, with the same weights. liked: how many products it likes.
        median_liked, median_found: the median price of those, and of what is recommended to it; None
            where none is known.
    """

    person: Person
    href: str
    found: Recommended
    liked: int
    median_liked: float | None
    median_found: float | None


@dataclass(frozen=True)
class Both:
    """Two people.

    Attributes:
        shared_likes: products that both like. shared_found: that are recommended to both.
        compared: how many recommended products of each were looked at.
    """

    sides: tuple[Side, Side]
    shared_likes: int
    shared_found: int
    compared: int


def beside(
    asked: PersonAsked,
    users: tuple[User, User],
    found: Sequence[Recommendations],
    shared: UserComparison,
    catalogue: Catalogue,
) -> Both:
    """Two users as they are shown, their prices in one scale."""
    dearest = dearest_of(users)
    sides = [
        Side(
            person_of(user, dearest),
            asked.of(user.user_id).url(),
            recommended(replace(each, items=each.items[:_SHOWN]), asked, catalogue),
            shared.liked[place],
            shared.median_prices[place],
            median_price(each.items, catalogue),
        )
        for place, (user, each) in enumerate(zip(users, found))
    ]
    keys = [{item.key for item in each.items} for each in found]
    return Both(
        (sides[0], sides[1]), len(shared.shared), len(keys[0] & keys[1]), max(map(len, keys))
    )
