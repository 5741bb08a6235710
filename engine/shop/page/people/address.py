"""Addresses of people: who is looked at, beside whom, and what recommendations weigh. Knows forms.

    /people/user_006327?vector=0.3&category=2&diversity=0.5&with=user_007598

An id that no path can hold, such as "..", stands behind the question mark: /people/?id=..
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from engine.core.values import number_of
from engine.errors import InvalidParameterValue
from engine.shop.page.address import whole_number
from engine.shop.people.recommending.request import VECTOR_WEIGHT

PEOPLE = "/people"
ME = f"{PEOPLE}/me"  # the visitor's own page
_OWN = ("me", "like", "build", "forget", "beside")  # paths of the page itself


@dataclass(frozen=True)
class Slider:
    """What recommendations may weigh.

    Attributes:
        name: in the address. option: of `recommend`. label: in words. ends: what its ends mean.
        most: its greatest value; the least is 0.
    """

    name: str
    option: str
    label: str
    usual: float
    most: float
    ends: tuple[str, str]


SLIDERS = (
    Slider("vector", "vector_weight", "Vector", VECTOR_WEIGHT, 1, ("rules alone", "vector alone")),
    Slider("category", "category_weight", "Category", 1, 3, ("ignored", "counts most")),
    Slider("color", "color_weight", "Colour", 1, 3, ("ignored", "counts most")),
    Slider("price", "price_weight", "Price", 1, 3, ("ignored", "counts most")),
    Slider("diversity", "diversity", "Variety", 0, 1, ("the best first", "none alike")),
)
_MOST_OFFSET = 1 << 31


@dataclass(frozen=True)
class PersonAsked:
    """What an address asks for.

    Attributes:
        user: an id. beside: another, None for none.
        weights: name of a slider -> its value, where it isn't the usual.
        offset: recommended products that come before. earlier: interactions that do.
        is_me: whether it is the visitor's own page.
    """

    user: str
    beside: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    offset: int = 0
    earlier: int = 0
    is_me: bool = False

    def value(self, slider: Slider) -> float:
        """What a slider stands at."""
        return self.weights.get(slider.name, slider.usual)

    def options(self) -> dict[str, Any]:
        """Of `recommend`."""
        return {slider.option: self.value(slider) for slider in SLIDERS}

    def items(self) -> list[tuple[str, str]]:
        """The parts of its address behind the question mark, but for the user."""
        out = [("with", self.beside)] if self.beside is not None else []
        out += [(s.name, f"{self.value(s):g}") for s in SLIDERS if self.value(s) != s.usual]
        counts = (("offset", self.offset), ("earlier", self.earlier))
        return [*out, *((name, str(count)) for name, count in counts if count)]

    def url(self) -> str:
        """The address."""
        return with_query(ME if self.is_me else user_url(self.user), self.items())

    def part_url(self, part: str) -> str:
        """The address of a part of its view."""
        return with_query(f"/page/people/{part}", [("user", self.user), *self.items()])

    def code_url(self, k: int) -> str:
        """The address of its first `k` recommendations, as code."""
        items = replace(self, beside=None, earlier=0).items()
        return with_query("/page/as-code/recommended", [("user", self.user), ("k", str(k)), *items])

    def of(self, user: str) -> PersonAsked:
        """The same weights for another user, alone."""
        return PersonAsked(user, None, self.weights)

    def at(self, offset: int) -> PersonAsked:
        """The same, further on."""
        return replace(self, offset=offset)


def read_person(user: str, items: Iterable[tuple[str, str]], is_me: bool = False) -> PersonAsked:
    """What an address of a user asks for; parts that it doesn't know are left to others.

    Raises:
        InvalidParameterValue: a number that can't be; says which.
    """
    given = dict(items)
    weights = {s.name: _number(s, given[s.name]) for s in SLIDERS if given.get(s.name, "").strip()}
    offset, earlier = (_count(name, given.get(name) or "0") for name in ("offset", "earlier"))
    return PersonAsked(user, given.get("with"), weights, offset, earlier, is_me)


def user_url(user: str) -> str:
    """The address of a user's view."""
    parts = user.split("/")
    is_path = all(part not in ("", ".", "..") for part in parts) and parts[0] not in _OWN
    return f"{PEOPLE}/{quote(user)}" if is_path else f"{PEOPLE}/?{urlencode({'id': user})}"


def with_query(path: str, items: list[tuple[str, str]]) -> str:
    """A path, and what stands behind the question mark."""
    if not items:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(items)}"


def _count(name: str, text: str) -> int:
    found = whole_number(text, _MOST_OFFSET)
    if found is None:
        raise InvalidParameterValue(f"{name} is {text[:40]!r}; expected how many come before.")
    return found


def _number(slider: Slider, text: str) -> float:
    try:
        number = float(number_of(text))
    except (ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= slider.most:
        raise InvalidParameterValue(
            f"{slider.name} is {text[:80]!r}; expected a number from 0 to {slider.most:g}."
        )
    return number
