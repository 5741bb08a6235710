"""Indexes whose vectors are stored in fewer bytes answer exactly by what is stored, on every way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pytest

from engine import InvalidParameterValue, Workspace
from engine.core.ranking.scoring import api_scores, squared_distances
from engine.core.schema import VectorStorage
from engine.settings import Settings
from engine.store.segments.packing import as_stored

ROWS, DIMENSION = 40_000, 64  # enough for codes
PACKED: tuple[VectorStorage, ...] = ("float16", "int8")


def drawn(rows: int, seed: int, kind: str = "unit") -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((50, DIMENSION))
    vectors = centres[rng.integers(0, 50, rows)] + 0.6 * rng.standard_normal((rows, DIMENSION))
    if kind == "unit":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def table(vectors: np.ndarray, first: int = 0) -> pa.Table:
    keys = np.arange(first, first + len(vectors))
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    return pa.table({"product_id": keys, "x": keys % 100, "v": column})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("storage"))
    for kind in ("unit", "any"):
        workspace.write_table(kind, table(drawn(ROWS, 1, kind)))
        for storage in PACKED:
            workspace.create_index(
                f"main.a.{storage}_{kind}",
                source_table=kind,
                vector_column="v",
                vector_storage=storage,
                create_endpoint=True,
            )
    return workspace


def answered(workspace: Workspace, index: str, query: np.ndarray, **more: Any) -> list[list[Any]]:
    reply = workspace.query_index(
        index, columns=["product_id"], query_vector=query.tolist(), num_results=20, **more
    )
    return reply["result"]["data_array"]


def expected(vectors: np.ndarray, keys: np.ndarray, query: np.ndarray) -> list[list[float]]:
    squared = squared_distances(query, vectors)
    order = np.lexsort((keys, squared))[:20]
    return [[float(keys[at]), float(api_scores(squared[at : at + 1])[0])] for at in order]


@pytest.mark.parametrize("kind", ["unit", "any"])
@pytest.mark.parametrize("storage", PACKED)
def test_answers_are_the_nearest_of_what_is_stored(
    shop: Workspace, storage: VectorStorage, kind: str
) -> None:
    index, keys = f"main.a.{storage}_{kind}", np.arange(ROWS)
    stored = as_stored(drawn(ROWS, 1, kind), storage)
    for query in drawn(5, 2, kind):
        assert answered(shop, index, query, exact=True) == expected(stored, keys, query)
        found = answered(shop, index, query)
        right = expected(stored, keys, query)
        scores = dict(zip(keys.tolist(), api_scores(squared_distances(query, stored)).tolist()))
        assert all(score == scores[int(key)] for key, score in found)  # exact, whatever was found
        assert len({row[0] for row in found} & {row[0] for row in right}) >= 18
        few = answered(shop, index, query, filters={"x": 7})
        here = keys % 100 == 7
        assert few == expected(stored[here], keys[here], query)


@pytest.mark.parametrize("storage", PACKED)
def test_many_queries_at_once_answer_as_one_by_one(shop: Workspace, storage: VectorStorage) -> None:
    index, queries = f"main.a.{storage}_unit", drawn(8, 3)
    asked: dict[str, Any] = {"columns": ["product_id"], "num_results": 20, "exact": True}
    together = shop.similarity_search_batch(index, query_vectors=queries, **asked)
    for query, rows in zip(queries, together):
        alone = answered(shop, index, query, exact=True)
        assert [row["product_id"] for row in rows] == [row[0] for row in alone]


@pytest.mark.parametrize("storage", PACKED)
def test_a_sync_changes_only_rows_that_changed_though_all_were_rounded(
    tmp_path: Path, storage: VectorStorage
) -> None:
    workspace, vectors = Workspace(tmp_path), drawn(3000, 4)
    workspace.write_table("t", table(vectors))
    created = {"source_table": "t", "vector_column": "v", "create_endpoint": True}
    workspace.create_index("main.a.i", vector_storage=storage, **created)
    changed = vectors.copy()
    changed[5] = drawn(1, 9)[0]
    workspace.write_table("t", table(changed))
    report = workspace.sync("main.a.i")
    assert (report.updated, report.inserted, report.deleted) == (1, 0, 0)


@pytest.mark.parametrize("storage", PACKED)
def test_upserts_and_compaction_leave_what_is_stored_as_it_is(
    tmp_path: Path, storage: VectorStorage
) -> None:
    workspace, vectors = Workspace(tmp_path), drawn(600, 5, "any")
    workspace.create_direct_access_index(
        "main.a.d",
        dimension=DIMENSION,
        vector_column="v",
        schema={"product_id": "int", "v": "array<float>"},
        vector_storage=storage,
        create_endpoint=True,
    )
    rows = [{"product_id": at, "v": vector.tolist()} for at, vector in enumerate(vectors)]
    for start in range(0, 600, 100):
        workspace.upsert("main.a.d", rows[start : start + 100])
    workspace.compact_index("main.a.d")
    _, _, version = workspace.version_of("main.a.d")
    assert len(version.parts) == 1
    segment = version.parts[0].segment
    order = segment.keys.find(list(range(600)))
    stored = as_stored(vectors, storage)
    assert np.array_equal(segment.vectors.take(order), stored)
    shown = segment.fetch(["v"], order[:3])[0]
    assert np.array_equal(np.array(shown, dtype=np.float32), stored[:3])


def test_an_index_that_says_nothing_is_stored_as_the_workspace_is_set(tmp_path: Path) -> None:
    settings = Settings.from_environment({"VITRINE_VECTOR_STORAGE": "int8"})
    workspace = Workspace(settings=dataclasses.replace(settings, path=tmp_path))
    workspace.write_table("t", table(drawn(10, 6)))
    made = {"source_table": "t", "vector_column": "v", "create_endpoint": True}
    workspace.create_index("main.a.set", **made)
    workspace.create_index("main.a.own", vector_storage="float32", **made)
    assert workspace.get_index("main.a.set")["vector_storage"] == "int8"
    assert "vector_storage" not in workspace.get_index("main.a.own")


def test_numbers_that_there_are_not_are_refused_by_name() -> None:
    with pytest.raises(InvalidParameterValue, match="float64") as caught:
        Workspace("nowhere").create_index(
            "main.a.i", source_table="t", vector_column="v", vector_storage="float64"
        )
    assert all(name in caught.value.message for name in get_args(VectorStorage))
