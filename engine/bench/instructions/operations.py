"""What is counted: a few operations over a small workspace, each as something to be called again.

Rows are few, so that what is the engine's own work stands out from what libraries do over many vectors.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.workspace import Workspace

ROWS, DIMENSION, SEED = 400, 32, 7
INDEX, DIRECT, SYNCED = "main.counted.index", "main.counted.direct", "main.counted.synced"
TABLE, CHANGING, KEY, VECTOR = "rows", "changing", "id", "v"
WORDS = ("red", "blue", "green", "dress", "shoe", "bag", "summer", "leather")
QUERY_REPEATS, WRITE_REPEATS = (5, 15), (1, 2)
Action = Callable[[], object]


@dataclass(frozen=True)
class Operation:
    """Something to count.

    Attributes:
        prepare: makes what is then called again and again; its own work isn't counted.
        repeats: two numbers of calls; the difference is counted, so that what comes once cancels out.
    """

    name: str
    prepare: Callable[[Path], Action]
    repeats: tuple[int, int] = QUERY_REPEATS


def operations() -> Sequence[Operation]:
    """Those of the engine itself, over the workspace that `build` makes."""
    return (
        Operation("vector query", _vector_query),
        Operation("filtered query, filter seen", _filtered_query),
        Operation("full-text query", _full_text_query),
        Operation("upsert of one row", _upsert, WRITE_REPEATS),
        Operation("table with five new rows, and its sync", _sync, WRITE_REPEATS),
    )


def build(folder: Path) -> None:
    """The workspace that operations are counted in."""
    made = Workspace(folder)
    for index, table in ((INDEX, TABLE), (SYNCED, CHANGING)):  # no query is asked where rows change
        made.write_table(table, rows(ROWS))
        made.create_index(
            index, source_table=table, vector_column=VECTOR, primary_key=KEY, create_endpoint=True
        )
    schema = {KEY: "bigint", "name": "string", "price": "double", VECTOR: "array<float>"}
    made.create_direct_access_index(
        DIRECT, dimension=DIMENSION, vector_column=VECTOR, schema=schema, primary_key=KEY
    )
    made.upsert(DIRECT, rows(50).to_pylist())


def rows(count: int, seed: int = SEED) -> pa.Table:
    """So many made-up products."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((count, DIMENSION)).astype(np.float32)
    names = [" ".join(rng.choice(WORDS, 3)) for _ in range(count)]
    prices = rng.integers(1, 100, count).astype(np.float64)
    return pa.table({KEY: np.arange(count), "name": names, "price": prices, VECTOR: list(vectors)})


def query_vector() -> list[float]:
    """The one that is asked for."""
    vector: list[float] = np.random.default_rng(SEED + 1).standard_normal(DIMENSION).tolist()
    return vector


def _query(folder: Path, **asked: Any) -> Action:
    workspace = Workspace(folder)
    wanted = {"columns": [KEY, "name", "price"], "num_results": 10, **asked}
    return lambda: workspace.query_index(INDEX, **wanted)


def _vector_query(folder: Path) -> Action:
    return _query(folder, query_vector=query_vector())


def _filtered_query(folder: Path) -> Action:
    return _query(folder, query_vector=query_vector(), filters={"price >": 20})


def _full_text_query(folder: Path) -> Action:
    return _query(folder, query_text="red summer dress", query_type="FULL_TEXT")


def _upsert(folder: Path) -> Action:
    workspace, keys = Workspace(folder), itertools.count(ROWS)
    (row,) = rows(1).to_pylist()
    return lambda: workspace.upsert(DIRECT, [{**row, KEY: next(keys)}])


def _sync(folder: Path) -> Action:
    workspace, seeds = Workspace(folder), itertools.count(SEED + 1)
    known = rows(ROWS)

    def write_and_sync() -> None:
        changed = rows(5, next(seeds))
        workspace.write_table(CHANGING, pa.concat_tables([changed, known.slice(5)]))
        workspace.sync(SYNCED)

    return write_and_sync
