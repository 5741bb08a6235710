"""Files in which a product has several rows, as shops export variants and further pictures: all share
its key, and the first alone says what it is called. Knows columns' names and looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.shop.catalogue.guessing.looks import Looks
from engine.shop.catalogue.guessing.names import rank, usual
from engine.shop.catalogue.importing.values import cell


def shared_key(looks: Mapping[str, Looks], free: Sequence[str]) -> str | None:
    """The column of such keys; None where every row is a product."""
    title = usual("title", [name for name in free if looks[name].is_name])
    if title is None or len(looks[title].there) == len(looks[title].values):
        return None
    keyed = [name for name in free if name != title and rank("id", name) is not None]
    fits = [name for name in keyed if _is_shared(looks[name], looks[title])]
    return usual("id", fits)


def _is_shared(key: Looks, title: Looks) -> bool:
    """Whether all rows have a key, a key's first row a title and no other row one."""
    seen: set[str] = set()
    for own, called in zip(map(cell, key.values), map(cell, title.values)):
        is_first = own is not None and str(own) not in seen
        if own is None or is_first != (called is not None):
            return False
        seen.add(str(own))
    return True
