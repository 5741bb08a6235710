"""What does each way to answer cost on this machine, beside the numbers that the planner decides by?

Nanoseconds for each number (row x dimension) that a way reads, measured in turn in one process.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds

from engine import Workspace
from engine.service.search import planner

ROWS, DIMENSION, ROUNDS = 50_000, 512, 60
INDEX = "main.bench.costs"


def plan_costs(options: Options) -> list[Row]:
    with folder() as temporary:
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        workspace = Workspace(temporary / "ws")
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
        table = pa.table({"product_id": pa.array(np.arange(ROWS)), "v": flat})
        workspace.write_table("source", table)
        workspace.create_index(
            INDEX, source_table="source", vector_column="v", create_endpoint=True
        )
        (part,) = workspace.version_of(INDEX)[2].parts
        return measured(part.segment, vectors, rng)


def measured(segment: object, vectors: np.ndarray, rng: np.random.Generator) -> list[Row]:
    taken: dict[str, list[float]] = {"scan": [], "gather": [], "codes": []}
    some = np.sort(rng.choice(ROWS, ROWS // 20, replace=False))
    for number in range(ROUNDS):
        query = vectors[number]
        taken["scan"].append(seconds(lambda query=query: segment.vectors.products(query)))
        taken["gather"].append(seconds(lambda query=query: segment.vectors.products(query, some)))
        taken["codes"].append(seconds(lambda query=query: segment.ann.search(query, 300)))
    read = {"scan": ROWS, "gather": len(some), "codes": ROWS}
    assumed = {
        "scan": planner.SCAN_NS,
        "gather": planner.GATHER_NS,
        "codes": planner.CODES_NS,
    }
    return [
        Row(
            f"{way}: ns for each number, {ROWS:,} x {DIMENSION}",
            f"{median(taken[way]) * 1e9 / (read[way] * DIMENSION):.4f}",
            f"the planner assumes {assumed[way]}",
        )
        for way in taken
    ]


if __name__ == "__main__":
    run(plan_costs)
