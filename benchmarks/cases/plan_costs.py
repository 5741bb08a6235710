"""What does each way to answer cost on this machine, beside the numbers that the planner decides by?

Nanoseconds for each number (row x dimension) that a way reads, measured in turn in one process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from case import Options, Question, folder, run, seconds

from engine import Workspace
from engine.bench.records.line import Measured
from engine.service.search import planner

ASK = Question("plan_costs")
ROWS, DIMENSION, ROUNDS = 50_000, 512, 60
FEW_ROWS, FEW_ROUNDS = 6_000, 5
INDEX = "main.bench.costs"
ASSUMED = {"scan": planner.SCAN_NS, "gather": planner.GATHER_NS, "codes": planner.CODES_NS}


def plan_costs(options: Options) -> Iterator[Measured]:
    rows = options.few(ROWS, FEW_ROWS)
    with folder() as temporary:
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((rows, DIMENSION)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        workspace = Workspace(temporary / "ws")
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
        table = pa.table({"product_id": pa.array(np.arange(rows)), "v": flat})
        workspace.write_table("source", table)
        workspace.create_index(
            INDEX, source_table="source", vector_column="v", create_endpoint=True
        )
        (part,) = workspace.version_of(INDEX)[2].parts
        yield from measured(part.segment, vectors, options.few(ROUNDS, FEW_ROUNDS), rng)


def measured(
    segment: Any, vectors: np.ndarray, rounds: int, rng: np.random.Generator
) -> Iterator[Measured]:
    rows = len(vectors)
    some = np.sort(rng.choice(rows, rows // 20, replace=False))
    ways = {
        "scan": (rows, lambda query: segment.vectors.products(query)),
        "gather": (len(some), lambda query: segment.vectors.products(query, some)),
    }
    if segment.ann is not None:  # small segments have no codes
        ann, sample = segment.ann, segment.sample
        ways["codes"] = (rows, lambda query: ann.search(ann.turned(query, sample), 300))
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        for way, (read, ask) in ways.items():
            spent = seconds(lambda ask=ask, query=vectors[number]: ask(query))
            taken[way].append(spent * 1e9 / (read * DIMENSION))
    for way, values in taken.items():
        how = {"way": way, "rows": rows, "dimension": DIMENSION}
        assumed = {"planner_assumes": ASSUMED[way]}
        yield ASK.line("cost of a number read", "ns", values, more=assumed, **how)
    if "codes" not in ways:
        yield ASK.left_out("a segment of so few rows has no codes", way="codes", rows=rows)


if __name__ == "__main__":
    run(plan_costs)
