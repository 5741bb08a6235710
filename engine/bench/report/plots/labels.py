"""Names beside the ends of lines, none over another."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Places as near as can be to the wanted ones, at least so far apart, between two bounds.

    Where there is no room for all, they stand evenly. In the order of `wanted`.
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    room = min(least, (high - low) / max(1, len(wanted) - 1)) if len(wanted) > 1 else 0.0
    placed: list[float] = []
    for rank, place in enumerate(order):
        lowest = placed[-1] + room if placed else low
        highest = high - room * (len(order) - 1 - rank)
        placed.append(min(max(wanted[place], lowest), highest))
    found = [0.0] * len(wanted)
    for rank, place in enumerate(order):
        found[place] = placed[rank]
    return found
