"""HYBRID queries through the client, beside both rankings and their fusion in plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.texts import ranked

from engine import BadRequest, VectorSearchClient, VectorSearchIndex, Workspace

INDEX = "main.shop.hybrid"
ROWS, DIMENSION = 300, 8
WORDS = ("red", "blue", "dress", "shoe", "summer", "leather", "cotton", "wide")


def rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    return [
        {
            "id": int(key),
            "name": " ".join(rng.choice(WORDS, int(rng.integers(1, 6)))),
            "kind": None if key % 7 == 0 else str(rng.choice(WORDS)),
            "price": float(key % 50),
            "v": vector.astype(float).tolist(),
        }
        for key, vector in zip(rng.permutation(ROWS), vectors)
    ]


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[VectorSearchIndex, list[dict[str, Any]]]:
    workspace = Workspace(tmp_path_factory.mktemp("hybrid"))
    held = rows()
    workspace.write_table("main.shop.rows", pa.Table.from_pylist(held))
    workspace.create_index(
        INDEX, source_table="main.shop.rows", vector_column="v", primary_key="id",
        create_endpoint=True,
    )  # fmt: skip
    return VectorSearchClient(workspace=workspace).get_index(index_name=INDEX), held


def fused(
    held: list[dict[str, Any]], vector: list[float], text: str, k: int, below: float, columns: Any
) -> list[tuple[int, float]]:
    """Both rankings among the rows that cost less, 200 of each, by reciprocal rank."""
    matching = [row for row in held if row["price"] < below]
    asked = np.asarray(vector, np.float32).astype(float)
    near = sorted(
        (float(((np.asarray(row["v"]) - asked) ** 2).sum()), row["id"]) for row in matching
    )[:200]
    worded = ranked(held, text, columns, matching)[:200]
    rankings = [[key for _, key in near], [key for key, _ in worded]]
    sums: dict[int, float] = {}
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            sums[key] = sums.get(key, 0.0) + 1 / (60 + rank)
    best = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
    return [(key, total * 61 / 2) for key, total in best]


@pytest.mark.parametrize("k", [1, 10, 200])
@pytest.mark.parametrize(
    ("text", "columns"), [("red dress", None), ("Cotton, wide!", ["name"]), ("velvet", None)]
)
@pytest.mark.parametrize("below", [50, 6])
def test_both_rankings_are_fused_by_reciprocal_rank(
    world: Any, text: str, columns: list[str] | None, k: int, below: float
) -> None:
    index, held = world
    vector = [0.3] * DIMENSION
    reply = index.similarity_search(
        columns=["id", "name"],
        query_text=text,
        query_vector=vector,
        query_type="hybrid",
        query_columns=columns,
        filters={"price <": below},
        num_results=k,
    )
    found = [(int(row[0]), row[2]) for row in reply["result"]["data_array"]]
    expected = fused(held, vector, text, k, below, columns or ["name", "kind"])
    assert [key for key, _ in found] == [key for key, _ in expected]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected])


def test_the_threshold_is_for_the_fused_score(world: Any) -> None:
    index, _ = world
    ask = {"columns": ["id"], "query_text": "red", "query_vector": [0.1] * DIMENSION}
    whole = index.similarity_search(**ask, query_type="HYBRID", num_results=50)
    limit = whole["result"]["data_array"][20][-1]
    some = index.similarity_search(
        **ask, query_type="HYBRID", num_results=50, score_threshold=limit
    )
    kept = [row for row in whole["result"]["data_array"] if row[-1] >= limit]
    assert 20 < len(kept) < 50
    assert some["result"]["data_array"] == kept


def test_fewer_results_are_the_first_of_more(world: Any) -> None:
    index, _ = world
    ask = {"columns": ["id"], "query_text": "red shoe", "query_vector": [0.1] * DIMENSION}
    few, many = (
        index.similarity_search(**ask, query_type="HYBRID", num_results=k)["result"]["data_array"]
        for k in (7, 90)
    )
    assert few == many[:7]


def test_more_than_200_results_are_refused(world: Any) -> None:
    with pytest.raises(BadRequest, match="num_results is 201; expected an integer from 1 to 200"):
        world[0].similarity_search(
            columns=["id"],
            query_text="red",
            query_vector=[0.1] * DIMENSION,
            query_type="HYBRID",
            num_results=201,
        )
