"""The table of `vitrine bench serving`: a line for each load, where raw lines have one a quantity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.doors.cli.printing import say, terminal_width
from engine.text_table import Column, text_table

if TYPE_CHECKING:
    from engine.bench.records.line import Line, Measured

_LOADS = ("workers", "loop", "clients", "arrivals", "rate")
_COLUMNS = [
    Column("kind", is_kept=True),
    Column("server", is_kept=True),
    Column("load", least=24, is_kept=True),
    Column("p50", "p50 ms", form=".2f", is_kept=True),
    Column("p99", "p99 ms", form=".2f", is_kept=True),
    Column("rate", "answers/s", form=",.0f", is_kept=True),
    Column("failed", form=".2%"),
    Column("server_cpu", "server CPU ms", form=".2f"),
    Column("client_load", "client cores", form=".2f"),
    Column("floor", "x empty app", form=".1f"),
]


def is_of_a_load(line: Line) -> bool:
    """Whether a line is one quantity of a load, which the table of loads shows."""
    return "clients" in line.settings or "rate" in line.settings


def print_loads(kept: Sequence[Measured]) -> None:
    """Latency, answers a second, failures and processor time of each load on each server."""
    from engine.bench.records.line import Line

    loads: dict[tuple[object, ...], dict[str, Line]] = {}
    for line in kept:
        if isinstance(line, Line) and is_of_a_load(line):
            key = (line.contestant, *sorted(line.settings.items()))
            loads.setdefault(key, {})[line.what] = line
    rows = [_row(found) for found in loads.values()]
    for text in text_table(rows, _COLUMNS, terminal_width()).lines:
        say(text)
    say("")


def _row(found: dict[str, Line]) -> dict[str, Any]:
    latency = found["latency"]
    settings = latency.settings
    row: dict[str, Any] = {
        "kind": settings["kind"],
        "server": latency.contestant,
        "load": " ".join(_word(name, settings[name]) for name in _LOADS if name in settings),
        "p50": latency.more["p50"],
        "p99": latency.more["p99"],
        "floor": latency.floors,
        "rate": found["throughput"].median,
    }
    others = ("failed", "server_cpu", "client_load")
    return row | {name: found[name].median for name in others if name in found}


def _word(name: str, value: object) -> str:
    if name in ("loop", "arrivals"):
        return "" if value == "open" else str(value)
    return f"{value:g}/s" if name == "rate" else f"{value} {name}"
