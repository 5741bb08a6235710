"""Which figures is the engine held to? Stated for the catalogue of 44,425 products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ROWS = 44_425  # for which the targets are stated

Results = dict[str, dict]
Figure = Callable[[Results], float]


@dataclass(frozen=True)
class Target:
    what: str
    figure: Figure
    limit: float
    unit: str
    at_least: bool = False

    def met(self, measured: float) -> bool:
        return measured >= self.limit if self.at_least else measured <= self.limit


def p50(name: str, cell: str) -> Figure:
    return lambda results: float(np.median(results[name]["cells"][cell]["ms"]))


def new_filter_ms(name: str) -> Figure:
    """What a filter costs more when it is asked for the first time."""

    def figure(results: Results) -> float:
        first, again = first_and_again(results[name]["cells"]["new"])
        return float(np.median(first - again))

    return figure


def first_and_again(cell: dict) -> tuple[np.ndarray, np.ndarray]:
    """Times of a filter's first query and of its second, where both were asked."""
    ms = dict(zip(cell["places"], cell["ms"]))
    first = [place for place in ms if place % 2 == 0 and place + 1 in ms]
    return np.array([ms[i] for i in first]), np.array([ms[i + 1] for i in first])


def exact_over_matvec(results: Results) -> float:
    return p50("vitrine_exact", "none")(results) / p50("matvec", "none")(results)


def batch_qps(name: str) -> Figure:
    return lambda results: float(np.median(results[name]["batch"]["qps"]))


def write_ms(kind: str) -> Figure:
    return lambda results: float(np.median(results["vitrine"]["writes"][kind]["ms"]))


def memory(results: Results) -> float:
    grown = results["vitrine"]["memory"]["after cells"]
    return grown["anon"] + grown["file"]


def worst_recall(results: Results) -> float:
    """Over all cells and batches of both ways to ask."""
    out = []
    for name in ("vitrine", "vitrine_exact"):
        parts = [*results[name]["cells"].values(), results[name]["batch"]]
        out += [part["recall"] for part in parts if "recall" in part]
    return min(out)


TARGETS = (
    Target("one query, no filter, p50", p50("vitrine", "none"), 0.45, "ms"),
    Target("one query, F1, p50", p50("vitrine", "F1"), 0.80, "ms"),
    Target("one query, F2, p50", p50("vitrine", "F2"), 0.80, "ms"),
    Target("one query, F3, p50", p50("vitrine", "F3"), 0.80, "ms"),
    Target("one query, F4, p50", p50("vitrine", "F4"), 0.20, "ms"),
    Target("a filter never seen, more than when seen", new_filter_ms("vitrine"), 2.5, "ms"),
    Target("exact, no filter, over two-thread matvec", exact_over_matvec, 1.25, "times"),
    Target("500 queries at once, exact", batch_qps("vitrine_exact"), 2500, "queries/s", True),
    Target("500 queries at once, default", batch_qps("vitrine"), 5000, "queries/s", True),
    Target("build", lambda results: results["vitrine"]["build_s"], 6, "s"),
    Target(
        "fresh process: imports, open, first answer",
        lambda results: float(np.median(results["vitrine"]["start_s"])),
        0.6,
        "s",
    ),
    Target("upsert of one new row", write_ms("new"), 8, "ms"),
    Target("upsert of one existing row", write_ms("existing"), 8, "ms"),
    Target("delete of one row", write_ms("delete"), 8, "ms"),
    Target("memory above imports, of raw vectors", memory, 1.5, "times"),
    Target("lowest recall@10 of any cell", worst_recall, 0.99, "", True),
)
