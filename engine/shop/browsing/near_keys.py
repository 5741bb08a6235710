"""Keys that somebody may have meant who asked for one that is not there. Knows keys; not products."""

from __future__ import annotations

import bisect
import contextlib
import difflib
from collections.abc import Sequence
from typing import Any

from engine.core.values import integer_of

_AROUND = 100  # keys before and after, by the alphabet, that are looked at
_ALIKE = 0.6  # of letters that two keys share, in their order
_MOST = 200  # characters of a key that are compared


def near_keys(sought: str, keys: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of the keys, which ascend, the likeliest first.

    Of integers the two nearest, that without its last digit, and further ones; of texts those that are
    the same in other letter cases, then those that begin alike and are spelled alike.
    """
    if not keys:
        return []
    if not isinstance(keys[0], str):
        return _nearest(sought, keys, count)
    text = sought.strip()
    same = [key for key in keys if key.casefold() == text.casefold()]
    place = bisect.bisect_left(keys, text)
    around = keys[max(place - _AROUND, 0) : place + _AROUND]
    short = {key[:_MOST]: key for key in reversed(around)}
    alike = difflib.get_close_matches(text[:_MOST], list(short), n=count, cutoff=_ALIKE)
    return list(dict.fromkeys([*same, *(short[each] for each in alike)]))[:count]


def _nearest(sought: str, keys: Sequence[int], count: int) -> list[int]:
    digits = "".join(sign for sign in sought if sign in "0123456789")[:18]
    number = None
    with contextlib.suppress(ValueError):
        number = integer_of(sought.strip()) if sought.strip() else None
    if number is None and digits:
        number = int(digits)
    if number is None:
        return []
    place = bisect.bisect_left(keys, number)
    around = keys[max(place - count, 0) : place + count]
    nearest = sorted(around, key=lambda key: (abs(key - number), key))
    shorter = bisect.bisect_left(keys, number // 10)
    slip = keys[shorter : shorter + 1] if number // 10 in keys[shorter : shorter + 1] else []
    return list(dict.fromkeys([*nearest[:2], *slip, *nearest[2:]]))[:count]
