"""What was computed of an index's products, kept for the next who asks. Knows versions; not values."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from engine.store.indexes.mask_cache import MaskCache
from engine.store.indexes.versions import Version

T = TypeVar("T")
# By what all versions of one opened index share: a copy of a workspace has the same numbers.
_kept: weakref.WeakKeyDictionary[MaskCache, tuple[int, dict[Hashable, object]]]
_kept = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def kept(version: Version, what: Hashable, make: Callable[[], T]) -> T:
    """A value of an index's version, made where it isn't kept; those of its other versions go.

    Two threads may make the same value at the same time; neither waits for the other.

    Args:
        make: of the version alone; the value must not hold it, or it would be kept for ever.
    """
    with _lock:
        number, values = _kept.get(version.masks, (version.number, {}))
        if number != version.number:
            values = {}
        if what in values:
            return cast(T, values[what])
        _kept[version.masks] = version.number, values
    made = make()
    with _lock:
        values[what] = made
    return made
