"""Exact results equal a numpy oracle on a table of the real catalogue's size, under random filters.

The table has the real one's 44,446 rows, columns and value distributions, resampled from the bundled
sample. With VITRINE_FASHION_DIR set to a copy of the public data, the real attributes are used.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import VectorSearchClient, VectorSearchIndex, Workspace
from engine.service.demo import sample_dir
from engine.service.importing import read_styles

ROWS, DIMENSION = 44_446, 64
INDEX = "main.fashion_demo.big"


def products() -> pa.Table:
    real = os.environ.get("VITRINE_FASHION_DIR")
    folder = Path(real) if real else sample_dir()
    table, _ = read_styles(folder / "styles.csv", folder / "images")
    if real:
        assert len(table) == ROWS
        return table
    rng = np.random.default_rng(0)
    more = table.take(pa.array(rng.integers(0, len(table), ROWS)))
    more = more.set_column(0, table.schema.field(0), pa.array(rng.permutation(ROWS), pa.int32()))
    prices = np.round(np.exp(rng.normal(3.9, 0.75, ROWS)), 2)
    return more.set_column(6, table.schema.field(6), pa.array(prices))


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[VectorSearchIndex, pa.Table, np.ndarray]:
    table = products()
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    vectors[: ROWS // 10] = vectors[ROWS // 10 : 2 * (ROWS // 10)]  # many exact ties
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    workspace = Workspace(tmp_path_factory.mktemp("big"))
    workspace.write_table("source", table.append_column("v", column))
    report = workspace.create_index(
        INDEX, source_table="source", vector_column="v", create_endpoint=True
    )
    assert (report.indexed, report.failed) == (ROWS, 0)
    return VectorSearchClient(workspace=workspace).get_index(index_name=INDEX), table, vectors


VALUES = {
    "gender": ["Men", "Women", "Boys", "Girls", "Unisex"],
    "base_color": ["Black", "White", "Red", "Blue", "Navy Blue", "Yellow", "None such"],
    "master_category": ["Apparel", "Accessories", "Footwear", "Personal Care"],
    "article_type": ["Tshirts", "Dresses", "Jeans", "Watches", "Handbags"],
    "season": ["Summer", "Winter", "Fall", "Spring"],
}
conditions = st.one_of(
    st.sampled_from(list(VALUES)).flatmap(
        lambda c: st.tuples(
            st.sampled_from([c, f"{c} NOT"]),
            st.one_of(
                st.sampled_from(VALUES[c]),
                st.lists(st.sampled_from(VALUES[c]), min_size=1, max_size=3),
            ),
        )
    ),
    st.tuples(
        st.sampled_from(["price <", "price <=", "price >", "price >="]),
        st.floats(0, 320, allow_nan=False),
    ),
    st.tuples(st.sampled_from(["year >=", "year", "year <"]), st.integers(2006, 2020)),
    st.tuples(
        st.just("product_display_name LIKE"), st.sampled_from(["Women", "Men", "%Blue%", "%e_%"])
    ),
)
filters = st.lists(conditions, max_size=4).map(dict)


def passes(row_filters: dict[str, object], table: pa.Table) -> np.ndarray:
    """Which rows pass, by plain Python over whole columns; shares no code with the engine."""
    keep = np.ones(len(table), dtype=bool)
    for key, wanted in row_filters.items():
        name, _, operator = key.partition(" ")
        values = COLUMNS[name]
        test = {
            "": lambda v, w: v in w if isinstance(w, list) else v == w,
            "NOT": lambda v, w: v not in w if isinstance(w, list) else v != w,
            "<": lambda v, w: v < w,
            "<=": lambda v, w: v <= w,
            ">": lambda v, w: v > w,
            ">=": lambda v, w: v >= w,
            "LIKE": like,
        }[operator]
        keep &= np.array([v is not None and test(v, wanted) for v in values])
    return keep


def like(value: str, pattern: str) -> bool:
    if pattern == "%Blue%":
        return "Blue" in value
    if pattern == "%e_%":
        return "e" in value[:-1]
    return pattern in value.split()


COLUMNS: dict[str, list[object]] = {}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=filters, k=st.integers(1, 60), seed=st.integers(0, 10**6))
def test_filtered_results_equal_the_numpy_oracle(
    big: tuple[VectorSearchIndex, pa.Table, np.ndarray], where: dict, k: int, seed: int
) -> None:
    index, table, vectors = big
    COLUMNS.update({n: table[n].to_pylist() for n in table.column_names if n not in COLUMNS})
    rng = np.random.default_rng(seed)
    query = vectors[rng.integers(ROWS)] + np.float32(0.3) * rng.standard_normal(DIMENSION)
    query = query.astype(np.float32)
    reply = index.similarity_search(
        columns=["product_id", "price", "gender"],
        query_vector=query.tolist(),
        filters=where,
        num_results=k,
    )

    keep = np.flatnonzero(passes(where, table))
    keys = np.array(COLUMNS["product_id"])[keep]
    squared = ((vectors[keep].astype(np.float64) - query.astype(np.float64)) ** 2).sum(axis=1)
    order = np.lexsort((keys, squared))[:k]
    rows = reply["result"].get("data_array", [])
    assert [row[0] for row in rows] == keys[order].astype(float).tolist()
    np.testing.assert_allclose([r[-1] for r in rows], 1 / (1 + squared[order]), atol=1e-12)
    for row, place in zip(rows, keep[order], strict=True):
        assert row[1:3] == [COLUMNS["price"][place], COLUMNS["gender"][place]]


def test_replies_are_deterministic(big: tuple[VectorSearchIndex, pa.Table, np.ndarray]) -> None:
    index, _, vectors = big
    call = {"columns": ["product_id"], "query_vector": vectors[5].tolist(), "num_results": 2500}
    first = json.dumps(index.similarity_search(**call))
    assert all(json.dumps(index.similarity_search(**call)) == first for _ in range(3))


def test_threads_get_the_same_answers(big: tuple[VectorSearchIndex, pa.Table, np.ndarray]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    index, _, vectors = big

    def ask(number: int) -> str:
        where = {"price <": 10 + number} if number % 2 else None
        return json.dumps(
            index.similarity_search(
                columns=["product_id", "price"],
                query_vector=vectors[number].tolist(),
                filters=where,
                num_results=20,
            )
        )

    alone = [ask(number) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(24))) == alone
