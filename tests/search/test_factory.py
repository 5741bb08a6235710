"""Approximate indexes that a FAISS factory string asks for: built, searched, refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine import InvalidParameterValue, Workspace

ROWS, DIMENSION = 20_000, 32
FACTORIES = ("HNSW32", "IVF64,Flat", "SQ8")
KINDS = ("unit", "any length")


def table(rows: int = ROWS, kind: str = "unit") -> pa.Table:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((rows, DIMENSION)).astype(np.float32)
    if kind == "unit":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    keys = np.arange(rows)
    return pa.table({"product_id": keys, "x": keys % 1000, "v": column})


def index_of(factory: str, kind: str) -> str:
    return f"main.a.{factory}_{kind}".replace(",", "_").replace(" ", "_")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("factories"))
    for kind in KINDS:
        workspace.write_table("t", table(kind=kind))
        for factory in FACTORIES:
            workspace.create_index(
                index_of(factory, kind),
                source_table="t",
                vector_column="v",
                create_endpoint=True,
                faiss_factory=factory,
            )
    return workspace


def ask(
    workspace: Workspace, index: str, query: np.ndarray, **changed: Any
) -> tuple[list[list[Any]], str]:
    """The reply's rows, and its plan."""
    reply = workspace.query_index(
        index, columns=["product_id", "x"], query_vector=query.tolist(), debug_level=1, **changed
    )
    return reply["result"].get("data_array", []), reply["debug_info"]["plan"][0]


def queries(count: int) -> np.ndarray:
    return np.random.default_rng(4).standard_normal((count, DIMENSION)).astype(np.float32)


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_index_that_was_asked_for_is_used(shop: Workspace, factory: str, kind: str) -> None:
    index = index_of(factory, kind)
    hits = 0
    for query in queries(30):
        found, plan = ask(shop, index, query)
        best, _ = ask(shop, index, query, exact=True)
        assert "re-scored" in plan
        # The scores are exact also where the rows are not all found.
        known = {row[0]: row[-1] for row in best}
        assert all(row[-1] == known[row[0]] for row in found if row[0] in known)
        hits += len({row[0] for row in found} & known.keys())
    assert hits >= 0.9 * 300  # what a factory string promises is the caller's choice


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", [{"x": 7}, {"x <": 5}, {"product_id <": 3}, {"x": 5000}], ids=str)
def test_under_a_filter_that_few_rows_pass_the_result_is_exact(
    shop: Workspace, factory: str, kind: str, where: dict[str, Any]
) -> None:
    index = index_of(factory, kind)
    for query in queries(10):
        found, _ = ask(shop, index, query, filters=where)
        assert found == ask(shop, index, query, filters=where, exact=True)[0]


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("kind", KINDS)
def test_under_a_filter_that_many_rows_pass_every_result_passes(
    shop: Workspace, factory: str, kind: str
) -> None:
    for query in queries(10):
        found, _ = ask(shop, index_of(factory, kind), query, filters={"x <": 700}, num_results=20)
        assert len(found) == 20
        assert all(row[1] < 700 for row in found)


@pytest.mark.parametrize("factory", FACTORIES)
def test_small_changes_can_be_written_as_well(workspace: Workspace, factory: str) -> None:
    """A segment of few rows can't be trained for as many cells as the string asks for."""
    source = table(500)
    workspace.write_table("t", source)
    workspace.create_index(
        "main.a.i",
        source_table="t",
        vector_column="v",
        create_endpoint=True,
        faiss_factory=factory,
    )
    workspace.write_table("t", source.slice(0, 3))
    assert workspace.sync("main.a.i").indexed == 3
    workspace.create_direct_access_index(
        "main.a.direct",
        dimension=2,
        vector_column="v",
        schema={"product_id": "int", "v": "array<float>"},
        faiss_factory=factory,
    )
    reply = workspace.upsert("main.a.direct", [{"product_id": 1, "v": [1.0, 0.0]}])
    assert reply == {"status": "SUCCESS", "result": {"success_row_count": 1}}
    found = workspace.search(vector=[1.0, 0.0], index="main.a.direct", k=1)
    assert found[0]["product_id"] == 1


@pytest.mark.parametrize("factory", ["nonsense", "IVF", "", "PQ7"])
def test_a_string_that_faiss_does_not_know_is_refused(workspace: Workspace, factory: str) -> None:
    workspace.write_table("t", table(50))
    workspace.create_endpoint("e")
    with pytest.raises(InvalidParameterValue) as caught:
        workspace.create_index(
            "main.a.i", source_table="t", vector_column="v", endpoint="e", faiss_factory=factory
        )
    assert caught.value.message.startswith(f"faiss_factory {factory!r} can't be used here: ")
    assert "such as 'HNSW32'" in caught.value.message
    with pytest.raises(InvalidParameterValue, match="can't be used here"):
        workspace.create_direct_access_index(
            "main.a.direct",
            dimension=DIMENSION,
            vector_column="v",
            schema={"product_id": "int", "v": "array<float>"},
            endpoint="e",
            faiss_factory=factory,
        )
    assert not workspace.list_indexes("e")
