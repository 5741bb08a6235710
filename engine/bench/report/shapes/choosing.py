"""Which plots a case has: by what its lines are, not by its name."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.report.figures import Figure
from engine.bench.report.shapes.growth import growths
from engine.bench.report.shapes.lengths import bars, shares
from engine.bench.report.shapes.loads import SWEEPS, loads
from engine.bench.report.shapes.shape import Shape
from engine.bench.report.shapes.tradeoffs import tradeoffs

MOST = 24  # plots of a case; the tables have all figures


def shapes(figures: Sequence[Figure]) -> tuple[list[Shape], int]:
    """A case's plots, and how many were left out because there are too many.

    Curves over loads, filters and rows, recall against speed where both were measured, parts of a
    whole where stages were; bars of what is left, but where recall was.
    """
    weighed = tradeoffs(figures)
    found: list[Shape] = [*loads(figures), *growths(figures), *weighed]
    parts, rest = shares(figures), [one for one in figures if not SWEEPS.keys() & one.line.settings]
    if parts:
        rest = [one for one in rest if one.line.unit.endswith("/s")]
    if not weighed:
        found += [*parts, *bars(rest)]
    return found[:MOST], max(0, len(found) - MOST)
