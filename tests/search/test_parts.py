"""The nearest rows of an index that lies in several parts are those of all its rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Workspace
from engine.core.ranking.scoring import rank_exact
from engine.store.indexes import changes

INDEX = "main.a.direct"
DIMENSION = 8


def write_in_parts(
    root: Path, vectors: np.ndarray, sizes: list[int], keys: Sequence[int] | None = None
) -> Workspace:
    """A workspace with an index whose rows were written in upserts of some sizes, one after another."""
    workspace = Workspace(root)
    workspace.create_direct_access_index(
        INDEX,
        dimension=DIMENSION,
        vector_column="v",
        schema={"id": "integer", "even": "boolean", "v": "array<float>"},
        primary_key="id",
        create_endpoint=True,
    )
    rows = [
        {"id": i, "even": i % 2 == 0, "v": v.tolist()}
        for i, v in zip(keys or range(len(vectors)), vectors)
    ]
    first = 0
    for size in sizes:
        workspace.upsert(INDEX, rows[first : first + size])
        first += size
    return workspace


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    k=st.integers(1, 30),
    kind=st.sampled_from(["unit", "any length", "repeats", "lengths by part"]),
    filtered=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_rows_of_all_parts_are_ranked_together(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    k: int,
    kind: str,
    filtered: bool,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((sum(sizes), DIMENSION))
    if kind == "repeats":
        vectors = vectors[rng.integers(0, min(5, len(vectors)), len(vectors))]
    if kind != "any length":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if kind == "lengths by part":  # of which some parts know and others don't
        vectors[sizes[0] :] *= 1.5
    vectors = vectors.astype(np.float32)
    query = (vectors[rng.integers(len(vectors))] + 0.1).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "HELD_NUMBERS", 4 * DIMENSION)
        patch.setattr(changes, "TAIL_NUMBERS", 8 * DIMENSION)
        workspace = write_in_parts(tmp_path_factory.mktemp("w"), vectors, sizes)
    filters = {"even": True} if filtered else None
    reply = workspace.query_index(
        INDEX, columns=["id"], query_vector=query, num_results=k, filters=filters
    )
    allowed = np.arange(0, len(vectors), 2 if filtered else 1)
    places, _ = rank_exact(query, vectors[allowed], allowed.tolist(), k)
    assert [int(row[0]) for row in reply["result"]["data_array"]] == allowed[places].tolist()


def test_an_index_without_parts_answers_with_nothing(tmp_path: Path) -> None:
    workspace = write_in_parts(tmp_path, np.empty((0, DIMENSION), dtype=np.float32), [])
    query = [1.0] * DIMENSION
    reply = workspace.query_index(INDEX, columns=["id"], query_vector=query, num_results=3)
    assert reply["result"]["row_count"] == 0
    assert workspace.similarity_search_batch(
        INDEX, query_vectors=[query], columns=["id"], num_results=3
    ) == [[]]


@pytest.mark.parametrize("scale", [0.0, 1e-25, 1e-20, 1e-10, 1.0, 1e12, 5e18, 1e19, 1e25, 1e37])
@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("far", [False, True], ids=["query as long", "query of length 3"])
def test_vectors_of_any_length_are_ranked_across_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float, alike: bool, far: bool
) -> None:
    """Rows of one distance go by their keys, the lower of which came later; float32 holds no 1e38."""
    monkeypatch.setattr(changes, "HELD_NUMBERS", 4 * DIMENSION)
    monkeypatch.setattr(changes, "TAIL_NUMBERS", 8 * DIMENSION)
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((110, DIMENSION)) * scale
    if alike:
        vectors[:] = vectors[0]
    vectors = vectors.astype(np.float32)
    keys = list(range(110, 0, -1))
    workspace = write_in_parts(tmp_path, vectors, [70, 30, 10], keys)
    queries = rng.standard_normal((6, DIMENSION)) * (1.0 if far else max(scale, 1e-20))
    queries = queries.astype(np.float32)
    batch = workspace.similarity_search_batch(
        INDEX, query_vectors=queries, columns=["id"], num_results=7
    )
    for query, together in zip(queries, batch):
        reply = workspace.query_index(
            INDEX, columns=["id"], query_vector=query, num_results=7, filters=None
        )
        places, _ = rank_exact(query, vectors, keys, 7)
        expected = [keys[place] for place in places]
        assert [int(row[0]) for row in reply["result"]["data_array"]] == expected
        assert [row["id"] for row in together] == expected


def test_each_part_says_its_plan_in_the_order_of_the_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "HELD_NUMBERS", 4 * DIMENSION)
    monkeypatch.setattr(changes, "TAIL_NUMBERS", 8 * DIMENSION)
    vectors = np.random.default_rng(0).standard_normal((110, DIMENSION)).astype(np.float32)
    workspace = write_in_parts(tmp_path, vectors, [10, 70, 30])
    version = workspace.registry.open(INDEX)[1].current()
    assert version is not None
    reply = workspace.query_index(
        INDEX, columns=["id"], query_vector=vectors[0], num_results=5, debug_level=1
    )
    plans = reply["debug_info"]["plan"]
    assert len(plans) == len(version.parts) > 1
    for said, part in zip(plans, version.parts):
        assert f" {part.segment.rows} rows" in said


def large_and_small(root: Path, vectors: np.ndarray, sizes: list[int]) -> Workspace:
    """As `write_in_parts`, for vectors of their own length; the first part has an approximate index."""
    workspace = Workspace(root)
    workspace.create_direct_access_index(
        INDEX,
        dimension=vectors.shape[1],
        vector_column="v",
        schema={"id": "integer", "even": "boolean", "v": "array<float>"},
        primary_key="id",
        create_endpoint=True,
    )
    first = 0
    for size in sizes:
        numbers = range(first, first + size)
        workspace.upsert(INDEX, [{"id": i, "even": i % 2 == 0, "v": vectors[i]} for i in numbers])
        first += size
    return workspace


@settings(max_examples=12, deadline=None)
@given(
    kind=st.sampled_from(["alike", "unlike", "any length", "repeats"]),
    far=st.booleans(),
    k=st.sampled_from([1, 10, 60]),
    seed=st.integers(0, 2**31),
)
def test_small_parts_after_a_large_one_are_searched_by_their_bounds(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    far: bool,
    k: int,
    seed: int,
) -> None:
    """With the same answer as an exact scan of each: after replacements, with filters, or without."""
    rng = np.random.default_rng(seed)
    rows, dimension, sizes = 1500, 144, [1200, 150, 100, 3]
    base = rng.standard_normal((24, dimension))
    vectors = rng.standard_normal((rows, 24)) @ base + 0.3 * rng.standard_normal((rows, dimension))
    if kind == "unlike":  # new rows are of another kind than the large part's
        vectors[1200:] = rng.standard_normal((300, dimension)) * 3
    if kind == "repeats":
        vectors = vectors[rng.integers(0, 40, rows)]
    if kind != "any length":
        vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    vectors = vectors.astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "HELD_NUMBERS", 4 * dimension)
        patch.setattr(changes, "TAIL_NUMBERS", 8 * dimension)
        patch.setattr("engine.store.segments.segment._ANN_FROM", 1000 * dimension)
        patch.setattr("engine.service.search.nearest._OUTLINED_NUMBERS", 1)
        workspace = large_and_small(tmp_path_factory.mktemp("w"), vectors, sizes)
        # Some rows of the large part and of small ones are replaced.
        replaced = {int(i): vectors[rng.integers(rows)] for i in rng.integers(0, 1400, 30)}
        workspace.upsert(INDEX, [{"id": i, "even": True, "v": v} for i, v in replaced.items()])
        version = workspace.registry.open(INDEX)[1].current()
        assert version is not None and len(version.parts) > 3
        assert version.parts[0].segment.ann is not None
        for query in vectors[rng.integers(0, 1400, 5)] + (1.0 if far else 0.01):
            for filters in (None, {"even": True}):
                asked = {"columns": ["id", "even"], "num_results": k, "filters": filters}
                found, exact = (
                    workspace.query_index(
                        INDEX, query_vector=query.astype(np.float32), exact=is_exact, **asked
                    )["result"]
                    for is_exact in (False, True)
                )
                assert found == exact


def test_a_part_that_was_searched_by_bounds_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "HELD_NUMBERS", 32)
    monkeypatch.setattr(changes, "TAIL_NUMBERS", 64)
    monkeypatch.setattr("engine.store.segments.segment._ANN_FROM", 1000)
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((1010, 32)).astype(np.float32)
    workspace = large_and_small(tmp_path, vectors, [1000, 10])
    reply = workspace.query_index(
        INDEX, columns=["id"], query_vector=vectors[3], num_results=2, debug_level=1
    )
    assert [said.split(":")[0] for said in reply["debug_info"]["plan"]][1] == "bounds"
