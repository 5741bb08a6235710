"""Which settings are the question's, the same for all who are asked, and which a contestant's own."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.report.figures import Figure

OWN = "setting"  # a contestant's own settings in words, such as `ef=64`
MOST_HAVE_IT = 0.75  # of a quantity's contestants, for a setting to be the question's


def questions(figures: Sequence[Figure]) -> dict[str, tuple[str, ...]]:
    """Of each quantity the settings that the question has, in the order of recording.

    One that hardly anyone has, such as a graph's `ef` or a server's `workers`, is its contestant's own.
    """
    having: dict[str, dict[str, set[str]]] = {}
    whos: dict[str, set[str]] = {}
    for one in figures:
        line = one.line
        whos.setdefault(line.what, set()).add(line.contestant)
        names = having.setdefault(line.what, {})
        for name in line.settings:
            names.setdefault(name, set()).add(line.contestant)
    return {
        what: tuple(
            name
            for name, who in names.items()
            if name != OWN and len(who) >= MOST_HAVE_IT * len(whos[what])
        )
        for what, names in having.items()
    }
