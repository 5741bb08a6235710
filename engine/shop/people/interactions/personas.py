"""The demo's five personas, and their made-up interactions. Knows their file, and products as arrays.

How they are made up is said in `datasets/personas/README.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np

from engine.core.arrays import Mask, Rows
from engine.shop.bundled import bundled_file
from engine.shop.people.space import Floats, ProductSpace

_LAST = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
_BETWEEN = timedelta(days=2)
_EQUAL = 0.05  # of a price: products nearer than that are equally near


@dataclass(frozen=True)
class Persona:
    """A made-up shopper; see the card beside the file."""

    user_id: str
    name: str
    segment: str
    interactions: int
    avg_price: float
    p25_price: float
    p75_price: float
    categories: tuple[str, ...]
    colors: tuple[str, ...]
    kinds: tuple[str, ...]


def personas() -> list[Persona]:
    """The bundled ones. Raises NotFound: the package was installed without them."""
    given = json.loads(bundled_file("personas/personas.json").read_text("utf-8"))["personas"]
    lists = ("categories", "colors", "kinds")
    return [Persona(**{**one, **{name: tuple(one[name]) for name in lists}}) for one in given]


def made_up(space: ProductSpace) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Interactions of the personas with the products of a space, as entries for `checked`."""
    keys = space.products.values(space.products.catalogue.key, space.rows)
    number = 0
    for persona in personas():
        for turn, place in enumerate(_liked(persona, space, keys)):
            number += 1
            yield (
                number,
                {
                    "user": persona.user_id,
                    "product": keys[place],
                    "time": _LAST - _BETWEEN * (persona.interactions - 1 - turn),
                    "name": persona.name,
                    "segment": persona.segment,
                },
            )


def target_prices(persona: Persona) -> Floats:
    """(interactions,) prices, ascending, whose quartiles and mean are the persona's, as near as lines
    from the quartiles to a least and a greatest price allow."""
    shares = (np.arange(persona.interactions) + 0.5) / persona.interactions
    low, high = persona.p25_price, persona.p75_price
    # Three lines: the mean is (least + 3 p25 + 3 p75 + greatest) / 8.
    both = 8 * persona.avg_price - 3 * (low + high)
    least = min(max(both - 1.5 * high, 0.25 * low), low)
    greatest = max(both - least, high)
    return np.interp(shares, [0, 0.25, 0.75, 1], [least, low, high, greatest])


def _liked(persona: Persona, space: ProductSpace, keys: Sequence[Any]) -> list[int]:
    """Places of the products that a persona likes, each once, in the order of the interactions."""
    order = sorted(range(len(keys)), key=lambda place: _digest(persona.user_id, keys[place]))
    chance = np.empty(len(keys), dtype=np.int64)
    chance[order] = np.arange(len(order))
    free = np.ones(len(keys), dtype=bool)
    chosen = []
    for turn, price in enumerate(_shuffled(persona, target_prices(persona))):
        wanted = _wanted(persona, space, turn)
        options = [np.flatnonzero(mask & free) for mask in wanted]
        found = [_nearest(places, price, space, chance) for places in options if len(places)]
        if not found:
            break
        _, place = min(found, key=lambda option: option[0])
        free[place] = False
        chosen.append(place)
    return chosen


def _wanted(persona: Persona, space: ProductSpace, turn: int) -> list[Mask]:
    """Masks of the products that a turn asks for, from the strictest to all of them."""
    catalogue = space.products.catalogue
    category = catalogue.categories[0] if catalogue.categories else None
    in_category = _has(space, category, [_dealt(persona.categories, turn)])
    in_color = _has(space, catalogue.color, [_dealt(persona.colors, turn + turn // 3)])
    of_kind = _has(space, catalogue.kind, persona.kinds)
    return [
        in_category & in_color & of_kind,
        in_category & of_kind,
        in_category & in_color,
        in_category,
        np.ones(len(space), dtype=bool),
    ]


def _has(space: ProductSpace, column: str | None, values: Sequence[str]) -> Mask:
    """Which products of the space have one of some values."""
    attribute = space.attribute(column)
    if attribute is None:
        return np.ones(len(space), dtype=bool)
    codes = [attribute.values.index(value) for value in values if value in attribute.values]
    return np.isin(attribute.codes[space.rows], codes)


def _nearest(places: Rows, price: float, space: ProductSpace, chance: Rows) -> tuple[float, int]:
    """How many steps of price the nearest of some products is away, and its place."""
    if space.prices is None:
        return 0.0, int(places[np.argmin(chance[places])])
    away = np.abs(space.prices[space.rows[places]] - price)
    away = np.where(np.isfinite(away), away, np.inf)
    steps = np.floor(away / max(_EQUAL * price, 0.01))
    first = np.lexsort([chance[places], steps])[0]
    return float(steps[first]), int(places[first])


def _dealt(values: Sequence[str], turn: int) -> str:
    """One of some values, the first the most often: of three in six turns three, two and one times."""
    dealt = [value for place, value in enumerate(values) for _ in range(len(values) - place)]
    return dealt[turn * 7 % len(dealt)] if len(dealt) % 7 else dealt[turn % len(dealt)]


def _shuffled(persona: Persona, prices: Floats) -> list[float]:
    """Prices in an order in which cheap and dear ones take turns, whatever is dealt out beside."""
    turns = sorted(range(len(prices)), key=lambda turn: _digest(persona.user_id, turn))
    return [float(prices[turn]) for turn in turns]


def _digest(user: str, what: object) -> bytes:
    return hashlib.blake2b(f"{user}\0{what}".encode(), digest_size=8).digest()
