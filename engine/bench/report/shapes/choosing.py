"""Which plots a case has: by what its lines are, not by its name."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.report.figures import Figure
from engine.bench.report.shapes.lengths import bars, shares
from engine.bench.report.shapes.loads import loads
from engine.bench.report.shapes.shape import Shape
from engine.bench.report.shapes.tradeoffs import tradeoffs

MOST = 24  # plots of a case; the tables have all figures


def shapes(figures: Sequence[Figure]) -> tuple[list[Shape], int]:
    """A case's plots, and how many were left out because there are too many.

    Curves where there was a load or a filter, recall against speed where both were measured, parts of a
    whole where stages were, with bars of rates; where there is none of these, bars.
    """
    found: list[Shape] = [*loads(figures), *tradeoffs(figures)]
    if parts := shares(figures):
        found += [*parts, *bars([one for one in figures if one.line.unit.endswith("/s")])]
    if not found:
        found = [*bars(figures)]
    return found[:MOST], max(0, len(found) - MOST)
