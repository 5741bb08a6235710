"""The lines of a curve as rows that can be read: one for each contestant, setting and k."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.bench.records.line import Line, Measured
from engine.bench.statistics.intervals import percentile
from engine.bench.statistics.pareto import frontier

Key = tuple[Any, ...]


def curve_rows(kept: Iterable[Measured]) -> dict[Key, list[dict[str, Any]]]:
    """By (data, rows, dimension, k): recall, latency and rates of each contestant at each setting.

    `front` marks those that no other one beats in recall and in latency on one thread.
    """
    tables: dict[Key, dict[Key, dict[str, Any]]] = {}
    for line in kept:
        if isinstance(line, Line) and "setting" in line.settings:
            data = tuple(line.settings[name] for name in ("data", "rows", "dimension", "k"))
            who = (line.contestant, line.settings["setting"])
            row = tables.setdefault(data, {}).setdefault(
                who, {"contestant": who[0], "setting": who[1]}
            )
            row |= _cells(line)
    found = {data: list(rows.values()) for data, rows in tables.items()}
    for rows in found.values():
        order = list(dict.fromkeys(row["contestant"] for row in rows))
        rows.sort(key=lambda row: order.index(row["contestant"]))  # stable: settings keep theirs
        _mark(rows)
    return found


def _cells(line: Line) -> dict[str, Any]:
    alone = line.settings["threads"] == 1 and not line.settings["batch"]
    if line.what == "latency":
        return {"p50": line.median, "p95": percentile(line.values, 95), "x_floor": line.floors}
    if line.what == "recall":
        return {"recall" if alone else "recall_batch": float(np.mean(line.values))}
    return {"rate" if alone else "rate_batch": line.median}


def _mark(rows: list[dict[str, Any]]) -> None:
    measured = [row for row in rows if "recall" in row and "p50" in row]
    for place in frontier([(row["recall"], -row["p50"]) for row in measured]):
        measured[place]["front"] = "*"


def store_rows(kept: Iterable[Measured]) -> dict[Key, list[dict[str, Any]]]:
    """By (data, rows, dimension): seconds to build, disk and memory of each contestant."""
    tables: dict[Key, dict[str, dict[str, Any]]] = {}
    for line in kept:
        if isinstance(line, Line) and line.what in ("build", "disk", "memory"):
            data = tuple(line.settings[name] for name in ("data", "rows", "dimension"))
            row = tables.setdefault(data, {}).setdefault(
                line.contestant, {"contestant": line.contestant}
            )
            row[str(line.settings.get("pages", line.what))] = line.median
    return {data: list(rows.values()) for data, rows in tables.items()}
