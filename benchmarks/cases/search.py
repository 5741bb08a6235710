"""Are exact results equal to numpy's on the whole catalogue under random filters, and how fast?

Vectors: a random centre for each article type and colour plus noise, 512 dimensions, unit length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from case import Options, Question, at_least, folder, milliseconds, run
from vectors import DIMENSION, clustered

from engine import VectorSearchClient, Workspace
from engine.bench.records.line import Measured

ASK = Question("search")
QUERIES, FEW_QUERIES, K = 300, 20, 20
COLUMNS = ["product_id", "product_display_name", "article_type", "base_color", "price", "gender"]
INDEX = "main.fashion_demo.bench"


def search(options: Options) -> Iterator[Measured]:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        table = made.read_table("products")
        vectors = clustered(table)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
        made.write_table("source", table.append_column("v", flat))
        made.create_index(INDEX, source_table="source", vector_column="v", create_endpoint=True)
        index = VectorSearchClient(workspace=made).get_index(index_name=INDEX)
        yield from measured(index, Oracle(table, vectors), options.few(QUERIES, FEW_QUERIES))


@dataclass
class Oracle:
    """The same search in plain numpy, in float64."""

    table: pa.Table
    vectors: np.ndarray
    columns: dict[str, np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        given = {name: self.table[name].to_pylist() for name in ("product_id", "price", "gender")}
        self.columns = {name: np.array(values, dtype=object) for name, values in given.items()}

    def best(self, query: np.ndarray, where: Mapping[str, Any]) -> list[int]:
        prices, keys = (self.columns[n].astype(float) for n in ("price", "product_id"))
        keep = (prices >= where["price >="]) & (prices < where["price <"])
        rows = np.flatnonzero(keep & (self.columns["gender"] == where["gender"]))
        squared = ((self.vectors[rows].astype(float) - query.astype(float)) ** 2).sum(axis=1)
        return [int(key) for key in keys[rows][np.lexsort((keys[rows], squared))[:K]]]


def measured(index: Any, oracle: Oracle, queries: int) -> Iterator[Measured]:
    rng = np.random.default_rng(1)
    vectors, genders = oracle.vectors, oracle.columns["gender"]
    taken: dict[str, list[float]] = {"none": [], "new": [], "seen": []}
    equal: list[float] = []
    matvec: list[float] = []
    for _ in range(queries):
        query = vectors[rng.integers(len(vectors))] + 0.02 * rng.standard_normal(DIMENSION)
        query = query.astype(np.float32)
        low = float(rng.uniform(0, 120))
        where = {"price >=": low, "price <": low + float(rng.uniform(1, 100))}
        where["gender"] = genders[rng.integers(len(genders))]

        def ask(filters: dict | None, query: np.ndarray = query) -> dict:
            return index.similarity_search(
                columns=COLUMNS, query_vector=query.tolist(), filters=filters, num_results=K
            )

        for name, filters in (("new", where), ("seen", where), ("none", None)):
            taken[name].append(milliseconds(lambda ask=ask, filters=filters: ask(filters)))
        matvec.append(milliseconds(lambda query=query: vectors @ query))
        found = [int(row[0]) for row in ask(where)["result"].get("data_array", [])]
        equal.append(float(found == oracle.best(query, where)))
    how = {"rows": len(vectors), "dimension": DIMENSION}
    yield ASK.line(
        "queries equal to numpy's under random filters",
        "share",
        equal,
        better="higher",
        target=at_least(1, of="minimum"),
        k=K,
        **how,
    )
    for name, values in taken.items():
        yield ASK.line("latency", "ms", values, k=K, columns=len(COLUMNS), filter=name, **how)
    yield ASK.line("product of matrix and vector", "ms", matvec, contestant="numpy", **how)


if __name__ == "__main__":
    run(search)
