"""One body, every door: the same answers, to the last key, type and digit; and the same refusals."""

from __future__ import annotations

import pytest
from conformance.bodies import BODIES
from conformance.compare import DIFFERENCES, Difference
from conformance.doors import LACKS, MAKERS
from conformance.world import World

CASES = [
    (door, title)
    for title, body in BODIES.items()
    for door in MAKERS
    if not body.needs & LACKS[door]
]


@pytest.mark.parametrize(("door", "title"), CASES, ids=[f"{title}-{door}" for door, title in CASES])
def test_a_door_answers_as_all_others_do(world: World, door: str, title: str) -> None:
    world.compare(door, title, BODIES[title].run)


def test_every_door_is_tried_with_most_bodies() -> None:
    for door in MAKERS:
        tried = sum(1 for case in CASES if case[0] == door)
        assert tried > 0.7 * len(BODIES), (door, tried)


SURE = [d for d in DIFFERENCES if d.reason != "times differ"]  # quick doors share a second


@pytest.mark.parametrize("difference", SURE, ids=lambda d: d.where[:60])
def test_every_allowed_difference_is_met(world: World, difference: Difference) -> None:
    noted = [
        case for case in CASES if difference in world.compare(*case, BODIES[case[1]].run)
    ]  # answers are kept, so nothing is asked twice
    assert noted, f"no door differs like this any more: {difference.reason}"
