"""A user's taste as it is shown: words, swatches, a picture of prices. Knows users; not HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.shop.page.people.address import user_url
from engine.shop.page.swatches import swatch
from engine.shop.people.profiles import User
from engine.shop.people.taste import Prices

WIDTH = 200  # of a picture of prices, in its own units
_ROOM = 1.05  # so that the greatest price stands inside


@dataclass(frozen=True)
class PriceRange:
    """Prices as a picture: a line from the least to the greatest, a box around their middle half.

    Attributes:
        least, p25, mean, p75, greatest: places in the picture, from 0 to `WIDTH`.
        prices: the figures themselves.
    """

    least: float
    p25: float
    mean: float
    p75: float
    greatest: float
    prices: Prices


@dataclass(frozen=True)
class Person:
    """A user as lists and views show it.

    Attributes:
        title: its name, else its id. href: of its view. segment: None where nothing says it.
        colors: each with its swatch, None for what is no colour.
        prices: None where none is known. interactions: how many it has.
        wants: kinds of products in its own words; only the bundled personas have some.
    """

    user_id: str
    title: str
    href: str
    segment: str | None
    colors: tuple[tuple[str, str | None], ...]
    categories: tuple[str, ...]
    prices: PriceRange | None
    interactions: int
    wants: tuple[str, ...] = ()


def person_of(user: User, dearest: float | None = None, wants: Sequence[str] = ()) -> Person:
    """A user as it is shown.

    Args:
        dearest: the price near the right end of the picture; None for the user's own.
    """
    taste = user.taste
    return Person(
        user.user_id,
        user.name or user.user_id or "(empty id)",
        user_url(user.user_id),
        user.segment,
        tuple((color, swatch(color)) for color in taste.colors),
        taste.categories,
        price_range(taste.prices, dearest),
        taste.interactions,
        tuple(wants),
    )


def price_range(prices: Prices | None, dearest: float | None = None) -> PriceRange | None:
    """The picture of prices; None for none."""
    if prices is None:
        return None
    end = _ROOM * max(dearest or 0.0, prices.greatest, prices.p75, prices.mean)
    low = min(0.0, prices.least)
    scale = WIDTH / (end - low) if end > low else 0.0
    figures = (prices.least, prices.p25, prices.mean, prices.p75, prices.greatest)
    least, p25, mean, p75, greatest = (round((f - low) * scale, 2) for f in figures)
    return PriceRange(least, p25, mean, p75, greatest, prices)


def dearest_of(users: Sequence[User]) -> float | None:
    """The greatest price that any of some users likes, so that their pictures have one scale."""
    known = [user.taste.prices.greatest for user in users if user.taste.prices is not None]
    return max(known, default=None)
