"""Equal recall: a contestant's setting is the cheapest that reaches what all have to reach.

So that no one wins by answering worse. Settings are tried from the cheapest on, with queries that are
not measured afterwards; who never reaches it is measured with its dearest, and said not to.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.bench.contest.contest import Asked, Contest
from engine.bench.contest.contestant import Setting

RECALL = 0.99
ROUNDING = 1e-9  # of a mean


@dataclass(frozen=True)
class Tuned:
    """What a contestant is measured with: its setting, mean recall in tuning, whether that is enough."""

    setting: Setting
    recall: float
    reached: bool


def tuned(contest: Contest, asked: Asked, recall: float = RECALL) -> dict[str, Tuned]:
    """Set each open contestant to its cheapest setting that reaches a mean recall on these questions."""
    chosen: dict[str, Tuned] = {}
    waiting = {name: list(worker.facts.settings) for name, worker in contest.workers.items()}
    aside = dict(contest.workers)
    try:
        while waiting:
            contest.workers = {name: aside[name] for name in waiting}
            tried = {name: settings.pop(0) for name, settings in waiting.items()}
            for name, setting in tried.items():
                contest.tune(name, setting)
            found = contest.answer(asked)
            for name, setting in tried.items():
                if name not in contest.workers or name not in found:
                    del waiting[name], aside[name]  # it is out
                    continue
                reached = float(found[name].recall.mean())
                if reached >= recall - ROUNDING or not waiting[name]:
                    chosen[name] = Tuned(setting, reached, reached >= recall - ROUNDING)
                    del waiting[name]
    finally:
        contest.workers = aside
    return chosen


def described(setting: Setting) -> str:
    """A setting in words: `ef=64`, and nothing where there is none to choose."""
    return ", ".join(f"{name}={value}" for name, value in setting.items())
