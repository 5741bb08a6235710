"""Lines as tables, one for each kind of filter: who reaches the recall first, the quickest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.bench.filtered.measuring import CACHED, CASE, FILTERS
from engine.bench.records.line import Line, Measured

Rows = list[dict[str, Any]]


def kind_rows(kept: Iterable[Measured]) -> dict[tuple[str, float, int], Rows]:
    """Tables by correlation, selectivity (percent) and rows kept; ranked as `rank` says."""
    tables: dict[tuple[str, float, int], dict[str, dict[str, Any]]] = {}
    for line in kept:
        if not isinstance(line, Line) or line.case != CASE or line.contestant == FILTERS:
            continue
        settings: dict[str, Any] = dict(line.settings)
        key = (settings["correlation"], settings["selectivity"], settings["kept"])
        row = tables.setdefault(key, {}).setdefault(
            line.contestant,
            {
                "contestant": line.contestant,
                "setting": line.more["setting"],
                "recall": line.more["recall"],
                "reaches": "yes" if line.more["reaches"] else "NO",
            },
        )
        if line.what == "latency":
            row[settings["cache"]] = line.median
            row["x_floor"] = line.floors  # of the cached ones, which come last
    return {key: sorted(rows.values(), key=rank) for key, rows in tables.items()}


def rank(row: dict[str, Any]) -> tuple[bool, float, str]:
    """Nobody who misses the recall stands before one who reaches it; then the cached median counts."""
    return (row["reaches"] != "yes", row.get(CACHED, float("inf")), row["contestant"])
