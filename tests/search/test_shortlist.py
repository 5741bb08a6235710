"""Every way to answer a query gives the same answer: exact, approximate, one by one or many at once.

The tables are large enough for an approximate index; which way was taken is read from the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine import InvalidParameterValue, Workspace
from engine.core.ranking.scoring import rank_exact, squared_distances
from engine.core.reply import json_value
from engine.service.search import batch, planner, shortlist
from engine.store.segments.ann import cells

ROWS, DIMENSION = 40_000, 64
COLUMNS = ["product_id", "x", "word"]
KINDS = ("unit", "any length")
FILTERS: list[dict[str, Any] | None] = [
    None,
    {"x <": 500},
    {"x <": 20},
    {"x": 7},
    {"word NOT": "a"},
]


def vectors_of(kind: str) -> np.ndarray:
    """Vectors around some centres, as photos of products are; a few of them twice."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((40, DIMENSION))
    vectors = centres[rng.integers(0, 40, ROWS)] + 0.8 * rng.standard_normal((ROWS, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if kind == "any length":
        vectors *= rng.uniform(0.2, 3, (ROWS, 1))
        vectors[0] = 0
    vectors[1000:1100] = vectors[:100]
    return vectors.astype(np.float32)


def products(vectors: np.ndarray) -> pa.Table:
    rng = np.random.default_rng(6)
    words = np.array(["a", "b", "c", None], dtype=object)
    return pa.table(
        {
            "product_id": pa.array(rng.permutation(len(vectors))),
            "x": pa.array(np.arange(len(vectors)) % 1000, pa.int32()),
            "word": pa.array(words[rng.integers(0, 4, len(vectors))]),
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
        }
    )


def queries_of(vectors: np.ndarray, count: int) -> np.ndarray:
    """Half of them near a row, half far from all."""
    rng = np.random.default_rng(7)
    queries = vectors[rng.integers(0, len(vectors), count)].copy()
    queries += 0.05 * rng.standard_normal(queries.shape)
    queries[::2] = rng.standard_normal(queries[::2].shape)
    return queries.astype(np.float32)


def index_of(kind: str) -> str:
    return f"main.a.{kind.replace(' ', '_')}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with an index for each kind of vectors."""
    workspace = Workspace(tmp_path_factory.mktemp("plans"))
    for kind in KINDS:
        workspace.write_table("t", products(vectors_of(kind)))
        workspace.create_index(
            index_of(kind), source_table="t", vector_column="v", create_endpoint=True
        )
    return workspace


def ask(workspace: Workspace, index: str, query: np.ndarray, **changed: Any) -> dict[str, Any]:
    arguments = {"columns": COLUMNS, "num_results": 10, "debug_level": 1, **changed}
    return workspace.query_index(index, query_vector=query.tolist(), **arguments)


def data(reply: dict[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = reply["result"].get("data_array", [])
    return rows


def recall(found: list[list[Any]], best: list[list[Any]]) -> tuple[int, int]:
    """How many of the best were found; a tie with the last is as good as the last."""
    assert len(found) == len(best)
    return sum(row[-1] >= best[-1][-1] - 1e-12 for row in found), len(best)


# ------------------------------------------------------------------ by distance, whatever the length
@pytest.mark.parametrize("kind", KINDS)
def test_both_plans_rank_by_euclidean_distance(shop: Workspace, kind: str) -> None:
    vectors = vectors_of(kind)
    keys = products(vectors)["product_id"].to_pylist()
    hits = wanted = approximate = 0
    for query in queries_of(vectors, 40):
        order, scores = rank_exact(query, vectors, keys, 10)
        exact = data(ask(shop, index_of(kind), query, exact=True))
        assert [row[0] for row in exact] == [keys[place] for place in order]
        assert [row[-1] for row in exact] == scores.tolist()
        reply = ask(shop, index_of(kind), query)
        approximate += "re-scored" in reply["debug_info"]["plan"][0]
        found, best = recall(data(reply), exact)
        hits, wanted = hits + found, wanted + best
        assert [row[-1] for row in data(reply)] == sorted(
            (row[-1] for row in data(reply)), reverse=True
        )
    assert approximate > 20, "hardly any query took the approximate way"
    assert hits >= 0.99 * wanted


# ------------------------------------------------------------------ many at once
@pytest.mark.parametrize("where", FILTERS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_many_queries_at_once_are_answered_as_one_by_one(
    shop: Workspace, kind: str, where: dict[str, Any] | None
) -> None:
    queries = queries_of(vectors_of(kind), 30)
    asked: dict[str, Any] = {"columns": COLUMNS, "filters": where, "exact": True}
    many = shop.similarity_search_batch(index_of(kind), query_vectors=queries, **asked)
    for query, found in zip(queries, many, strict=True):
        rows = [[json_value(value) for value in row.values()] for row in found]
        assert rows == data(ask(shop, index_of(kind), query, **asked))


@pytest.mark.parametrize("kind", KINDS)
def test_many_queries_at_once_find_as_much_as_one_by_one(shop: Workspace, kind: str) -> None:
    """Where two ways are approximate, they may miss different rows; neither misses many."""
    queries = queries_of(vectors_of(kind), 60)
    hits, wanted = {"many": 0, "one": 0}, 0
    for where in FILTERS:
        many = shop.similarity_search_batch(
            index_of(kind), query_vectors=queries, columns=COLUMNS, filters=where
        )
        for query, found in zip(queries, many, strict=True):
            best = data(ask(shop, index_of(kind), query, filters=where, exact=True))
            rows = [[json_value(value) for value in row.values()] for row in found]
            one = data(ask(shop, index_of(kind), query, filters=where))
            hits["many"] += recall(rows, best)[0]
            hits["one"] += recall(one, best)[0]
            wanted += len(best)
    assert min(hits.values()) >= 0.99 * wanted, (hits, wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_short_list_lacks_is_fetched(
    shop: Workspace, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (shortlist, batch):
        monkeypatch.setattr(module, "first_pass_rows", lambda rows, k: 4 * k)
    queries = queries_of(vectors_of(kind), 40)
    hits, wanted, plans = {"many": 0, "one": 0}, 0, []
    for where in (None, {"word NOT": "a"}):
        many = shop.similarity_search_batch(
            index_of(kind), query_vectors=queries, columns=COLUMNS, filters=where
        )
        for query, found in zip(queries, many, strict=True):
            best = data(ask(shop, index_of(kind), query, filters=where, exact=True))
            reply = ask(shop, index_of(kind), query, filters=where)
            rows = [[json_value(value) for value in row.values()] for row in found]
            hits["many"] += recall(rows, best)[0]
            hits["one"] += recall(data(reply), best)[0]
            wanted += len(best)
            plans += reply["debug_info"]["plan"]
    assert min(hits.values()) >= 0.99 * wanted, (hits, wanted)
    more = [plan for plan in plans if "re-scored" in plan and "of 40 rows" not in plan]
    assert len(more) > 20, plans


@pytest.fixture
def small(workspace: Workspace) -> Workspace:
    """Few rows in several segments, some deleted, with equal vectors among them."""
    rng = np.random.default_rng(1)
    workspace.create_direct_access_index(
        "main.a.direct",
        dimension=4,
        vector_column="v",
        primary_key="id",
        schema={"id": "string", "n": "int", "v": "array<float>"},
        create_endpoint=True,
    )
    for number in range(6):
        rows = [
            {"id": f"k{key}", "n": int(key), "v": rng.integers(-2, 3, 4).tolist()}
            for key in rng.integers(0, 60, 20)
        ]
        workspace.upsert("main.a.direct", rows)
        workspace.delete_rows("main.a.direct", [f"k{number}", f"k{number + 20}"])
    return workspace


@pytest.mark.parametrize("where", [None, {"n <": 30}, {"n": 1}, {"n >": 1000}], ids=str)
@pytest.mark.parametrize("k", [1, 5, 100])
def test_the_same_holds_for_segments_deletions_ties_and_text_keys(
    small: Workspace, where: dict[str, Any] | None, k: int
) -> None:
    queries = np.random.default_rng(2).integers(-2, 3, (20, 4)).astype(np.float32)
    asked: dict[str, Any] = {"columns": ["id", "n", "v"], "filters": where, "num_results": k}
    many = small.similarity_search_batch("main.a.direct", query_vectors=queries, **asked)
    for query, found in zip(queries, many, strict=True):
        rows = [[json_value(value) for value in row.values()] for row in found]
        assert rows == data(ask(small, "main.a.direct", query, **asked))


def test_keys_beyond_the_apis_long_are_ranked_too(workspace: Workspace) -> None:
    keys = [2**64 - 1, 2**63, 5]
    table = pa.table({"id": pa.array(keys, pa.uint64()), "v": [[1.0], [1.0], [1.0]]})
    workspace.write_table("t", table)
    workspace.create_index(
        "main.a.i", source_table="t", vector_column="v", primary_key="id", create_endpoint=True
    )
    (found,) = workspace.similarity_search_batch(
        "main.a.i", query_vectors=[[1.0]], columns=["id"], num_results=2
    )
    assert [row["id"] for row in found] == [5, 2**63]
    assert workspace.search(like=2**64 - 1, index="main.a.i", columns=["id"])[0]["id"] == 5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([[1.0, 2.0]], r"takes \(m, 4\) numbers"),
        ([1.0, 2.0, 3.0, 4.0], r"takes \(m, 4\) numbers"),
        ([["a", "b", "c", "d"]], r"takes \(m, 4\) numbers"),
        ([[1.0] * 4, [0.0, float("nan"), 0.0, 0.0]], r"query_vectors\[1\] holds a number that is"),
        ([[1e39, 0.0, 0.0, 0.0]], r"query_vectors\[0\] holds a number that is not finite"),
    ],
    ids=str,
)
def test_queries_that_do_not_fit_are_refused(
    small: Workspace, given: list[Any], words: str
) -> None:
    with pytest.raises(InvalidParameterValue, match=words):
        small.similarity_search_batch("main.a.direct", query_vectors=given, columns=["id"])


def test_no_queries_have_no_answers(small: Workspace) -> None:
    found = small.similarity_search_batch(
        "main.a.direct", query_vectors=np.empty((0, 4)), columns=["id"]
    )
    assert found == []


# ------------------------------------------------------------------ cells
@pytest.fixture
def in_cells(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> Iterator[Workspace]:
    """An index whose segment is divided into cells, as large ones are."""
    monkeypatch.setattr(cells, "CELLS_FROM", 10_000)
    workspace.write_table("t", products(vectors_of("unit")))
    workspace.create_index("main.a.i", source_table="t", vector_column="v", create_endpoint=True)
    yield workspace


def test_a_large_segment_is_read_cell_by_cell(in_cells: Workspace) -> None:
    (part,) = in_cells.registry.open("main.a.i")[1].current().parts
    assert part.segment.ann.cell_count > 10
    queries = queries_of(vectors_of("unit"), 40)
    plans = set()
    for where in FILTERS[:3]:
        many = in_cells.similarity_search_batch(
            "main.a.i", query_vectors=queries, columns=COLUMNS, filters=where
        )
        hits = wanted = 0
        for query, found in zip(queries, many, strict=True):
            best = data(ask(in_cells, "main.a.i", query, filters=where, exact=True))
            reply = ask(in_cells, "main.a.i", query, filters=where)
            plans |= set(reply["debug_info"]["plan"])
            rows = [[json_value(value) for value in row.values()] for row in found]
            for answer in (rows, data(reply)):
                of_these, of_best = recall(answer, best)
                hits, wanted = hits + of_these, wanted + of_best
        assert hits >= 0.99 * wanted
    assert any("cells read" in plan for plan in plans)


# ------------------------------------------------------------------ within a distance that is known
@pytest.mark.parametrize("has_cells", [False, True])
def test_hardly_more_rows_than_lie_within_a_known_distance_are_re_scored(
    shop: Workspace, request: pytest.FixtureRequest, has_cells: bool
) -> None:
    """A part among others re-scored what was near to its own k-th row, however far away that was."""
    if has_cells:
        shop = request.getfixturevalue("in_cells")
    (part,) = shop.registry.open("main.a.i" if has_cells else index_of("unit"))[1].current().parts
    segment, vectors = part.segment, vectors_of("unit")
    assert (segment.ann.cell_count > 1) == has_cells
    plan = planner.Plan("compressed", "")
    hits = wanted = 0
    freely, bounded = [], []
    for query in queries_of(vectors, 40):
        squared = squared_distances(query, vectors)
        within = np.sort(squared)[[0, 4, 9, 40]] * 1.000001
        for farthest in (0.0, *within.tolist()):
            found = shortlist.shortlist(segment, query, 10, None, plan, farthest=farthest)
            best = np.argsort(squared, kind="stable")[:10]
            best = best[squared[best] <= farthest]
            hits, wanted = hits + len(set(best) & set(found.rows)), wanted + len(best)
            if farthest == within[0]:
                bounded.append(int(found.way.split()[0]))
        unbounded = shortlist.shortlist(segment, query, 10, None, plan)
        freely.append(int(unbounded.way.split()[0]))
    assert hits >= 0.99 * wanted > 0
    assert sum(bounded) < 0.6 * sum(freely), (bounded, freely)
