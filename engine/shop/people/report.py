"""What the making of users did. Knows counts; no printing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.shop.people.interactions.rows import Failure


@dataclass(frozen=True)
class UsersReport:
    """What became of interactions.

    Attributes:
        source: where they are from, in words. columns: part -> column, where they were read.
        users: how many there are. without_vector: user -> why it has none.
        interactions: how many are kept, `kept` of them from before: added one by one.
        without_product_vector: how many are of products that the hybrid index lacks.
        failures: what was left out, or not used whole; in table `user_interaction_failures` too.
    """

    source: str
    columns: Mapping[str, str]
    users: int
    without_vector: Mapping[str, str] = field(repr=False)
    interactions: int
    kept: int
    without_product_vector: int
    failures: Sequence[Failure] = field(repr=False)
