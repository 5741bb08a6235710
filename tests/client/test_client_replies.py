"""What a query gives back: shape, values, scores, order, pages."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine import Settings, VectorSearchClient, VectorSearchIndex, Workspace

ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
INDEX = "main.fashion_demo.vs_image_search"
QUERY = [0.25, -0.5, 0.125, 0.75, 0.0, 0.1, -0.2, 0.3, 0.4, -0.1, 0.2, 0.0, 0.05, -0.6, 0.7, 0.01]

Nearest = Callable[..., list[tuple[Any, float]]]
Large = tuple[VectorSearchIndex, pa.Table, Workspace]


def keys_and_scores(reply: dict[str, Any]) -> list[tuple[int, float]]:
    return [(int(row[0]), row[-1]) for row in reply["result"].get("data_array", [])]


def assert_ranked(reply: dict[str, Any], expected: list[tuple[Any, float]]) -> None:
    """The same keys in the same order, with the same scores up to float64 rounding."""
    got = keys_and_scores(reply)
    assert [key for key, _ in got] == [key for key, _ in expected]
    assert [score for _, score in got] == pytest.approx([s for _, s in expected], abs=1e-12)
    assert reply["result"]["row_count"] == len(expected)


# ------------------------------------------------------------------ shape
def test_a_reply_has_manifest_and_result_and_nothing_else(
    index: VectorSearchIndex, products: pa.Table
) -> None:
    query = products["image_embedding"][3].as_py()
    reply = index.similarity_search(
        columns=["product_display_name", "product_id"], query_vector=query, num_results=1
    )
    key = products["product_id"][3].as_py()
    assert reply == {
        "manifest": {
            "column_count": 3,
            "columns": [
                {"name": "product_display_name"},
                {"name": "product_id"},
                {"name": "score"},
            ],
        },
        "result": {"row_count": 1, "data_array": [[f"Product {key}", float(key), 1.0]]},
    }
    json.dumps(reply, allow_nan=False)


def test_without_a_number_five_results_come(index: VectorSearchIndex) -> None:
    reply = index.similarity_search(["product_id"], query_vector=QUERY)
    assert reply["result"]["row_count"] == 5


def test_an_empty_result_has_no_data_array(index: VectorSearchIndex) -> None:
    reply = index.similarity_search(
        ["product_id"], query_vector=QUERY, filters={"gender": "Nobody"}
    )
    assert reply == {
        "manifest": {
            "column_count": 2,
            "columns": [{"name": "product_id"}, {"name": "score"}],
        },
        "result": {"row_count": 0},
    }


def test_every_kind_of_value_arrives_as_on_the_cloud(
    index: VectorSearchIndex, products: pa.Table
) -> None:
    columns = ["product_id", "year", "price", "base_color", "in_stock", "tags", "added_on",
               "updated_at", "image_embedding"]  # fmt: skip
    row = 26  # no price and no colour
    vector = products["image_embedding"][row].as_py()
    reply = index.similarity_search(columns, query_vector=vector, num_results=1)
    [values] = reply["result"]["data_array"]
    key = float(products["product_id"][row].as_py())
    assert values[:8] == [
        key, 2012.0, None, None, True, ["new", "t2"], "2024-01-27", "2024-01-02T02:00:00",
    ]  # fmt: skip
    assert [type(value) for value in values[:2]] == [float, float]
    assert np.array_equal(np.float32(values[8]), np.float32(vector))
    assert values[9] == 1.0


def test_a_stored_vector_reads_as_short_decimals(client: VectorSearchClient) -> None:
    table = pa.table({"product_id": [1], "image_embedding": [[0.1, 0.2, -0.3]]})
    client.workspace.write_table("short", table)
    client.workspace.create_index(INDEX, source_table="short", vector_column="image_embedding")
    reply = client.get_index(index_name=INDEX).similarity_search(
        ["image_embedding"], query_vector=[1, 0, 0]
    )
    assert reply["result"]["data_array"][0][0] == [0.1, 0.2, -0.3]


def test_times_of_any_zone_arrive_in_utc(client: VectorSearchClient) -> None:
    moment = 1_442_353_006  # 2015-09-15T21:36:46Z
    table = pa.table(
        {
            "product_id": [1],
            "there": pa.array([moment], pa.timestamp("s", tz="+05:30")),
            "exact": pa.array([moment * 1000 + 500], pa.timestamp("ms", tz="UTC")),
            "naive": pa.array([moment], pa.timestamp("s")),
            "image_embedding": [[1.0, 0.0]],
        }
    )
    client.workspace.write_table("times", table)
    client.workspace.create_index(INDEX, source_table="times", vector_column="image_embedding")
    reply = client.get_index(index_name=INDEX).similarity_search(
        ["there", "exact", "naive"],
        query_vector=[1, 0],
        filters={"there": "2015-09-16T03:06:46+05:30"},
    )
    assert reply["result"]["data_array"] == [
        ["2015-09-15T21:36:46", "2015-09-15T21:36:46.500000", "2015-09-15T21:36:46", 1.0]
    ]


def test_integers_stay_integers_where_the_workspace_says_so(
    tmp_path: Path, products: pa.Table
) -> None:
    workspace = Workspace(settings=Settings(path=tmp_path, integers_as_floats=False))
    workspace.write_table(TABLE, products)
    workspace.create_index(
        INDEX, source_table=TABLE, vector_column="image_embedding", create_endpoint=True
    )
    index = VectorSearchClient(workspace=workspace).get_index(index_name=INDEX)
    row = index.similarity_search(["product_id", "year"], query_vector=QUERY)["result"][
        "data_array"
    ][0]
    assert [type(value) for value in row] == [int, int, float]


@pytest.mark.parametrize("level", [1, 2])
def test_debugging_adds_timings_in_milliseconds(index: VectorSearchIndex, level: int) -> None:
    question: dict[str, Any] = {"columns": ["product_id"], "query_vector": QUERY}
    reply = index.similarity_search(**question, debug_level=level)
    info = reply.pop("debug_info")
    assert info["response_time"] >= 0
    assert info["ann_time"] >= 0
    assert reply == index.similarity_search(**question)


# ------------------------------------------------------------------ scores and order
@pytest.mark.parametrize("k", [1, 7, 60])
def test_scores_and_order_are_those_of_plain_arithmetic(
    index: VectorSearchIndex, products: pa.Table, nearest: Nearest, k: int
) -> None:
    reply = index.similarity_search(["product_id"], query_vector=QUERY, num_results=k)
    assert_ranked(reply, nearest(products, QUERY, k))


def test_more_results_than_rows_are_just_the_rows(
    index: VectorSearchIndex, products: pa.Table, nearest: Nearest
) -> None:
    reply = index.similarity_search(["product_id"], query_vector=QUERY, num_results=10_000)
    assert_ranked(reply, nearest(products, QUERY, 60))


def test_equal_vectors_are_ordered_by_key(index: VectorSearchIndex, products: pa.Table) -> None:
    query = products["image_embedding"][10].as_py()
    reply = index.similarity_search(["product_id"], query_vector=query, num_results=4)
    twins = sorted(products["product_id"][10:14].to_pylist())
    assert keys_and_scores(reply) == [(key, 1.0) for key in twins]
    first_two = index.similarity_search(["product_id"], query_vector=query, num_results=2)
    assert keys_and_scores(first_two) == [(key, 1.0) for key in twins[:2]]


def test_text_keys_are_ordered_as_text(client: VectorSearchClient) -> None:
    table = pa.table({"sku": ["b", "a9", "a10"], "vector": [[1.0, 0.0]] * 3})
    client.workspace.write_table("skus", table)
    client.workspace.create_index(
        INDEX, source_table="skus", vector_column="vector", primary_key="sku"
    )
    reply = client.get_index(index_name=INDEX).similarity_search(["sku"], query_vector=[1, 0])
    assert [row[0] for row in reply["result"]["data_array"]] == ["a10", "a9", "b"]


def test_vectors_of_any_length_are_ranked_by_euclidean_distance(
    client: VectorSearchClient, nearest: Nearest
) -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(300, 4)) * rng.uniform(0.1, 20, size=(300, 1)) + [3, 0, 0, 0]
    exact = vectors.astype(np.float32).astype(float).tolist()
    table = pa.table({"product_id": range(300), "image_embedding": exact})
    client.workspace.write_table("long", table)
    client.workspace.create_index(INDEX, source_table="long", vector_column="image_embedding")
    index = client.get_index(index_name=INDEX)
    for query in (exact[0], [0.5, 0.5, 0.5, 0.5], [100.0, 0.0, 0.0, 0.0], [0.0] * 4):
        reply = index.similarity_search(["product_id"], query_vector=query, num_results=25)
        assert_ranked(reply, nearest(table, query, 25))


def test_a_threshold_leaves_out_lower_scores(
    index: VectorSearchIndex, products: pa.Table, nearest: Nearest
) -> None:
    ranked = nearest(products, QUERY, 60)
    threshold = ranked[9][1] - 1e-9
    reply = index.similarity_search(
        ["product_id"], query_vector=QUERY, num_results=60, score_threshold=threshold
    )
    assert_ranked(reply, ranked[:10])
    nothing = index.similarity_search(["product_id"], query_vector=QUERY, score_threshold=1.5)
    assert nothing["result"] == {"row_count": 0}
    for keeps_all in (0, 0.0, None, -1):
        reply = index.similarity_search(
            ["product_id"], query_vector=QUERY, num_results=60, score_threshold=keeps_all
        )
        assert reply["result"]["row_count"] == 60


# ------------------------------------------------------------------ filters
FILTERS: list[tuple[Any, Callable[[dict[str, Any]], bool]]] = [
    ({"gender": "Men"}, lambda r: r["gender"] == "Men"),
    ({"gender": ["Men", "Boys"]}, lambda r: r["gender"] in ("Men", "Boys")),
    ({"base_color NOT": "Red"}, lambda r: r["base_color"] not in (None, "Red")),
    ({"base_color NOT": ["Red", "Blue"]}, lambda r: r["base_color"] == "Black"),
    ({"price <=": 21.0}, lambda r: r["price"] is not None and r["price"] <= 21),
    ({"price >": 100, "price <": 200}, lambda r: r["price"] is not None and 100 < r["price"] < 200),
    ([{"price >": 100}, {"gender": "Men"}], lambda r: (r["price"] or 0) > 100 and r["gender"] == "Men"),
    ({"product_display_name LIKE": "Product"}, lambda r: True),
    ({"product_display_name LIKE": "Prod"}, lambda r: False),
    ({"product_display_name LIKE": "%7"}, lambda r: r["product_display_name"].endswith("7")),
    ({"gender OR year >=": ["Men", 2016]}, lambda r: r["gender"] == "Men" or r["year"] >= 2016),
    ({"tags": ["sale"]}, lambda r: "sale" in r["tags"]),
    ({"tags NOT": "t1"}, lambda r: "t1" not in r["tags"]),
    ({"in_stock": False}, lambda r: not r["in_stock"]),
    ({"added_on <": "2024-01-03"}, lambda r: r["added_on"].isoformat() < "2024-01-03"),
    ({"updated_at >=": "2024-01-03T00:00:00Z"}, lambda r: r["updated_at"].day >= 3),
    ({"product_id": 10_007}, lambda r: r["product_id"] == 10_007),
    ({}, lambda r: True),
    ([], lambda r: True),
    ("", lambda r: True),
]  # fmt: skip


@pytest.mark.parametrize(("filters", "keep"), FILTERS, ids=[str(f) for f, _ in FILTERS])
def test_filtered_results_are_the_nearest_of_the_rows_that_pass(
    index: VectorSearchIndex,
    products: pa.Table,
    nearest: Nearest,
    filters: Any,
    keep: Callable[[dict[str, Any]], bool],
) -> None:
    matching = [keep(row) for row in products.to_pylist()]
    for k in (3, 60):
        reply = index.similarity_search(
            ["product_id"], query_vector=QUERY, filters=filters, num_results=k
        )
        expected = nearest(products, QUERY, k, matching) if any(matching) else []
        assert_ranked(reply, expected)


# ------------------------------------------------------------------ pages
@pytest.fixture(scope="module")
def large(
    tmp_path_factory: pytest.TempPathFactory, make_products: Callable[..., pa.Table]
) -> Large:
    """An index over 2,600 rows, its table and its workspace."""
    table = make_products(rows=2600, dimension=16, seed=3)
    workspace = Workspace(tmp_path_factory.mktemp("large"))
    workspace.write_table(TABLE, table)
    workspace.create_index(
        INDEX, source_table=TABLE, vector_column="image_embedding", create_endpoint=True
    )
    return VectorSearchClient(workspace=workspace).get_index(index_name=INDEX), table, workspace


@pytest.mark.parametrize("k", [1000, 1001, 2500])
def test_joined_pages_are_one_big_ranking(large: Large, nearest: Nearest, k: int) -> None:
    index, table, _ = large
    reply = index.similarity_search(["product_id", "tags"], query_vector=QUERY, num_results=k)
    assert set(reply) == {"manifest", "result"}
    assert reply["manifest"]["column_count"] == 3
    assert_ranked(reply, nearest(table, QUERY, k))


def test_pages_keep_filter_and_threshold(large: Large, nearest: Nearest) -> None:
    index, table, _ = large
    men = [gender == "Men" for gender in table["gender"].to_pylist()]
    ranked = nearest(table, QUERY, 1200, men)
    reply = index.similarity_search(
        ["product_id"],
        query_vector=QUERY,
        num_results=2500,
        filters={"gender": "Men"},
        score_threshold=ranked[-1][1] - 1e-12,
    )
    assert_ranked(reply, ranked)


def test_each_page_has_a_thousand_rows_and_the_last_no_token(
    large: Large, nearest: Nearest
) -> None:
    index, table, workspace = large
    page = workspace.query_index(
        index.name, columns=["product_id"], query_vector=QUERY, num_results=2500
    )
    sizes, keys = [], []
    while True:
        assert page["manifest"]["columns"] == [{"name": "product_id"}, {"name": "score"}]
        sizes.append(page["result"]["row_count"])
        keys += [int(row[0]) for row in page["result"]["data_array"]]
        if not page["next_page_token"]:
            break
        page = workspace.query_next_page(index.name, page["next_page_token"])
    assert sizes == [1000, 1000, 500]
    assert keys == [key for key, _ in nearest(table, QUERY, 2500)]


# ------------------------------------------------------------------ nothing is shared
def test_a_query_does_not_change_its_arguments(index: VectorSearchIndex) -> None:
    arguments: dict[str, Any] = {
        "columns": ["product_id", "tags"],
        "query_vector": list(QUERY),
        "filters": [{"gender": ["Men", "Women"]}, {"price >=": 0}],
    }
    before = copy.deepcopy(arguments)
    index.similarity_search(**arguments)
    assert arguments == before


def test_changing_a_reply_changes_nothing_stored(index: VectorSearchIndex) -> None:
    question: dict[str, Any] = {
        "columns": ["product_id", "tags", "image_embedding"],
        "query_vector": QUERY,
        "filters": {"gender": "Men"},
    }
    first = index.similarity_search(**question)
    kept = copy.deepcopy(first)
    first["manifest"]["columns"].clear()
    for row in first["result"]["data_array"]:
        row[1].append("changed")
        row[2][0] = 99.0
        row.clear()
    assert index.similarity_search(**question) == kept


def test_changing_a_description_changes_nothing_stored(index: VectorSearchIndex) -> None:
    first = index.describe()
    kept = copy.deepcopy(first)
    first["status"].clear()
    first["delta_sync_index_spec"]["embedding_vector_columns"].clear()
    assert index.describe() == kept


def test_the_same_query_twice_gives_the_same_reply(index: VectorSearchIndex) -> None:
    question: dict[str, Any] = {
        "columns": ["product_id", "price"],
        "query_vector": QUERY,
        "filters": {"price <": 100},
        "num_results": 20,
    }
    assert index.similarity_search(**question) == index.similarity_search(**question)


def test_a_tuple_is_as_good_as_a_list(index: VectorSearchIndex) -> None:
    as_list = index.similarity_search(["product_id"], query_vector=QUERY)
    as_tuple = index.similarity_search(("product_id",), query_vector=tuple(QUERY))  # type: ignore[arg-type]
    assert as_tuple == as_list
