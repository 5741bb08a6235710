"""Which segments are merged, and when: few are left, and no row is written again too often."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.store.indexes.changes import TAIL_NUMBERS
from engine.store.indexes.compaction import LARGE_ROWS, RATIO, SMALL_NUMBERS, due

WEIGHT = SMALL_NUMBERS  # of a row, so that a single one is not too few to be merged


@dataclass(eq=False)
class Part:
    """As a version's part, by its counts alone."""

    live_rows: int
    rows: int
    held: Any = None
    segment: Any = field(init=False)

    def __post_init__(self) -> None:
        self.segment = SimpleNamespace(rows=self.rows, held=self.held)


def merged(parts: list[Part], most: float = math.inf) -> tuple[list[Part], int]:
    """What is left when nothing is due any more, and how many rows were written again."""
    written = 0
    while True:
        found = due(SimpleNamespace(parts=parts), WEIGHT, most * WEIGHT, math.inf)  # type: ignore[arg-type]
        if not found:
            return parts, written
        rows = sum(part.live_rows for part in found)
        parts = [part for part in parts if part not in found] + [Part(rows, rows)]
        written += rows


sizes = st.integers(1, 3000)


@given(st.lists(sizes, max_size=60))
def test_each_part_that_is_left_is_much_larger_than_all_smaller_ones(found: list[int]) -> None:
    parts, _ = merged([Part(rows, rows) for rows in found])
    left = sorted((part.live_rows for part in parts), reverse=True)
    assert sum(left) == sum(found)
    for place, rows in enumerate(left[:-1]):
        assert rows >= RATIO * sum(left[place + 1 :])


@given(st.integers(1, 300), st.integers(2, 400))
def test_rows_that_come_in_equal_parts_are_written_again_some_times_only(
    rows: int, count: int
) -> None:
    parts: list[Part] = []
    written = 0
    for _ in range(count):
        parts, more = merged([*parts, Part(rows, rows)])
        written += more
        assert len(parts) <= 1 + math.log(count, RATIO)
    levels = 1 + math.ceil(math.log(count, RATIO))
    assert written <= RATIO * levels * rows * count


@given(st.lists(sizes, min_size=1, max_size=40), st.integers(100, 5000))
def test_what_is_too_much_at_once_is_left_and_the_rest_is_merged(
    found: list[int], most: int
) -> None:
    parts = [Part(rows, rows) for rows in found]
    chosen = due(SimpleNamespace(parts=parts), WEIGHT, most * WEIGHT, math.inf)  # type: ignore[arg-type]
    assert sum(part.live_rows for part in chosen) <= most
    left, _ = merged(parts, most)
    small = sorted((part.live_rows for part in left), reverse=True)
    for place in range(len(small) - 1):
        smaller = sum(small[place + 1 :])
        assert small[place] >= RATIO * smaller or small[place] + smaller > most


def test_a_part_with_many_deleted_rows_is_written_again() -> None:
    whole, wasteful = Part(10_000, 10_000), Part(300, 500)
    assert due(SimpleNamespace(parts=[whole, wasteful]), WEIGHT) == [wasteful]  # type: ignore[arg-type]
    assert due(SimpleNamespace(parts=[whole, Part(300, 310)]), WEIGHT) == []  # type: ignore[arg-type]


def test_rows_that_a_manifest_holds_are_left_to_the_next_write() -> None:
    held = Part(60, 60, held={"rows": 60})
    assert due(SimpleNamespace(parts=[Part(100, 100), held]), WEIGHT) == []  # type: ignore[arg-type]


def test_a_few_rows_are_left_until_they_are_more() -> None:
    dimension, few = 512, SMALL_NUMBERS // 512
    for smaller, merges in ((few - 1, False), (few, True)):
        parts = SimpleNamespace(parts=[Part(1000, 1000), Part(smaller, smaller)])
        assert bool(due(parts, dimension)) is merges  # type: ignore[arg-type]


def test_segments_of_very_many_rows_are_left_however_short_their_vectors_are() -> None:
    large = [Part(LARGE_ROWS, LARGE_ROWS) for _ in range(5)]
    assert due(SimpleNamespace(parts=large), 8) == []  # type: ignore[arg-type]
    fewer = [Part(LARGE_ROWS - 1, LARGE_ROWS - 1) for _ in range(5)]
    assert due(SimpleNamespace(parts=fewer), 8) == fewer  # type: ignore[arg-type]


def test_a_last_segment_that_the_next_write_takes_along_is_left_to_it() -> None:
    limit = TAIL_NUMBERS // 512
    for rows, merges in ((limit - 1, False), (limit, True)):
        parts = [
            Part(1000, 1000),
            Part(limit, limit),
            last := Part(rows, rows),
            Part(9, 9, held={}),
        ]
        found: list[Any] = due(SimpleNamespace(parts=parts), 512)  # type: ignore[arg-type]
        assert (last in found) is merges
        assert parts[1] in found
