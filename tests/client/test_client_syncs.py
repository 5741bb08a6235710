"""An index and its source table: what a sync picks up, what it leaves out and says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.syncs import synced

from engine import BadRequest, InvalidState, VectorSearchClient, VectorSearchIndex

ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
INDEX = "main.fashion_demo.vs_image_search"
QUERY = [0.25] * 16

CreateIndex = Callable[..., VectorSearchIndex]


def keys(index: VectorSearchIndex, **changed: Any) -> set[int]:
    """Keys of all rows of an index."""
    reply = index.similarity_search(
        ["product_id"], **{"query_vector": QUERY, "num_results": 10_000, **changed}
    )
    return {int(row[0]) for row in reply["result"].get("data_array", [])}


def test_a_new_index_holds_its_table_without_a_sync(
    create_index: CreateIndex, products: pa.Table
) -> None:
    index = create_index()
    assert keys(index) == set(products["product_id"].to_pylist())
    assert index.describe()["status"]["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"


def test_a_triggered_index_changes_only_when_it_is_synced(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    index = create_index()
    before = keys(index)
    fewer = products.slice(0, 40)
    cheaper = fewer.set_column(fewer.schema.get_field_index("price"), "price", pa.array([1.5] * 40))
    client.workspace.write_table(TABLE, cheaper)
    assert keys(index) == before
    assert index.describe()["status"]["indexed_row_count"] == 60
    synced(index)
    assert keys(index) == set(fewer["product_id"].to_pylist())
    assert index.describe()["status"]["indexed_row_count"] == 40
    assert index.describe()["status"]["num_indexed_rows"] == 40
    assert keys(index, filters={"price": 1.5}) == keys(index)


def test_a_sync_without_changes_leaves_the_version_alone(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    before = index.describe()
    report = client.workspace.sync(INDEX)
    assert (report.changed, report.indexed, report.failed, report.failures) == (False, 60, 0, [])
    assert index.describe() == before


def test_a_continuous_index_follows_its_table_by_itself(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    index = create_index(pipeline_type="continuous")
    assert index.describe()["status"]["detailed_state"] == "ONLINE_CONTINUOUS_UPDATE"
    assert index.describe()["delta_sync_index_spec"]["pipeline_type"] == "CONTINUOUS"
    client.workspace.write_table(TABLE, products.slice(20))
    assert keys(index) == set(products["product_id"].to_pylist()[20:])
    assert index.describe()["status"]["indexed_row_count"] == 40


def test_a_poll_of_describe_sees_a_continuous_index_follow_its_table(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    index = create_index(pipeline_type="CONTINUOUS")
    client.workspace.write_table(TABLE, products.slice(20))
    assert index.describe()["status"]["indexed_row_count"] == 40


def test_an_index_over_an_empty_table_is_ready_and_finds_nothing(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    client.workspace.write_table(TABLE, products.slice(0, 0))
    index = create_index()
    assert index.describe()["status"]["ready"] is True
    assert index.describe()["status"]["indexed_row_count"] == 0
    assert keys(index) == set()
    assert keys(index, filters={"price <": 5}) == set()
    client.workspace.write_table(TABLE, products)
    synced(index)
    assert len(keys(index)) == 60


def test_only_the_columns_that_were_asked_for_are_in_the_index(create_index: CreateIndex) -> None:
    index = create_index(columns_to_sync=["price"])
    reply = index.similarity_search(
        ["price", "product_id", "image_embedding"], query_vector=QUERY, num_results=1
    )
    assert reply["result"]["row_count"] == 1
    with pytest.raises(BadRequest, match=r"not present in index: gender$"):
        index.similarity_search(["gender"], query_vector=QUERY)
    with pytest.raises(BadRequest, match="'gender'"):
        index.similarity_search(["price"], query_vector=QUERY, filters={"gender": "Men"})


def test_a_column_added_to_the_table_is_not_in_the_index(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    index = create_index()
    client.workspace.write_table(TABLE, products.append_column("brand", pa.array(["x"] * 60)))
    synced(index)
    assert len(keys(index)) == 60
    with pytest.raises(BadRequest, match=r"not present in index: brand$"):
        index.similarity_search(["brand"], query_vector=QUERY)


def test_a_column_lost_by_the_table_is_named_and_the_index_goes_on_serving(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    index = create_index()
    client.workspace.write_table(TABLE, products.drop_columns(["gender"]))
    with pytest.raises(InvalidState, match="gender"):
        client.workspace.sync(INDEX)
    status = synced(index)  # which tells of a failure by its status alone
    assert "gender" in status["failed_status"]["error_message"]
    assert len(keys(index, filters={"gender": "Men"})) == 30
    assert status["ready"] is True


# ------------------------------------------------------------------ rows that can't be indexed
def broken_table() -> pa.Table:
    """Six usable rows among those with every trouble that a row can have."""
    nan, inf = float("nan"), float("inf")
    rows: list[tuple[int | None, list[float | None] | None]] = [
        (1, [1.0, 0.0]),
        (None, [0.0, 1.0]),
        (2, [0.0, 1.0]),
        (1, [0.0, -1.0]),
        (3, None),
        (4, [1.0]),
        (5, [1.0, 0.0, 0.0]),
        (6, [nan, 0.0]),
        (7, [1.0, inf]),
        (8, [None, 1.0]),
        (9, [1e39, 0.0]),
        (10, []),
        (11, [0.0, 0.0]),
        (3, [0.6, 0.8]),
        (12, [-1.0, 0.0]),
        (13, [0.0, -1.0]),
    ]
    return pa.table(
        {
            "product_id": pa.array([key for key, _ in rows], pa.int64()),
            "image_embedding": pa.array([v for _, v in rows], pa.list_(pa.float64())),
        }
    )


def test_rows_that_cannot_be_indexed_are_left_out_and_reported(client: VectorSearchClient) -> None:
    client.workspace.write_table("broken", broken_table())
    client.create_endpoint("other")
    index = client.create_delta_sync_index(
        "other", INDEX, "product_id", "broken", "TRIGGERED", 2, "image_embedding"
    )
    report = client.workspace.sync(INDEX)
    not_finite = "the vector holds a number that is null, NaN, infinite or beyond float32"
    assert report.failures == [
        ("None", "the primary key is null"),
        ("1", "the primary key appears a second time"),
        ("3", "the vector is null"),
        ("4", "the vector has 1 numbers, expected 2"),
        ("5", "the vector has 3 numbers, expected 2"),
        ("6", not_finite),
        ("7", not_finite),
        ("8", not_finite),
        ("9", not_finite),
        ("10", "the vector has 0 numbers, expected 2"),
    ]
    assert (report.indexed, report.failed) == (6, 10)
    assert index.describe()["status"]["indexed_row_count"] == 6
    assert keys(index, query_vector=[1.0, 0.0]) == {1, 2, 3, 11, 12, 13}


def test_of_a_repeated_key_the_first_usable_row_counts(client: VectorSearchClient) -> None:
    client.workspace.write_table("broken", broken_table())
    client.workspace.create_index(
        INDEX, source_table="broken", vector_column="image_embedding", dimension=2
    )
    reply = client.get_index(index_name=INDEX).similarity_search(
        ["product_id", "image_embedding"], query_vector=[1.0, 0.0], num_results=10
    )
    vectors = {int(key): vector for key, vector, _ in reply["result"]["data_array"]}
    assert vectors[1] == [1.0, 0.0]
    assert vectors[3] == [0.6, 0.8]


def test_the_sync_that_made_the_index_reports_the_same_rows(client: VectorSearchClient) -> None:
    client.workspace.write_table("broken", broken_table())
    first = client.workspace.create_index(
        INDEX, source_table="broken", vector_column="image_embedding", dimension=2
    )
    again = client.workspace.sync(INDEX)
    assert (first.changed, again.changed) == (True, False)
    assert (first.indexed, first.failed, first.failures) == (
        again.indexed,
        again.failed,
        again.failures,
    )


def test_rows_that_were_repaired_are_indexed_by_the_next_sync(client: VectorSearchClient) -> None:
    table = broken_table()
    client.workspace.write_table("broken", table)
    client.workspace.create_index(
        INDEX, source_table="broken", vector_column="image_embedding", dimension=2
    )
    good = table.filter(pc.equal(pc.list_value_length(table["image_embedding"]), 2))
    client.workspace.write_table("broken", good.slice(0, 1))
    report = client.workspace.sync(INDEX)
    assert (report.changed, report.indexed, report.failed) == (True, 1, 0)


def test_a_table_in_which_no_row_is_usable_makes_an_empty_index(
    client: VectorSearchClient,
) -> None:
    client.workspace.write_table("broken", broken_table().slice(4, 6))
    report = client.workspace.create_index(
        INDEX, source_table="broken", vector_column="image_embedding", dimension=2
    )
    assert (report.indexed, report.failed) == (0, 6)
    assert keys(client.get_index(index_name=INDEX), query_vector=[1.0, 0.0]) == set()


# ------------------------------------------------------------------ readers and writers
def test_pages_come_from_one_version_also_when_a_sync_comes_between(
    client: VectorSearchClient,
    make_products: Callable[..., pa.Table],
    nearest: Callable[..., list[tuple[Any, float]]],
) -> None:
    workspace = client.workspace
    old, new = make_products(1500, 4, seed=1), make_products(1200, 4, seed=2)
    workspace.write_table("many", old)
    workspace.create_index(INDEX, source_table="many", vector_column="image_embedding")
    query = [1.0, 0.0, 0.0, 0.0]
    first = workspace.query_index(
        INDEX, columns=["product_id"], query_vector=query, num_results=1500
    )
    workspace.write_table("many", new)
    workspace.sync(INDEX)
    second = workspace.query_next_page(INDEX, first["next_page_token"])
    got = [int(r[0]) for page in (first, second) for r in page["result"]["data_array"]]
    assert got == [key for key, _ in nearest(old, query, 1500)]


def test_a_client_opened_before_a_sync_sees_what_it_brought(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    create_index()
    other = VectorSearchClient(workspace=client.workspace.path).get_index(index_name=INDEX)
    assert len(keys(other)) == 60
    client.workspace.write_table(TABLE, products.slice(0, 10))
    synced(client.get_index(index_name=INDEX))
    assert len(keys(other)) == 10
