"""How the time of an embedding is shared by its stages, done one after another. Knows clocks only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

REST = "rest"  # of the whole, what lies between the stages


@dataclass(frozen=True)
class Stage:
    """One stage: what it makes of what the stage before it made."""

    name: str
    work: Callable[[Any], Any]


def seconds_by_stage(
    batches: Iterable[Any], stages: Sequence[Stage], last: Stage | None = None
) -> dict[str, float]:
    """Seconds of each stage over all batches, and what of the whole is none's; together the whole.

    The whole is measured by a clock of its own, from the first batch to the end, so that the rest says
    how much was missed: the taking of the batches, and the clock.

    Args:
        batches: what the first stage is given, one after another.
        last: done once after all batches, and counted to the stage of its name.
    """
    spent = {stage.name: 0.0 for stage in stages}
    clock = time.perf_counter
    begun = clock()
    for value in batches:
        for stage in stages:
            started = clock()
            value = stage.work(value)
            spent[stage.name] += clock() - started
    if last is not None:
        started = clock()
        last.work(None)
        spent[last.name] = spent.get(last.name, 0.0) + clock() - started
    whole = clock() - begun
    return {**spent, REST: whole - sum(spent.values())}
