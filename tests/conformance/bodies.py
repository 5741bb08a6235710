"""What is asked through every door: bodies of tests, each written once.

A body takes a door and names of its own, and asserts what is true of any door; the runner compares
what its verbs answered with what they answer in-process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.world import (
    BAD_TEXT,
    BROKEN,
    DIMENSION,
    ENDPOINT,
    LARGE,
    MANY,
    MODEL,
    SOURCE,
    TEXTS,
    VECTORS,
    WORDS,
    Names,
    vector_of,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Body:
    """A body, and what of a door's client it needs."""

    run: Callable[[Any, Names], None]
    needs: frozenset[str] = frozenset()


BODIES: dict[str, Body] = {}
Run = Callable[[Any, Names], None]


def body(*needs: str) -> Callable[[Run], Run]:
    def keep(run: Run) -> Run:
        BODIES[run.__name__] = Body(run, frozenset(needs))
        return run

    return keep


# ------------------------------------------------------------------ queries
NEAR = {"query_vector": vector_of(2), "columns": ["id", "price"], "num_results": 7}
FOUND = {"query_text": "red jeans", "columns": ["id", "title"], "num_results": 9}
BOTH = {**FOUND, "query_vector": vector_of(2), "query_type": "HYBRID"}
FULL = {**FOUND, "query_type": "FULL_TEXT"}
QUERIES: dict[str, tuple[str, Json]] = {
    "near": (VECTORS, NEAR),
    "near_with_integers": (VECTORS, {**NEAR, "query_vector": [1, 0, 0, 0, 0, 0, 0, 0]}),
    "threshold": (VECTORS, {**NEAR, "num_results": 40, "score_threshold": 0.3}),
    "no_row_passes": (VECTORS, {**NEAR, "filters": {"id": -1}}),
    "equal": (VECTORS, {**NEAR, "filters": {"title": "red shirt 0"}}),
    "any_of": (VECTORS, {**NEAR, "filters": {"id": [3, 17, 24]}}),
    "not_any_of": (VECTORS, {**NEAR, "filters": {"note NOT": ["cotton", "leather"]}}),
    "range": (VECTORS, {**NEAR, "filters": {"price >=": 20, "price <": 90.5}}),
    "like": (VECTORS, {**NEAR, "filters": {"title LIKE": "red"}}),
    "or": (VECTORS, {**NEAR, "filters": {"note OR price <=": ["cotton", 30]}}),
    "list_of_dicts": (VECTORS, {**NEAR, "filters": [{"price >": 5}, {"price >": 50}]}),
    "of_array": (VECTORS, {**NEAR, "filters": {"tags": ["t2"]}}),
    "of_boolean": (VECTORS, {**NEAR, "filters": {"in_stock": True}}),
    "of_time": (VECTORS, {**NEAR, "filters": {"seen_at >": "2024-01-01T12:00:00Z"}}),
    "of_date": (VECTORS, {**NEAR, "filters": {"added_on <=": "2024-01-09"}}),
    "empty_filter": (VECTORS, {**NEAR, "filters": {}}),
    "as_text": (VECTORS, {**NEAR, "filters": "price > 20 AND (note = 'cotton' OR id IN (17, 24))"}),
    "as_text_like": (VECTORS, {**NEAR, "filters": "title LIKE 'red%' AND in_stock IS TRUE"}),
    "as_text_null": (VECTORS, {**NEAR, "filters": "price IS NULL"}),
    "sorted": (VECTORS, {**NEAR, "sort_columns": ["note DESC", "price ASC"]}),
    "facets": (VECTORS, {**NEAR, "num_results": 20, "facets": ["note", "title TOP 2",
               "price BUCKETS [[0, 50], [50.5, 100]]", "in_stock"]}),
    "debug": (VECTORS, {**NEAR, "debug_level": 1}),
    "words": (VECTORS, FULL),
    "words_in_lower_case": (VECTORS, {**FULL, "query_type": "full_text"}),
    "words_of_a_column": (VECTORS, {**FULL, "query_columns": ["note"]}),
    "words_with_a_filter": (VECTORS, {**FULL, "filters": {"price <": 90}}),
    "words_with_facets": (VECTORS, {**FULL, "num_results": 2, "facets": ["note TOP 2"]}),
    "words_sorted": (VECTORS, {**FULL, "sort_columns": ["id DESC"]}),
    "no_word_is_found": (VECTORS, {**FULL, "query_text": "xylophone"}),
    "both": (VECTORS, BOTH),
    "both_with_a_threshold": (VECTORS, {**BOTH, "score_threshold": 0.5, "query_columns": ["title"]}),
    "reranked": (VECTORS, {**BOTH, "rerank": ["title", "note"]}),
    "reranked_near": (VECTORS, {**NEAR, "query_text": "leather", "query_type": "HYBRID",
                      "rerank": ["note"], "num_results": 3}),
    "encoded": (TEXTS, {"query_text": "leather", "columns": ["id", "note"], "num_results": 3}),
    "encoded_both": (TEXTS, {"query_text": "denim", "columns": ["id", "note"], "num_results": 5,
                     "query_type": "HYBRID"}),
    "storage_optimized": (WORDS, {**FULL, "columns": ["id", "title", "note"]}),
    "storage_optimized_as_text": (WORDS, {**FULL, "filters": "price < 30 AND note != 'cotton'"}),
}  # fmt: skip
EMPTY = {"no_row_passes", "no_word_is_found"}


def _query(title: str) -> Body:
    index, given = QUERIES[title]

    def ask(door: Any, names: Names) -> None:
        reply = door.search(index, **given)
        listed = [column["name"] for column in reply["manifest"]["columns"]]
        assert listed == [*given["columns"], "score"]
        rows = reply["result"].get("data_array", [])
        assert reply["result"]["row_count"] == len(rows) <= given["num_results"]
        assert (not rows) == (title in EMPTY)
        assert all(type(row[0]) is float for row in rows)  # integers are floats in the service

    needs = {"filter_string"} if isinstance(given.get("filters"), str) else set()
    needs |= {"debug_level"} & given.keys()
    return Body(ask, frozenset(needs))


BODIES |= {f"query_{title}": _query(title) for title in QUERIES}


@body()
def values_of_every_type(door: Any, names: Names) -> None:
    columns = [
        "id",
        "big",
        "title",
        "ratio",
        "in_stock",
        "tags",
        "sizes",
        "added_on",
        "seen_at",
        "v",
    ]
    reply = door.search(VECTORS, query_vector=vector_of(1), columns=columns, num_results=40)
    rows = {row[0]: row for row in reply["result"]["data_array"]}
    assert len(rows) == 40
    sent = zip(rows[10.0][9], vector_of(1), strict=True)
    assert all(type(mine) is float and abs(mine - its) < 1e-6 for mine, its in sent)
    assert rows[10.0][:9] == [
        10.0, 2.0**53 - 1, "blue jeans 1", rows[10.0][3], False, ["t1"], [1.0, 2.0],
        "2024-01-02", "2024-01-01T07:30:15",
    ]  # fmt: skip
    assert abs(rows[10.0][3] - 1 / 3) < 1e-7
    assert rows[10.0][-1] == 1.0
    assert [rows[7.0 * i + 3][c] for i, c in ((3, 1), (4, 2), (5, 4), (6, 5), (7, 8))] == [None] * 5
    assert rows[3.0][5] == []


@body()
def pages_are_joined(door: Any, names: Names) -> None:
    asked = {"query_vector": [1.0, 0.0], "columns": ["id"]}
    reply = door.search(MANY, **asked, num_results=2300)
    assert [row[0] for row in reply["result"]["data_array"]] == [float(i) for i in range(2300)]
    assert reply["result"]["row_count"] == 2300
    assert "next_page_token" not in reply
    filtered = door.search(MANY, **asked, num_results=1001, filters={"id >=": 100})
    assert [row[0] for row in filtered["result"]["data_array"]] == [*map(float, range(100, 1101))]


@body("pages_of_scan")
def a_scan_goes_through_all_rows(door: Any, names: Names) -> None:
    seen: list[float] = []
    given: Json = {}
    while found := door.scan(VECTORS, num_results=16, **given):
        page = found["data"]
        keys = [row["fields"][0]["value"]["number_value"] for row in page]
        seen += keys
        assert {field["key"] for field in page[0]["fields"]} >= {"id", "title", "v", "in_stock"}
        given = {"last_primary_key": str(int(keys[-1]))}
    assert seen == [7 * i + 3 for i in range(40)]
    assert found == {}, "clients loop until a page is empty"
    assert door.scan(MANY, num_results=1)["last_primary_key"] == "0"
    assert len(door.scan(WORDS)["data"]) == 8


# ------------------------------------------------------------------ writes
SCHEMA = {"id": "integer", "title": "string", "price": "double", "v": "array<float>"}
DIRECT: Json = {
    "primary_key": "id",
    "embedding_dimension": 2,
    "embedding_vector_column": "v",
    "schema": SCHEMA,
}
GOOD: list[Json] = [
    {"id": 1, "title": "red shirt", "price": 5.5, "v": [1.0, 0.0]},
    {"id": 2, "title": None, "price": 7, "v": [0.0, 1.0]},
    {"id": 3, "title": "jeans", "v": [0.6, 0.8]},
]


@body()
def rows_are_written_and_deleted(door: Any, names: Names) -> None:
    index = names.index()
    door.create_index(ENDPOINT, index, **DIRECT)
    asked = {"columns": ["id", "title", "price"], "query_vector": [1.0, 0.0], "num_results": 9}
    assert "data_array" not in door.search(index, **asked)["result"]
    assert door.upsert(index, GOOD) == {"status": "SUCCESS", "result": {"success_row_count": 3}}
    found = door.search(index, **asked)["result"]["data_array"]
    assert [row[:3] for row in found] == [
        [1.0, "red shirt", 5.5], [3.0, "jeans", None], [2.0, None, 7.0],
    ]  # fmt: skip
    bad = [{"id": 4, "v": [1.0]}, {"id": 5, "title": "new", "v": [1, 0]}, {"id": 6}]
    partial = door.upsert(index, bad)
    assert partial["status"] == "PARTIAL_SUCCESS"
    assert partial["result"] == {"success_row_count": 1, "failed_primary_keys": ["4", "6"]}
    failed = door.upsert(index, [{"id": 7, "v": "none"}])
    assert (failed["status"], failed["result"]["failed_primary_keys"]) == ("FAILURE", ["7"])
    assert door.delete_rows(index, [1, 2])["result"]["success_row_count"] == 2
    door.delete_rows(index, [99])
    assert [row[0] for row in door.search(index, **asked)["result"]["data_array"]] == [5.0, 3.0]
    door.delete_index(index)
    assert door.error_of(lambda: door.search(index, **asked)).status == 404


@body()
def texts_are_encoded_to_1024_numbers(door: Any, names: Names) -> None:
    index = names.index()
    door.create_index(
        ENDPOINT,
        index,
        primary_key="id",
        source_table_name=f"{SOURCE}_few",
        pipeline_type="TRIGGERED",
        embedding_source_column="note",
        embedding_model_endpoint_name=MODEL,
    )
    asked = {"columns": ["id", "note"], "num_results": 3}
    found = door.search(index, query_text="leather", **asked)["result"]["data_array"]
    assert {row[1] for row in found[:2]} == {"leather"}
    vector = [1.0] + [0.0] * 1023
    assert door.search(index, query_vector=vector, **asked)["result"]["row_count"] == 3
    short = door.error_of(lambda: door.search(index, query_vector=vector[:512], **asked))
    assert short.code is not None and "1024" in short.message


@body()
def an_index_follows_its_table(door: Any, names: Names) -> None:
    index = names.index()
    door.create_index(
        ENDPOINT,
        index,
        primary_key="id",
        source_table_name=SOURCE,
        pipeline_type="TRIGGERED",
        embedding_dimension=DIMENSION,
        embedding_vector_column="v",
        columns_to_sync=["title", "price"],
    )
    door.sync(index)
    reply = door.search(index, query_vector=vector_of(0), columns=["title"], num_results=3)
    assert reply["result"]["data_array"][0] == ["red shirt 0", 1.0]
    refused = door.error_of(lambda: door.search(index, query_vector=vector_of(0), columns=["note"]))
    assert (refused.status, refused.code) == (400, "BAD_REQUEST")
    door.delete_index(index)


@body("descriptions")
def a_sync_that_fails_is_told_by_the_description_alone(door: Any, names: Names) -> None:
    assert door.sync(BROKEN) == {}
    message = "The last sync failed, and what was there before is served."
    end = time.monotonic() + 60
    while not door.door.describe(BROKEN)["status"]["message"].startswith(message):
        assert time.monotonic() < end
    seen = door.describe(BROKEN)["status"]
    assert (seen["ready"], seen["indexed_row_count"]) == (True, 8)
    assert "note" in seen["message"]
    found = door.search(BROKEN, query_vector=vector_of(0), columns=["note"], num_results=9)
    assert found["result"]["row_count"] == 8


@body("descriptions")
def indexes_are_described_and_listed(door: Any, names: Names) -> None:
    door.create_endpoint(names.endpoint)
    made = door.create_index(names.endpoint, names.index("direct"), **DIRECT)
    assert made["index_type"] == "DIRECT_ACCESS"
    door.create_index(
        names.endpoint,
        names.index("synced"),
        primary_key="id",
        source_table_name=SOURCE,
        pipeline_type="TRIGGERED",
        embedding_source_column="note",
        embedding_model_endpoint_name=MODEL,
    )
    seen = door.describe(names.index("synced"))
    assert seen["status"]["ready"] is True
    assert seen["status"]["indexed_row_count"] == 40
    listed = door.list_indexes(names.endpoint)
    assert [index["name"] for index in listed] == [names.index("direct"), names.index("synced")]
    assert door.get_endpoint(names.endpoint)["num_indexes"] == 2
    for name in ("direct", "synced"):
        door.delete_index(names.index(name))
    assert door.list_indexes(names.endpoint) == []
    door.delete_endpoint(names.endpoint)


@body("descriptions")
def a_deleted_endpoint_leaves_its_indexes_behind(door: Any, names: Names) -> None:
    door.create_endpoint(names.endpoint)
    known = door.door.get_endpoint(names.endpoint)["id"]
    index = names.index()
    door.create_index(names.endpoint, index, **DIRECT)
    door.delete_endpoint(names.endpoint)
    for call in (
        lambda: door.door.describe(index),
        lambda: door.door.search(index, columns=["id"], query_vector=[1, 0]),
        lambda: door.door.upsert(index, GOOD),
        lambda: door.door.delete_index(index),
    ):
        refused = door.door.error_of(call)
        assert (refused.status, refused.code) == (404, NONE)
        assert f"endpoint {known} not found" in refused.message
    door.create_endpoint(names.endpoint)
    assert door.list_indexes(names.endpoint) == []
    door.create_index(names.endpoint, index, **DIRECT)
    door.delete_index(index)
    door.delete_endpoint(names.endpoint)


@body("descriptions")
def standing_indexes_are_described(door: Any, names: Names) -> None:
    for index in (VECTORS, TEXTS, WORDS, MANY):
        assert door.describe(index)["name"] == index
    assert door.describe(WORDS)["index_subtype"] == "FULL_TEXT"


@body("descriptions")
def an_endpoint_lives(door: Any, names: Names) -> None:
    made = door.create_endpoint(names.endpoint, "STANDARD")
    assert made["endpoint_status"]["state"] == "PROVISIONING"
    assert door.get_endpoint(names.endpoint)["endpoint_status"]["state"] == "ONLINE"
    assert names.endpoint in [endpoint["name"] for endpoint in door.door.list_endpoints()]
    changed = door.update_endpoint(names.endpoint, target_qps=7)
    assert changed["scaling_info"]["requested_target_qps"] == 7
    index = names.index()
    door.create_index(names.endpoint, index, **DIRECT)
    assert door.stop_endpoint(names.endpoint)["endpoint_status"]["state"] == "STOPPING"
    assert door.get_endpoint(names.endpoint)["endpoint_status"]["state"] == "STOPPED"
    asked = {"columns": ["id"], "query_vector": [1, 0]}
    stopped = door.error_of(lambda: door.search(index, **asked))
    assert (stopped.status, stopped.code) == (400, "BAD_REQUEST")
    door.error_of(lambda: door.upsert(index, GOOD))
    assert door.start_endpoint(names.endpoint)["endpoint_status"]["state"] == "STARTING"
    assert door.search(index, **asked)["result"]["row_count"] == 0
    door.delete_index(index)
    door.delete_endpoint(names.endpoint)
    assert door.error_of(lambda: door.get_endpoint(names.endpoint)).status == 404


# ------------------------------------------------------------------ refusals
Refusal = tuple[int, str, str, Callable[[Any, Names], object]]
BAD, INVALID, NONE, TAKEN = (
    "BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS",
)  # fmt: skip


def _near(**changed: Any) -> Callable[[Any, Names], object]:
    return lambda door, names: door.search(VECTORS, **{**NEAR, **changed})


def _on(index: str, **given: Any) -> Callable[[Any, Names], object]:
    return lambda door, names: door.search(index, **{"columns": ["id"], "num_results": 3, **given})


REFUSALS: dict[str, Refusal] = {
    "missing_columns": (400, BAD, "Requested columns to fetch are not present in index: x,y",
                        _near(columns=["id", "x", "y"])),
    "score_as_a_column": (400, BAD, "Requested columns to fetch are not present in index: score",
                          _near(columns=["score"])),
    "operator": (400, BAD, "Invalid operator used in filter: id IN", _near(filters={"id IN": [1]})),
    "trailing_blank": (400, BAD, "Invalid operator used in filter: price <= ",
                       _near(filters={"price <= ": 5})),
    "filter_column": (400, BAD, "", _near(filters={"colour": 1})),
    "filter_value": (400, "", "", _near(filters={"price <": "cheap"})),
    "sort_column": (400, BAD, "", _near(sort_columns=["colour ASC"])),
    "sort_order": (400, "", "", _near(sort_columns=["price UPWARDS"])),
    "facet_column": (400, BAD, "", _near(facets=["colour"])),
    "facet_form": (400, "", "", _near(facets=["note TOP 0"])),
    "dimension": (400, INVALID, "", _near(query_vector=[1.0, 0.0])),
    "zero_results": (400, INVALID, "", _near(num_results=0)),
    "too_many_results": (400, INVALID, "", _near(num_results=10_001)),
    "too_many_words": (400, INVALID, "", _on(VECTORS, query_type="FULL_TEXT", query_text="red",
                                             num_results=201)),
    "no_input": (400, INVALID, "", _on(VECTORS)),
    "text_without_model": (400, INVALID, f"query vector must be specified for index {VECTORS} as ",
                           _on(VECTORS, query_text="red")),
    "words_without_text": (400, INVALID, "", _near(query_type="FULL_TEXT")),
    "query_type": (400, INVALID, "", _near(query_type="CLOSEST")),
    "no_columns": (400, "", "", _near(columns=[])),
    "repeated_columns": (400, "", "", _near(columns=["id", "id"])),
    "near_on_words": (400, INVALID, "", _on(WORDS, query_text="red")),
    "rerank_column": (400, "", "", _on(VECTORS, query_text="red", query_type="FULL_TEXT",
                                       rerank=["colour"])),
    "failing_model": (400, INVALID, "Failed to call Model Serving endpoint. Error message:\n{",
                      _on(f"{TEXTS}_failing", query_text=BAD_TEXT)),
    "no_index": (404, NONE, "", lambda door, names: door.search("a.b.none", **NEAR)),
    "no_endpoint_for_an_index": (404, NONE, "", lambda door, names: door.create_index(
        "nowhere", names.index(), **DIRECT)),
    "index_name": (400, INVALID, "Invalid index name. Must specify the full index name",
                   lambda door, names: door.create_index(ENDPOINT, "no-index", **DIRECT)),
    "index_taken": (409, TAKEN, f"Vector search index with name {MANY} already exists",
                    lambda door, names: door.create_index(ENDPOINT, MANY, **DIRECT)),
    "key_not_in_schema": (400, INVALID, "", lambda door, names: door.create_index(
        ENDPOINT, names.index(), **{**DIRECT, "primary_key": "key"})),
    "no_table": (404, "", "", lambda door, names: door.create_index(
        ENDPOINT, names.index(), primary_key="id", source_table_name="a.b.none",
        pipeline_type="TRIGGERED", embedding_dimension=2, embedding_vector_column="v")),
    "words_on_standard": (400, INVALID, "", lambda door, names: door.create_index(
        ENDPOINT, names.index(), primary_key="id", source_table_name=SOURCE,
        pipeline_type="TRIGGERED", index_subtype="FULL_TEXT")),
    "continuous_on_storage_optimized": (400, INVALID, "", lambda door, names: door.create_index(
        LARGE, names.index(), primary_key="id", source_table_name=SOURCE,
        pipeline_type="CONTINUOUS", index_subtype="FULL_TEXT")),
    "upsert_to_delta_sync": (400, INVALID, "", lambda door, names: door.upsert(VECTORS, GOOD)),
    "delete_from_delta_sync": (400, INVALID, "", lambda door, names: door.delete_rows(VECTORS, [1])),
    "sync_of_direct_access": (400, INVALID, "", lambda door, names: door.sync(MANY)),
    "row_without_key": (400, "", "", lambda door, names: door.upsert(MANY, [{"v": [1.0, 0.0]}])),
}  # fmt: skip
REFUSED_ENDPOINTS: dict[str, Refusal] = {
    "no_endpoint": (404, NONE, "Vector search endpoint nowhere not found",
                    lambda door, names: door.get_endpoint("nowhere")),
    "no_endpoint_to_delete": (404, NONE, "", lambda door, names: door.delete_endpoint("nowhere")),
    "no_endpoint_to_stop": (404, NONE, "", lambda door, names: door.stop_endpoint("nowhere")),
    "no_endpoint_to_list": (404, NONE, "", lambda door, names: door.list_indexes("nowhere")),
    "endpoint_taken": (409, TAKEN, f"Vector search endpoint with name {ENDPOINT} already exists",
                       lambda door, names: door.create_endpoint(ENDPOINT)),
    "endpoint_name": (400, INVALID, "AI Search endpoint name  must contain less than 50",
                      lambda door, names: door.create_endpoint("Not_A_Name!")),
    "qps_on_storage_optimized": (400, INVALID, "",
                                 lambda door, names: door.update_endpoint(LARGE, target_qps=5)),
    "scan_of_no_index": (404, NONE, "", lambda door, names: door.scan("a.b.none")),
    "description_of_no_index": (404, NONE, "", lambda door, names: door.describe("a.b.none")),
    "scan_of_too_few": (400, INVALID, "", lambda door, names: door.scan(MANY, num_results=-1)),
}  # fmt: skip


def _refusal(refused: Refusal, *needs: str) -> Body:
    status, code, message, call = refused

    def ask(door: Any, names: Names) -> None:
        error = door.error_of(lambda: call(door.door, names))
        assert error.status == status, error
        assert error.code == (code or error.code)
        assert error.message.startswith(message)

    return Body(ask, frozenset(needs))


BODIES |= {f"refusal_{title}": _refusal(refused) for title, refused in REFUSALS.items()}
BODIES |= {
    f"refusal_{title}": _refusal(refused, "descriptions")
    for title, refused in REFUSED_ENDPOINTS.items()
}
BODIES["refusal_page_token"] = _refusal(
    (400, INVALID, "Invalid page token: T, please use the page token returned from previous page.",
     lambda door, names: door.next_page(MANY, "T")),
    "next_page",
)  # fmt: skip
