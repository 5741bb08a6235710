"""Which settings no other one beats on both sides."""

from __future__ import annotations

from collections.abc import Sequence


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Places of the points that none beats: (quality, rate), both higher is better, by rising quality.

    Of equal points the first is kept.
    """
    order = sorted(
        range(len(points)), key=lambda place: (-points[place][0], -points[place][1], place)
    )
    kept: list[int] = []
    best = float("-inf")
    for place in order:
        if points[place][1] > best:
            kept.append(place)
            best = points[place][1]
    return kept[::-1]
