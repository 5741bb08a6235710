"""Which way a segment answers a query, and why. Knows counts and costs; not files or vectors.

The costs were measured side by side; `benchmarks/cases/plan_costs.py` measures them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.core.schema import VectorStorage

Kind = Literal["nothing", "exact gather", "exact scan", "compressed", "graph", "device"]

# Nanoseconds for each number (row x dimension) that a way reads.
SCAN_NS = 0.14  # all vectors, as one matrix product
GATHER_NS = 0.28  # vectors of some rows, copied together first
CODES_NS = 0.010  # all codes
# And more for numbers that are stored in fewer bytes.
UNPACK_NS: dict[VectorStorage, float] = {"float32": 0.0, "float16": 0.5, "int8": 0.1}
_CODES_FIXED_NS = 60_000.0  # tables of the query, and re-scoring the best
_GRAPH_SHARE = 0.3  # a graph's walk meets enough allowed rows where these are at least this share
_SHORTLIST = 10  # rows that are re-scored after a first pass, for each row that is wanted


def results_for_exactness(rows: int) -> int:
    """So many results of a segment of so many rows are too large a part of it for a first pass."""
    return rows // (2 * _SHORTLIST) + 1


@dataclass(frozen=True)
class Plan:
    """How one segment answers one query.

    Attributes:
        kind: "nothing" (no row is allowed), "exact gather", "exact scan", "compressed" (all codes or
            the nearest cells, then exact scores), "graph" (also: what a factory string made) or
            "device" (an exact scan on the device that was asked for).
        reason: the numbers that decided.
    """

    kind: Kind
    reason: str


def plan(
    rows: int,
    dimension: int,
    k: int,
    allowed: int | None,
    index: Literal["compressed", "graph"] | None,
    exact: bool,
    device_ns: float | None = None,
    storage: VectorStorage = "float32",
) -> Plan:
    """Choose for one segment.

    Args:
        rows: of the segment. allowed: how many match the filter and are not deleted; None for all.
        k: results wanted.
        index: the approximate index that the segment has. exact: a first pass is not wanted.
        device_ns: what a search costs on the device that was asked for; None for none.
        storage: the numbers that the vectors are stored as.
    """
    considered = rows if allowed is None else allowed
    if considered == 0:
        return Plan("nothing", f"no row of {rows} matches the filter")
    share = considered / rows
    what = f"no filter, {rows} rows"
    if allowed is not None:
        what = f"{considered} of {rows} rows match ({share:.1%})"
    exact_kind, exact_cost = _exact(rows, dimension, allowed, UNPACK_NS[storage])
    if device_ns is not None and device_ns < exact_cost:
        return Plan("device", what)
    if exact or index is None:
        why = "exactness asked for" if exact else "too few rows for an approximate index"
        return Plan(exact_kind, f"{what}; {why}")
    first_pass = rows * dimension * CODES_NS + _CODES_FIXED_NS
    if exact_cost <= first_pass:
        return Plan(exact_kind, f"{what}; exact costs no more than a first pass over {rows} codes")
    if _SHORTLIST * k * 2 > considered:
        return Plan(exact_kind, f"{what}; {k} results are too large a part for a first pass")
    if index == "graph" and share < _GRAPH_SHARE:
        return Plan(exact_kind, f"{what}; a graph's walk would meet too few of them")
    return Plan(index, what)


def _exact(rows: int, dimension: int, allowed: int | None, unpack_ns: float) -> tuple[Kind, float]:
    """The cheaper exact way on the processor, and its cost."""
    scan = rows * dimension * (SCAN_NS + unpack_ns)
    if allowed is None:
        return "exact scan", scan
    gather = allowed * dimension * (GATHER_NS + unpack_ns)
    return ("exact gather", gather) if gather < scan else ("exact scan", scan)
