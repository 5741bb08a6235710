"""Are exact results equal to numpy's on the whole catalogue under random filters, and how fast?

Vectors: a random centre for each article type and colour plus noise, 512 dimensions, unit length.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds

from engine import VectorSearchClient, Workspace

DIMENSION, QUERIES, K = 512, 300, 20
COLUMNS = ["product_id", "product_display_name", "article_type", "base_color", "price", "gender"]
INDEX = "main.fashion_demo.bench"


def search(options: Options) -> list[Row]:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        table = made.read_table("products")
        vectors = clustered(table)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
        made.write_table("source", table.append_column("v", flat))
        made.create_index(INDEX, source_table="source", vector_column="v", create_endpoint=True)
        index = VectorSearchClient(workspace=made).get_index(index_name=INDEX)
        return measured(index, table, vectors)


def clustered(table: pa.Table) -> np.ndarray:
    rng = np.random.default_rng(0)
    out = rng.standard_normal((len(table), DIMENSION)).astype(np.float32) * 0.03
    for name in ("article_type", "base_color"):
        codes = table[name].combine_chunks().dictionary_encode()
        centres = rng.standard_normal((len(codes.dictionary) + 1, DIMENSION)).astype(np.float32)
        out += 0.04 * centres[codes.indices.fill_null(-1).to_numpy()]
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def measured(index: object, table: pa.Table, vectors: np.ndarray) -> list[Row]:
    rng = np.random.default_rng(1)
    columns = {name: np.array(table[name].to_pylist(), dtype=object) for name in COLUMNS}
    prices, keys = columns["price"].astype(float), columns["product_id"].astype(int)
    equal, plain, filtered, seen, matvec = 0, [], [], [], []
    for _ in range(QUERIES):
        query = vectors[rng.integers(len(vectors))] + 0.02 * rng.standard_normal(DIMENSION)
        query = query.astype(np.float32)
        low = float(rng.uniform(0, 120))
        gender = columns["gender"][rng.integers(len(table))]
        where = {"price >=": low, "price <": low + float(rng.uniform(1, 100)), "gender": gender}

        def ask(filters: dict | None, query: np.ndarray = query) -> dict:
            return index.similarity_search(
                columns=COLUMNS, query_vector=query.tolist(), filters=filters, num_results=K
            )

        filtered.append(seconds(lambda ask=ask, where=where: ask(where)))
        seen.append(seconds(lambda ask=ask, where=where: ask(where)))
        plain.append(seconds(lambda ask=ask: ask(None)))
        matvec.append(seconds(lambda query=query: vectors @ query))
        keep = (prices >= low) & (prices < where["price <"]) & (columns["gender"] == gender)
        rows = np.flatnonzero(keep)
        squared = ((vectors[rows].astype(float) - query.astype(float)) ** 2).sum(axis=1)
        best = keys[rows][np.lexsort((keys[rows], squared))[:K]].tolist()
        found = [int(row[0]) for row in ask(where)["result"].get("data_array", [])]
        equal += found == best
    ms = {
        name: 1000 * median(v)
        for name, v in {"plain": plain, "new": filtered, "seen": seen, "matvec": matvec}.items()
    }
    return [
        Row(
            f"{len(table):,} rows, random filters: equal to numpy",
            f"{equal} of {QUERIES} queries",
            "all",
            equal == QUERIES,
        ),
        Row(
            f"p50 of a query, k = {K}, {len(COLUMNS)} columns (numpy matvec: {ms['matvec']:.1f} ms)",
            f"no filter {ms['plain']:.1f} ms, filter seen {ms['seen']:.1f} ms, "
            f"new {ms['new']:.1f} ms",
        ),
    ]


if __name__ == "__main__":
    run(search)
