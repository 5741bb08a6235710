"""Which products the same people like. Knows interactions; not vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.shop.people.interactions.log import Interactions


class CoLikes:
    """From a product to those that its friends like too. Safe to use from many threads."""

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions

    def of(self, key: Any) -> Mapping[Any, float]:
        """Keys of other products, each with the cosine of the sets of users who like them, above 0 to 1.

        Two products that the same people like, and nobody else, have 1.
        """
        log = self._interactions.now()
        own = log.products.get(key)
        if own is None:
            return {}
        users, products = log.likes
        counts = np.bincount(products, minlength=len(log.products))
        friends = users[products == own]
        if not len(friends):
            return {}
        shared = np.bincount(products[np.isin(users, friends)], minlength=len(log.products))
        cosines = shared / np.sqrt(np.maximum(counts, 1) * float(len(friends)))
        keys = list(log.products)
        found = [place for place in np.flatnonzero(shared).tolist() if place != own]
        return {keys[place]: float(cosines[place]) for place in found}
