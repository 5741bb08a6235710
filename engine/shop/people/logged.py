"""Tastes by the log of interactions, and whose the table of styles doesn't know yet. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.shop.people.interactions.log import Log
from engine.shop.people.space import ProductSpace
from engine.shop.people.taste import NOTHING, Taste, interaction_weights, taste_of

_KINDS, _HALF_LIFE = "kind_weights", "half_life_days"  # properties of the table of styles


@dataclass(frozen=True)
class Counting:
    """What interactions count: see `interaction_weights`."""

    kinds: Mapping[str, float] = field(default_factory=dict)
    half_life_days: float | None = None

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Counting:
        """As the last building of users said."""
        return cls(properties.get(_KINDS) or {}, properties.get(_HALF_LIFE))

    def properties(self) -> dict[str, Any]:
        """As the table of styles keeps it."""
        return {_KINDS: dict(self.kinds), _HALF_LIFE: self.half_life_days}


def logged_taste(space: ProductSpace, log: Log, user: str, counting: Counting) -> Taste:
    """A user's taste by its interactions."""
    rows = log.rows_of(user)
    if not len(rows):
        return NOTHING
    weights = interaction_weights(
        log.kinds(rows), log.days(rows), counting.kinds, counting.half_life_days
    )
    return taste_of(space, space.products.rows_of(log.products_of(rows)), weights)


def behind(log: Log, known: Mapping[str, float]) -> list[str]:
    """Users with more interactions than their styles were made of: a writer stopped in between.

    Args:
        known: user -> interactions that its row counts; infinite where the row doesn't say.
    """
    counts = np.bincount(log.user_codes, minlength=len(log.users)).tolist()
    counted = known.get
    return [user for user, count in zip(log.users, counts) if counted(user, 0) < count]
