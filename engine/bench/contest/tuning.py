"""Equal recall: a contestant's setting is the cheapest that reaches what all have to reach.

So that no one wins by answering worse. The cheapest is tried first, then halves of the others, with
queries that are not measured afterwards; who never reaches it is measured with its dearest, and said
not to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.bench.contest.contest import Answers, Asked, Contest
from engine.bench.contest.contestant import Setting

RECALL = 0.99
ROUNDING = 1e-9  # of a mean


@dataclass(frozen=True)
class Tuned:
    """What a contestant is measured with: its setting, mean recall in tuning, whether that is enough."""

    setting: Setting
    recall: float
    reached: bool


@dataclass
class _Search:
    """Which of a contestant's settings is next: the cheapest, then the middle of those that are left.

    A dearer setting is taken to find no less than a cheaper one.
    """

    settings: list[Setting]
    recalls: dict[int, float] = field(default_factory=dict)  # by a setting's place
    low: int = 0  # all before it miss
    high: int | None = None  # the cheapest that is known to reach

    @property
    def place(self) -> int:
        last = len(self.settings) if self.high is None else self.high
        return 0 if not self.recalls else min((self.low + last) // 2, len(self.settings) - 1)

    def found(self, recall: float, reached: bool) -> Tuned | None:
        """What is known after a try; None where there is another one to make."""
        place = self.place
        self.recalls[place] = recall
        if reached:
            self.high = place
        else:
            self.low = place + 1
        if self.high is not None and self.low >= self.high:
            return Tuned(self.settings[self.high], self.recalls[self.high], True)
        if self.low >= len(self.settings):
            return Tuned(self.settings[-1], recall, False)
        return None


def tuned(contest: Contest, asked: Asked, recall: float = RECALL) -> dict[str, Tuned]:
    """Set each open contestant to its cheapest setting that reaches a mean recall on these questions."""
    chosen: dict[str, Tuned] = {}
    going = {name: _Search(list(worker.facts.settings)) for name, worker in contest.workers.items()}
    while going:
        with contest.only(going):
            for name, search in going.items():
                contest.tune(name, search.settings[search.place])
            answers = contest.answer(asked)
        for name in list(going):
            if name not in answers:
                del going[name]  # it is out
                continue
            own = answers[name].recall
            found = going[name].found(float(own.mean()), reached(own, recall))
            if found is not None:
                chosen[name] = found
                del going[name]
    for name, one in chosen.items():
        if name in contest.workers:
            contest.tune(name, one.setting)
    return chosen


def answered(
    contest: Contest, asked: Asked, chosen: dict[str, Tuned], recall: float = RECALL
) -> dict[str, Answers]:
    """Answers of everyone; who falls short of the recall is asked again at the next dearer setting.

    `chosen` is what tuning found, and says afterwards what each was measured with.
    """
    answers = contest.answer(asked)
    going = set(chosen) & set(answers)
    while going:
        for name in list(going):
            dearer = next_dearer(contest.facts[name].settings, chosen[name].setting)
            own = answers[name].recall
            chosen[name] = Tuned(chosen[name].setting, float(own.mean()), reached(own, recall))
            if chosen[name].reached or dearer is None:
                going.remove(name)
            else:
                chosen[name] = Tuned(dearer, chosen[name].recall, False)
                contest.tune(name, dearer)
        with contest.only(going):
            found = contest.answer(asked)
        answers |= found
        going &= set(found)
    return answers


def next_dearer(settings: Sequence[Setting], setting: Setting) -> Setting | None:
    """The one after a setting, of a contestant's from the cheapest on; None after its dearest."""
    return next(iter(settings[settings.index(setting) + 1 :]), None)


def reached(recall: np.ndarray, wanted: float) -> bool:
    """Whether the mean of measured recalls is what was wanted; what tuning found excuses nothing."""
    return bool(recall.mean() >= wanted - ROUNDING)


def described(setting: Setting) -> str:
    """A setting in words: `ef=64`, and nothing where there is none to choose."""
    return ", ".join(f"{name}={value}" for name, value in setting.items())
