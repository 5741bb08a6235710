"""A journal by cases: each with its tables, plots, what was left out, and how to repeat it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.bench.records.journal import Journal, Run
from engine.bench.records.line import LeftOut
from engine.bench.report.figures import Figure, figure, latest
from engine.bench.report.tables import Table, tables

ORDER = (
    "retrieval",
    "ann",
    "filtered",
    "embedding",
    "serving",
    "engines",
)  # others follow, by name


@dataclass(frozen=True)
class Section:
    """One case.

    Attributes:
        runs: those whose lines are shown, in their order.
    """

    case: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    left_out: tuple[LeftOut, ...]
    runs: tuple[Run, ...]


def sections(found: Journal) -> list[Section]:
    """Cases in the order of the questions; a case where all was left out is one too."""
    figures: dict[str, list[Figure]] = {}
    for line, run in latest(found):
        figures.setdefault(line.case, []).append(figure(line, run))
    left_out: dict[str, list[LeftOut]] = {}
    for one in found.left_out:
        kept = left_out.setdefault(one.case, [])
        if one not in kept:
            kept.append(one)
    cases = sorted({*figures, *left_out}, key=_place)
    return [
        _section(case, figures.get(case, []), left_out.get(case, []), found.runs) for case in cases
    ]


def _section(
    case: str, figures: Sequence[Figure], left_out: Sequence[LeftOut], runs: Sequence[Run]
) -> Section:
    ids = {one.run for one in figures}
    own = tuple(run for run in runs if run.id in ids)
    return Section(case, tuple(figures), tuple(tables(figures)), tuple(left_out), own)


def _place(case: str) -> tuple[int, str]:
    return (ORDER.index(case) if case in ORDER else len(ORDER), case)
