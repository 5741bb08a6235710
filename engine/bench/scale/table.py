"""Costs by rows as one table: a line for each operation, a column for each size, then how it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.bench.records.line import Line
from engine.bench.report.figures import middle
from engine.bench.report.numbers import setting, shown
from engine.bench.scale.operations import OPERATIONS

Key = tuple[str, str]  # what was measured, and its cell
SLOPE = ("slope", "95 %", "grows as")


def table(lines: Sequence[Line]) -> tuple[list[str], list[dict[str, Any]]]:
    """The names of the columns, and rows with them, in the order of the operations."""
    costs: dict[Key, dict[int, Line]] = {}
    slopes: dict[Key, Line] = {}
    for line in lines:
        cell = str(line.settings.get("cell") or "")
        if line.what == "slope":
            slopes[str(line.settings["of"]), cell] = line
        elif "rows" in line.settings:
            costs.setdefault((line.what, cell), {})[int(str(line.settings["rows"]))] = line
    sizes = sorted({size for found in costs.values() for size in found})
    places = {one.what: place for place, one in enumerate(OPERATIONS)}
    keys = sorted(
        costs, key=lambda key: (places.get(key[0], len(places)), key[1] not in ("", "none"), key)
    )
    names = ["operation", "unit", *(f"{size:,}" for size in sizes), *SLOPE]
    return names, [_row(key, costs[key], slopes.get(key)) for key in keys]


def _row(key: Key, sizes: Mapping[int, Line], slope: Line | None) -> dict[str, Any]:
    what, cell = key
    row: dict[str, Any] = {
        "operation": f"{what}, {cell}" if cell not in ("", "none") else what,
        "unit": next(iter(sizes.values())).unit,
    }
    row |= {f"{size:,}": shown(middle(line)) for size, line in sizes.items()}
    if slope is not None:
        low, high = slope.more.get("interval") or (None, None)
        row["slope"] = f"{slope.median:.2f}"
        row["95 %"] = "" if low is None else f"{low:.2f} to {high:.2f}"
        row["grows as"] = str(slope.more["grows"])
    return row


def reasons(lines: Sequence[Line]) -> list[str]:
    """Why some costs grow faster than the logarithm, and which do without a reason: sentences."""
    said: dict[str, list[str]] = {}
    for line in lines:
        if line.what == "slope" and (line.more.get("why") or line.more.get("is_too_fast")):
            cell = line.settings.get("cell")
            name = str(line.settings["of"]) + (f", {setting(cell)}" if cell else "")
            why = str(line.more["why"] or "faster than the logarithm, and nothing says why")
            said.setdefault(why, []).append(name)
    return [f"{'; '.join(names)}: {why}" for why, names in said.items()]
