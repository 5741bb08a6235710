"""The REST API without a transport: every route, every refusal, and no request that breaks it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest import catalogue_cases

from engine import Workspace
from engine.doors.rest import ROUTES, handle
from engine.doors.rest.routing import EndpointNotFound, Routes, answer, find_route
from engine.service.warehouse.warehouse import WAREHOUSE_ID

VS = "/api/2.0/vector-search"
AI = "/api/2.0/ai-search/workspaces/1/endpoints"
SERVING = "/api/2.0/serving-endpoints"
ACL = "/api/2.0/permissions/vector-search-endpoints/shop"
DIRECT, SYNCED = "a.b.direct", "a.b.synced"
SCHEMA = {"id": "integer", "title": "string", "price": "double", "v": "array<float>"}
ROWS = [
    {"id": 1, "title": "red shirt", "price": 5.0, "v": [1.0, 0.0]},
    {"id": 2, "title": "blue jeans", "price": 50.0, "v": [0.0, 1.0]},
    {"id": 3, "title": "red jeans", "price": 500.0, "v": [0.6, 0.8]},
]
TABLE = "main.fashion_demo.items"
VECTORS = [{"name": "v", "embedding_dimension": 2}]
ASK = {"columns": ["id"], "query_vector": [1.0, 0.0]}
NEW_DIRECT = {
    "index_type": "DIRECT_ACCESS",
    "primary_key": "id",
    "direct_access_index_spec": {
        "embedding_vector_columns": VECTORS,
        "schema_json": json.dumps(SCHEMA),
    },
}
NEW_SYNCED = {
    "index_type": "DELTA_SYNC",
    "primary_key": "id",
    "delta_sync_index_spec": {
        "source_table": TABLE,
        "pipeline_type": "TRIGGERED",
        "embedding_vector_columns": VECTORS,
    },
}

Json = dict[str, Any]


def make_world(folder: Path) -> Workspace:
    """An endpoint with a direct access index of three rows and a delta sync index of the same."""
    made = Workspace(folder)
    made.create_endpoint("shop")
    made.create_endpoint("empty")
    made.create_serving_endpoint("served", "hashed", "flat")
    made.create_direct_access_index(
        DIRECT, dimension=2, vector_column="v", schema=SCHEMA, primary_key="id", endpoint="shop"
    )
    made.upsert(DIRECT, ROWS)
    made.write_table(TABLE, pa.Table.from_pylist(ROWS))
    made.create_index(
        SYNCED,
        source_table=TABLE,
        vector_column="v",
        primary_key="id",
        endpoint="shop",
        dimension=2,
    )
    catalogue_cases.fill(made)
    return made


@pytest.fixture
def world(tmp_path: Path) -> Workspace:
    return make_world(tmp_path / "workspace")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same world for tests that only read it, or don't care what is in it."""
    return make_world(tmp_path_factory.mktemp("rest"))


def ok(workspace: Workspace, method: str, path: str, body: object = None, **query: object) -> Json:
    status, reply = handle(workspace, method, path, query, body)
    assert status == 200, reply
    return reply


def refused(
    workspace: Workspace, method: str, path: str, body: object = None, **query: object
) -> tuple[int, str, str]:
    """Status, code and message of a refusal, whose body has the API's form."""
    status, reply = handle(workspace, method, path, query, body)
    assert status >= 400, reply
    assert set(reply) == {"error_code", "message", "details"}
    assert reply["details"][0]["@type"] == "type.googleapis.com/google.rpc.RequestInfo"
    assert reply["details"][0]["request_id"]
    return status, reply["error_code"], reply["message"]


# ------------------------------------------------------------------ every route
def ids(reply: Json) -> list[float]:
    return [row[0] for row in reply["result"]["data_array"]]


def named(name: str) -> Callable[[Json], bool]:
    return lambda reply: reply["name"] == name


def is_empty(reply: Json) -> bool:
    return reply == {}


def first_is_1(reply: Json) -> bool:
    return ids(reply)[0] == 1 and reply["result"]["row_count"] == 3


def wrote_one(reply: Json) -> bool:
    return reply == {"status": "SUCCESS", "result": {"success_row_count": 1}}


Case = tuple[str, str, object, dict[str, object], Callable[[Json], bool]]
ONE_ROW = {"inputs_json": json.dumps([{**ROWS[0], "id": 4}])}
ENDPOINT_CASES: list[Case] = [
    ("POST", f"{VS}/endpoints", {"name": "e", "endpoint_type": "STANDARD", "target_qps": 5}, {},
     lambda r: r["scaling_info"]["requested_target_qps"] == 5),
    ("GET", f"{VS}/endpoints", None, {},
     lambda r: [e["name"] for e in r["endpoints"]] == ["empty", "shop"]),
    ("GET", f"{VS}/endpoints/shop", None, {}, lambda r: r["num_indexes"] == 2),
    ("DELETE", f"{VS}/endpoints/empty", None, {}, is_empty),
    ("PATCH", f"{VS}/endpoints/shop", {"target_qps": 7}, {},
     lambda r: r["scaling_info"]["requested_target_qps"] == 7),
    ("PATCH", f"{VS}/endpoints/shop/budget-policy", {"budget_policy_id": "p"}, {},
     lambda r: r == {"budget_policy_id": "p", "effective_budget_policy_id": "p"}),
    ("PATCH", f"{VS}/endpoints/shop/tags", {"custom_tags": [{"key": "k", "value": "v"}]}, {},
     lambda r: r == {"name": "shop", "custom_tags": [{"key": "k", "value": "v"}]}),
    ("POST", f"{VS}/endpoints/shop/stop", None, {},
     lambda r: r["endpoint_status"]["state"] == "STOPPING"),
    ("POST", f"{VS}/endpoints/shop/start", {}, {},
     lambda r: r["endpoint_status"]["state"] == "ONLINE"),
    ("POST", f"{VS}/endpoints/shop/metrics",
     {"metrics": [{"name": "qps"}], "start_time": "2026-01-01T00:00:00Z",
      "end_time": "2026-01-02T00:00:00", "granularity_in_seconds": 60}, {},
     lambda r: r == {"metric_values": [{"metric": {"name": "qps"}, "values": []}]}),
    ("GET", ACL, None, {}, lambda r: len(r["access_control_list"]) == 1),
    ("PUT", ACL, {"access_control_list": [{"group_name": "g", "permission_level": "CAN_USE"}]}, {},
     lambda r: [e["group_name"] for e in r["access_control_list"]] == ["g"]),
    ("PATCH", ACL, {"access_control_list": [{"group_name": "g", "permission_level": "CAN_USE"}]},
     {}, lambda r: len(r["access_control_list"]) == 2),
    ("GET", f"{ACL}/permissionLevels", None, {},
     lambda r: "CAN_USE" in {level["permission_level"] for level in r["permission_levels"]}),
    ("GET", SERVING, None, {},
     lambda r: "databricks-gte-large-en" in {e["name"] for e in r["endpoints"]}),
    ("GET", f"{SERVING}/databricks-gte-large-en", None, {},
     lambda r: r["route_optimized"] is False),
    ("POST", SERVING, {"name": "made", "config": {"served_entities": [{"entity_name": "hashed"}]}},
     {}, lambda r: r["state"]["ready"] == "READY" and r["config"]["config_version"] == 1),
    ("PUT", f"{SERVING}/served/config", {"output": "vectors"}, {},
     lambda r: r["config"]["output"] == "vectors" and r["config"]["config_version"] == 2),
    ("PATCH", f"{SERVING}/served/tags", {"add_tags": [{"key": "a"}]}, {},
     lambda r: r == {"tags": [{"key": "a", "value": ""}]}),
    ("GET", f"{SERVING}/served/openapi", None, {},
     lambda r: list(r["paths"]) == ["/serving-endpoints/served/invocations"]),
    ("POST", "/serving-endpoints/served/invocations", {"inputs": ["red"]}, {},
     lambda r: isinstance(r["predictions"][0], float)),
    ("DELETE", f"{SERVING}/served", None, {}, lambda r: r == {}),
]  # fmt: skip


def index_cases(base: str, under: bool) -> list[Case]:
    """The operations of indexes at one of the two addresses."""
    place = {} if under else {"endpoint_name": "shop"}
    cases: list[Case] = [
        ("POST", base, {"name": "a.b.new", **NEW_DIRECT, **place}, {}, named("a.b.new")),
        ("GET", base, None, place,
         lambda r: [i["name"] for i in r["vector_indexes"]] == [DIRECT, SYNCED]),
        ("GET", f"{base}/{DIRECT}", None, {"ensure_reranker_compatible": "true"}, named(DIRECT)),
        ("DELETE", f"{base}/{DIRECT}", None, {}, is_empty),
        ("PATCH", f"{base}/{SYNCED}", {"name": SYNCED, "payload_logging_enabled": True},
         {"update_mask": "payload_logging_enabled"},
         lambda r: r["payload_logging_enabled"] is True),
        ("PATCH", f"{base}/{SYNCED}/usage-policy", {"usage_policy_id": "p"}, {}, is_empty),
        ("POST", f"{base}/{SYNCED}/sync", None, {}, is_empty),
        ("POST", f"{base}/{DIRECT}/upsert-data", ONE_ROW, {}, wrote_one),
        ("DELETE", f"{base}/{DIRECT}/delete-data", {"primary_keys": [1]}, {}, wrote_one),
    ]  # fmt: skip
    for method in ("GET", "POST"):
        cases += [
            (method, f"{base}/{DIRECT}/query", ASK, {}, first_is_1),
            (method, f"{base}/{DIRECT}/scan", {"num_results": 2}, {},
             lambda r: len(r["data"]) == 2 and r["last_primary_key"] == "2"),
        ]  # fmt: skip
    return cases


AI_INDEX = f"{AI}/shop/indexes/{DIRECT}"
AI_CASES: list[Case] = [
    ("POST", AI, {"endpoint_type": "STANDARD", "custom_tags": [{"key": "k"}]},
     {"endpoint_id": "e"}, named("workspaces/1/endpoints/e")),
    ("GET", AI, None, {}, lambda r: len(r["endpoints"]) == 2),
    ("GET", f"{AI}/shop", None, {},
     lambda r: r["index_count"] == 2 and r["create_time"].endswith("Z")),
    ("DELETE", f"{AI}/empty", None, {}, is_empty),
    ("DELETE", f"{AI}/shop", None, {}, is_empty),
    ("PATCH", f"{AI}/shop", {"endpoint_type": "STANDARD", "target_qps": 3},
     {"update_mask": "targetQps"}, lambda r: r["target_qps"] == 3),
    ("POST", f"{AI}/shop/indexes", NEW_SYNCED, {"index_id": "a.b.new"},
     named("workspaces/1/endpoints/shop/indexes/a.b.new")),
    ("GET", f"{AI}/shop/indexes", None, {}, lambda r: len(r["indexes"]) == 2),
    ("GET", AI_INDEX, None, {}, lambda r: r["endpoint"] == "workspaces/1/endpoints/shop"),
    ("DELETE", AI_INDEX, None, {}, is_empty),
    ("POST", f"{AI_INDEX}:query", {**ASK, "max_results": 2}, {}, lambda r: ids(r) == [1, 3]),
    ("POST", f"{AI_INDEX}:scan", {"page_size": 1}, {},
     lambda r: r["data"] == [{**ROWS[0]}] and r["next_page_token"] != ""),
    ("POST", f"{AI_INDEX}:upsertData", ONE_ROW, {}, wrote_one),
    ("POST", f"{AI_INDEX}:removeData", {"primary_keys": ["1"]}, {}, wrote_one),
    ("POST", f"{AI}/shop/indexes/{SYNCED}:sync", {}, {}, is_empty),
]  # fmt: skip
WAREHOUSE = f"/api/2.0/sql/warehouses/{WAREHOUSE_ID}"
SQL_ACL = f"/api/2.0/permissions/warehouses/{WAREHOUSE_ID}"
GRANT = {"access_control_list": [{"group_name": "g", "permission_level": "CAN_USE"}]}
SQL_CASES: list[Case] = [
    ("POST", "/api/2.0/sql/statements", {"statement": "SELECT 1", "warehouse_id": "any"}, {},
     lambda r: r["result"]["data_array"] == [["1"]]),
    ("POST", "/api/2.0/sql/sessions", {"warehouse_id": "any", "schema": "s"}, {},
     lambda r: len(r["session_id"]) > 8),
    ("DELETE", "/api/2.0/sql/sessions/1", {"warehouse_id": "any", "session_id": "1"}, {}, is_empty),
    ("GET", "/api/2.0/sql/warehouses", None, {}, lambda r: len(r["warehouses"]) == 1),
    ("GET", WAREHOUSE, None, {}, lambda r: r["state"] == "RUNNING"),
    ("POST", f"{WAREHOUSE}/stop", {}, {}, is_empty),
    ("POST", f"{WAREHOUSE}/start", {}, {}, is_empty),
    ("GET", SQL_ACL, None, {}, lambda r: len(r["access_control_list"]) == 1),
    ("PUT", SQL_ACL, GRANT, {}, lambda r: len(r["access_control_list"]) == 1),
    ("PATCH", SQL_ACL, GRANT, {}, lambda r: len(r["access_control_list"]) == 2),
    ("GET", f"{SQL_ACL}/permissionLevels", None, {}, lambda r: len(r["permission_levels"]) == 5),
]  # fmt: skip
SQL_PARTS = {"statement_id": "1", "chunk_index": "0", "session_id": "1", "warehouse_id": "1"}
CASES = [
    *ENDPOINT_CASES,
    *SQL_CASES,
    *catalogue_cases.CASES,
    *index_cases(f"{VS}/indexes", False),
    *index_cases(f"{VS}/endpoints/shop/indexes", True),
    *AI_CASES,
]


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "holds"), CASES, ids=[f"{c[0]} {c[1]}" for c in CASES]
)
def test_a_route_answers(
    world: Workspace,
    method: str,
    path: str,
    body: object,
    query: dict[str, object],
    holds: Callable[[Json], bool],
) -> None:
    status, reply = handle(world, method, path, query, body)
    assert status == 200, reply
    assert holds(reply), reply
    json.dumps(reply, allow_nan=False)


def test_every_route_has_a_case() -> None:
    tried = {(c[0], find_route(ROUTES, c[0], c[1])[0].template) for c in CASES}
    pages = {(r.method, r.template) for r in ROUTES if r.template.endswith("query-next-page")}
    # What needs the id of a statement that runs: tests/sql/test_statement_api.py.
    of_one = {(r.method, r.template) for r in ROUTES if "/statements/" in r.template}
    assert {(route.method, route.template) for route in ROUTES} == tried | pages | of_one


def test_a_route_is_in_the_table_once() -> None:
    places = [(route.method, route.template) for route in ROUTES]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.template}")
def test_a_route_says_what_it_takes(route: Any) -> None:
    assert route.summary.endswith(".")
    assert route.name.islower()
    names = [field.name for field in (*route.body, *route.query) if not field.ignored]
    assert len({f.name for f in route.body}) == len(route.body)
    assert all(names)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("base", [f"{VS}/indexes", f"{VS}/endpoints/shop/indexes"])
def test_pages_follow_each_other(world: Workspace, method: str, base: str) -> None:
    more = [{**ROWS[0], "id": key, "v": [1.0, key / 1000]} for key in range(1, 1501)]
    world.upsert(DIRECT, more)
    first = ok(world, "POST", f"{base}/{DIRECT}/query", {**ASK, "num_results": 1200})
    body = {"page_token": first["next_page_token"], "endpoint_name": "shop"}
    second = ok(world, method, f"{base}/{DIRECT}/query-next-page", body)
    assert [len(ids(page)) for page in (first, second)] == [1000, 200]
    assert ids(first) + ids(second) == list(range(1, 1201))
    assert not second["next_page_token"]
    joined = ok(world, "POST", f"{AI_INDEX}:query", {**ASK, "max_results": 1200})
    assert ids(joined) == list(range(1, 1201))
    assert "next_page_token" not in joined


def test_a_stopped_endpoint_serves_again_when_it_is_started(world: Workspace) -> None:
    ok(world, "POST", f"{VS}/endpoints/shop/stop")
    assert refused(world, "POST", f"{VS}/indexes/{DIRECT}/query", ASK)[:2] == (400, "BAD_REQUEST")
    started = ok(world, "POST", f"{VS}/endpoints/shop/start", {})
    assert started["endpoint_status"]["state"] == "STARTING"
    assert first_is_1(ok(world, "POST", f"{VS}/indexes/{DIRECT}/query", ASK))


# ------------------------------------------------------------------ what is sent, and how
def test_the_services_default_is_ten_rows(world: Workspace) -> None:
    world.upsert(DIRECT, [{**ROWS[0], "id": key} for key in range(20)])
    assert len(ids(ok(world, "POST", f"{VS}/indexes/{DIRECT}/query", ASK))) == 10


def test_filters_come_as_json_text_or_as_text_and_are_joined(standing: Workspace) -> None:
    path = f"{VS}/indexes/{DIRECT}/query"
    cheap = {**ASK, "filters_json": json.dumps({"price <": 100})}
    assert ids(ok(standing, "POST", path, cheap)) == [1, 2]
    listed = {**ASK, "filters_json": json.dumps([{"price <": 100}, {"id": 2}])}
    assert ids(ok(standing, "POST", path, listed)) == [2]
    both = {**cheap, "filter_string": "id = 2"}
    assert ids(ok(standing, "POST", path, both)) == [2]


@pytest.mark.parametrize("absent", [None, "", "null", "{}", "[]"])
def test_an_empty_filter_is_none(standing: Workspace, absent: str | None) -> None:
    body = {**ASK, "filters_json": absent, "filter_string": None}
    assert first_is_1(ok(standing, "POST", f"{VS}/indexes/{DIRECT}/query", body))


def test_fields_that_the_service_ignores_are_ignored(standing: Workspace) -> None:
    body = {
        **ASK,
        "filters": {"id": 2},
        "endpoint_name": "other",
        "query_experiment_config": {"a": 1},
        "query_source": 5,
    }
    assert first_is_1(ok(standing, "POST", f"{VS}/indexes/{DIRECT}/query", body))


@pytest.mark.parametrize(
    "path",
    [
        f"/{VS}/indexes/{DIRECT}",
        f"//api//2.0/vector-search/indexes//{DIRECT}/",
        f"{VS}/indexes/a%2Eb%2Edirect",
    ],
)
def test_an_address_is_read_kindly(standing: Workspace, path: str) -> None:
    assert ok(standing, "GET", path)["name"] == DIRECT


@pytest.mark.parametrize("as_sent", [json.dumps, lambda body: json.dumps(body).encode(), dict])
def test_a_body_comes_as_text_bytes_or_values(
    standing: Workspace, as_sent: Callable[[Json], object]
) -> None:
    assert first_is_1(ok(standing, "GET", f"{VS}/indexes/{DIRECT}/query", as_sent(ASK)))


def test_keys_to_delete_come_in_the_body_or_as_repeated_parameters(world: Workspace) -> None:
    path = f"{VS}/indexes/{DIRECT}/delete-data"
    handle(world, "DELETE", path, {"primary_keys": ["1", "2"]})
    left = ok(world, "POST", f"{VS}/indexes/{DIRECT}/query", ASK)
    assert ids(left) == [3]
    handle(world, "DELETE", path, {"primary_keys": "3"})
    assert ok(world, "GET", f"{VS}/indexes/{DIRECT}")["status"]["indexed_row_count"] == 0


def test_a_scan_goes_on_behind_the_last_key(standing: Workspace) -> None:
    path = f"{VS}/indexes/{DIRECT}/scan"
    first = ok(standing, "POST", path, {"num_results": 2})
    rest = ok(standing, "GET", path, {"last_primary_key": first["last_primary_key"]})
    keys = [row["fields"][0]["value"]["number_value"] for row in first["data"] + rest["data"]]
    assert keys == [1, 2, 3]
    assert ok(standing, "GET", path, {"last_primary_key": rest["last_primary_key"]}) == {}


def test_a_scan_takes_its_arguments_from_the_address_too(standing: Workspace) -> None:
    path = f"{VS}/indexes/{DIRECT}/scan"
    reply = ok(standing, "GET", path, num_results="1", last_primary_key="1")
    assert reply["last_primary_key"] == "2"
    both = ok(standing, "GET", path, {"num_results": 2}, num_results="1")
    assert len(both["data"]) == 2, "the body counts"


def test_a_scan_of_the_newer_dialect_goes_on_by_its_token(standing: Workspace) -> None:
    found: list[Any] = []
    token = ""
    for _ in range(5):
        page = ok(standing, "POST", f"{AI_INDEX}:scan", {"page_size": 2, "page_token": token})
        if not page:
            break
        found += page["data"]
        token = page["next_page_token"]
    assert found == ROWS


def test_an_update_mask_changes_all_that_it_names(world: Workspace) -> None:
    changed = ok(
        world,
        "PATCH",
        f"{AI}/shop",
        {"budget_policy_id": "p", "custom_tags": [{"key": "k", "value": "v"}], "target_qps": 4},
        update_mask="budgetPolicyId,custom_tags",
    )
    assert changed["budget_policy_id"] == "p"
    assert changed["custom_tags"] == [{"key": "k", "value": "v"}]
    assert "target_qps" not in changed


# ------------------------------------------------------------------ refusals
QUERY = f"{VS}/indexes/{DIRECT}/query"
REFUSED: list[tuple[str, str, object, dict[str, object], int, str, str]] = [
    # The table of errors that the API is known for.
    ("POST", QUERY, {**ASK, "columns": ["x", "y"]}, {}, 400, "BAD_REQUEST",
     "Requested columns to fetch are not present in index: x,y"),
    ("POST", QUERY, {**ASK, "columns": ["score"]}, {}, 400, "BAD_REQUEST", "score"),
    ("POST", QUERY, {**ASK, "filters_json": '{"id IN": 1}'}, {}, 400, "BAD_REQUEST",
     "Invalid operator used in filter: id IN"),
    ("POST", f"{QUERY}-next-page", {"page_token": "T"}, {}, 400, "INVALID_PARAMETER_VALUE",
     "Invalid page token: T, please use the page token returned from previous page."),
    ("POST", f"{VS}/indexes", {"name": "a.b", "endpoint_name": "shop", **NEW_DIRECT}, {}, 400,
     "INVALID_PARAMETER_VALUE", "Invalid index name."),
    ("POST", f"{VS}/endpoints", {"name": "A!"}, {}, 400, "INVALID_PARAMETER_VALUE",
     "AI Search endpoint name"),
    ("POST", f"{VS}/endpoints", {"name": "shop"}, {}, 409, "RESOURCE_ALREADY_EXISTS",
     "Vector search endpoint with name shop already exists"),
    ("POST", f"{VS}/indexes", {"name": DIRECT, "endpoint_name": "shop", **NEW_DIRECT}, {}, 409,
     "RESOURCE_ALREADY_EXISTS", f"Vector search index with name {DIRECT} already exists"),
    ("GET", f"{VS}/endpoints/nowhere", None, {}, 404, "RESOURCE_DOES_NOT_EXIST", "nowhere"),
    ("GET", f"{VS}/indexes/a.b.nothing", None, {}, 404, "RESOURCE_DOES_NOT_EXIST", "a.b.nothing"),
    ("GET", f"{VS}/endpoints/empty/indexes/{DIRECT}", None, {}, 404, "RESOURCE_DOES_NOT_EXIST",
     "empty"),
    ("POST", f"{VS}/endpoints/empty/indexes/{DIRECT}/query", ASK, {}, 404,
     "RESOURCE_DOES_NOT_EXIST", "empty"),
    ("POST", f"{QUERY}-next-page", {"page_token": "T", "endpoint_name": "empty"}, {}, 404,
     "RESOURCE_DOES_NOT_EXIST", "empty"),
    ("POST", f"{VS}/indexes/{DIRECT}/scan", {"endpoint_name": "empty"}, {}, 404,
     "RESOURCE_DOES_NOT_EXIST", "empty"),
    ("GET", f"{VS}/indexes/{DIRECT}", None, {"ensure_reranker_compatible": "perhaps"}, 400,
     "INVALID_PARAMETER_VALUE", "ensure_reranker_compatible"),
    ("GET", f"{SERVING}/nothing-here", None, {}, 404, "RESOURCE_DOES_NOT_EXIST", ""),
    ("POST", QUERY, {**ASK, "query_vector": [1.0]}, {}, 400, "INVALID_PARAMETER_VALUE", "1"),
    ("POST", QUERY, {"columns": ["id"]}, {}, 400, "INVALID_PARAMETER_VALUE",
     "query vector must be specified"),
    ("POST", QUERY, {"columns": ["id"], "query_text": "x"}, {}, 400, "INVALID_PARAMETER_VALUE",
     "query vector must be specified"),
    ("POST", QUERY, {**ASK, "num_results": 0}, {}, 400, "INVALID_PARAMETER_VALUE", "num_results"),
    ("POST", QUERY, {**ASK, "num_results": 10_001}, {}, 400, "INVALID_PARAMETER_VALUE", "10000"),
    ("POST", QUERY, {**ASK, "filters_json": '{"colour": 1}'}, {}, 400, "BAD_REQUEST", "colour"),
    ("POST", QUERY, {**ASK, "sort_columns": ["colour ASC"]}, {}, 400, "BAD_REQUEST", "colour"),
    ("POST", QUERY, {**ASK, "facets": ["colour"]}, {}, 400, "BAD_REQUEST", "colour"),
    ("POST", f"{VS}/indexes/{DIRECT}/upsert-data", {"inputs_json": "{}"}, {}, 400,
     "INVALID_PARAMETER_VALUE", "inputs_json"),
    ("POST", f"{VS}/indexes/{DIRECT}/upsert-data", {"inputs_json": "[NaN"}, {}, 400,
     "INVALID_PARAMETER_VALUE", "inputs_json"),
    ("POST", f"{VS}/indexes/{SYNCED}/upsert-data", ONE_ROW, {}, 400, "INVALID_PARAMETER_VALUE",
     "Direct Vector Access Index"),
    ("DELETE", f"{VS}/indexes/{SYNCED}/delete-data", {"primary_keys": ["1"]}, {}, 400,
     "INVALID_PARAMETER_VALUE", "Direct Vector Access Index"),
    ("POST", f"{VS}/indexes/{DIRECT}/sync", {}, {}, 400, "INVALID_PARAMETER_VALUE", "Delta Sync"),
    # Requests that can't be read.
    ("POST", QUERY, '{"columns": ', {}, 400, "MALFORMED_REQUEST", "JSON"),
    ("POST", QUERY, b"\xff\xfe", {}, 400, "MALFORMED_REQUEST", "JSON"),
    ("POST", QUERY, '{"columns": ["id"], "query_vector": [NaN, 1]}', {}, 400, "MALFORMED_REQUEST",
     "not JSON"),
    ("POST", QUERY, "[" * 100_000, {}, 400, "MALFORMED_REQUEST", "JSON"),
    ("POST", QUERY, [1], {}, 400, "MALFORMED_REQUEST", "object"),
    ("GET", f"{VS}/endpoints", None, {"page_token": "T"}, 400, "INVALID_PARAMETER_VALUE",
     "Invalid page token: T,"),
    # Values of another kind.
    ("POST", QUERY, {**ASK, "columns": "id"}, {}, 400, "INVALID_PARAMETER_VALUE", "columns is"),
    ("POST", QUERY, {**ASK, "query_vector": [1.0, "a"]}, {}, 400, "INVALID_PARAMETER_VALUE",
     "a list of numbers"),
    ("POST", QUERY, {**ASK, "num_results": "5"}, {}, 400, "INVALID_PARAMETER_VALUE",
     "num_results is '5'; expected an integer"),
    ("POST", QUERY, {**ASK, "num_results": True}, {}, 400, "INVALID_PARAMETER_VALUE",
     "num_results"),
    ("POST", QUERY, {"query_vector": [1, 0]}, {}, 400, "INVALID_PARAMETER_VALUE",
     "columns is missing"),
    ("POST", QUERY, {**ASK, "filters_json": "5"}, {}, 400, "INVALID_PARAMETER_VALUE",
     "filters_json"),
    ("POST", QUERY, {**ASK, "filters_json": "id = 5"}, {}, 400, "INVALID_PARAMETER_VALUE",
     "filters_json"),
    ("POST", QUERY, {**ASK, "query_type": "NEAR"}, {}, 400, "INVALID_PARAMETER_VALUE", "NEAR"),
    ("GET", f"{VS}/indexes", None, {}, 400, "INVALID_PARAMETER_VALUE", "endpoint_name is missing"),
    ("GET", f"{VS}/indexes", None, {"endpoint_name": ["a", "b"]}, 400, "INVALID_PARAMETER_VALUE",
     "2 times"),
    ("GET", AI, None, {"page_size": "many"}, 400, "INVALID_PARAMETER_VALUE", "page_size"),
    ("DELETE", f"{VS}/indexes/{DIRECT}/delete-data", None, {}, 400, "INVALID_PARAMETER_VALUE",
     "primary_keys is missing"),
    # Descriptions of an index that don't fit together.
    ("POST", f"{VS}/indexes", {"name": "a.b.n", "endpoint_name": "shop", "primary_key": "id",
     "index_type": "NEAR"}, {}, 400, "INVALID_PARAMETER_VALUE", "index_type"),
    ("POST", f"{VS}/indexes", {**NEW_DIRECT, "name": "a.b.n", "endpoint_name": "shop",
     "index_type": "DELTA_SYNC"}, {}, 400, "INVALID_PARAMETER_VALUE", "delta_sync_index_spec"),
    ("POST", f"{VS}/endpoints/shop/indexes", {**NEW_DIRECT, "name": "a.b.n",
     "endpoint_name": "empty"}, {}, 400, "INVALID_PARAMETER_VALUE", "path names endpoint shop"),
    ("POST", f"{VS}/indexes", {**NEW_DIRECT, "name": "a.b.n", "endpoint_name": "shop",
     "direct_access_index_spec": {"schema_json": "[]", "embedding_vector_columns": VECTORS}}, {},
     400, "INVALID_PARAMETER_VALUE", "schema_json"),
    ("POST", f"{VS}/indexes", {**NEW_DIRECT, "name": "a.b.n", "endpoint_name": "shop",
     "direct_access_index_spec": {"schema_json": "{}", "embedding_vector_columns": VECTORS * 2}},
     {}, 400, "INVALID_PARAMETER_VALUE", "2 columns"),
    ("PATCH", f"{VS}/indexes/{SYNCED}", {"payload_logging_enabled": True}, {"update_mask": "name"},
     400, "INVALID_PARAMETER_VALUE", "update_mask"),
    ("PATCH", f"{VS}/indexes/{SYNCED}", {}, {}, 400, "INVALID_PARAMETER_VALUE",
     "payload_logging_enabled is missing"),
    ("PATCH", f"{VS}/indexes/{SYNCED}", {"name": DIRECT, "payload_logging_enabled": True}, {}, 400,
     "INVALID_PARAMETER_VALUE", DIRECT),
    # Figures and the newer dialect.
    ("POST", f"{VS}/endpoints/shop/metrics", {"start_time": "noon"}, {}, 400,
     "INVALID_PARAMETER_VALUE", "start_time"),
    ("POST", f"{VS}/endpoints/shop/metrics",
     {"start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"}, {}, 400,
     "INVALID_PARAMETER_VALUE", "end_time"),
    ("POST", f"{VS}/endpoints/shop/metrics", {"granularity_in_seconds": 0}, {}, 400,
     "INVALID_PARAMETER_VALUE", "granularity_in_seconds"),
    ("POST", f"{VS}/endpoints/shop/metrics", {"page_token": "T"}, {}, 400,
     "INVALID_PARAMETER_VALUE", "Invalid page token: T,"),
    ("POST", AI, {"endpoint_type": "STANDARD"}, {}, 400, "INVALID_PARAMETER_VALUE", "endpoint_id"),
    ("POST", AI, {}, {"endpoint_id": "e"}, 400, "INVALID_PARAMETER_VALUE", "endpoint_type"),
    ("PATCH", f"{AI}/shop", {}, {"update_mask": "creator"}, 400, "INVALID_PARAMETER_VALUE",
     "update_mask"),
    ("PATCH", f"{AI}/shop", {}, {}, 400, "INVALID_PARAMETER_VALUE", "update_mask is missing"),
    ("PATCH", f"{AI}/shop", {}, {"update_mask": "budgetPolicyId"}, 400, "INVALID_PARAMETER_VALUE",
     "budget_policy_id is missing"),
    ("POST", f"{AI}/shop/indexes", NEW_DIRECT, {}, 400, "INVALID_PARAMETER_VALUE", "index_id"),
    ("POST", f"{AI_INDEX}:scan", {"page_token": "T"}, {}, 400, "INVALID_PARAMETER_VALUE",
     "Invalid page token: T,"),
    ("GET", f"{AI}/empty/indexes/{DIRECT}", None, {}, 404, "RESOURCE_DOES_NOT_EXIST", "empty"),
    # No such route.
    ("GET", "/api/2.0/clusters/list", None, {}, 404, "ENDPOINT_NOT_FOUND",
     "No API found for 'GET /api/2.0/clusters/list'"),
    ("PUT", f"{VS}/endpoints", None, {}, 404, "ENDPOINT_NOT_FOUND", "It takes GET, POST."),
    ("GET", "", None, {}, 404, "ENDPOINT_NOT_FOUND", "No API found"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "status", "code", "says"),
    REFUSED,
    ids=[f"{r[0]} {r[1]} {r[6]}"[:90] for r in REFUSED],
)
def test_a_request_is_refused(
    standing: Workspace,
    method: str,
    path: str,
    body: object,
    query: dict[str, object],
    status: int,
    code: str,
    says: str,
) -> None:
    found = refused(standing, method, path, body, **query)
    assert found[:2] == (status, code), found
    assert says in found[2]


UNKNOWN: list[tuple[str, str, Json | None, Json | None, dict[str, str], str]] = [
    ("POST", QUERY, ASK, {"column": ["id"]}, {}, "Unknown field 'column'; it takes columns,"),
    ("POST", QUERY, ASK, {"filters": {"id": 1}, "debug_lewel": 1}, {}, "debug_lewel"),
    ("GET", f"{VS}/endpoints", None, {"name": "x"}, {}, "it takes none"),
    ("GET", f"{VS}/endpoints", None, None, {"pages": "1"}, "page_token"),
    ("GET", f"{VS}/endpoints", None, None, {"pages": ["1", "2"]}, "page_token"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "asked", "more", "query", "says"), UNKNOWN)
def test_what_a_route_does_not_know_is_dropped_unless_strict(
    standing: Workspace,
    method: str,
    path: str,
    asked: Json | None,
    more: Json | None,
    query: dict[str, Any],
    says: str,
) -> None:
    """A client that sent `filters` as an object got no error from the cloud, and no effect either."""
    body = {**(asked or {}), **more} if more is not None else None
    assert ok(standing, method, path, body, **query) == ok(standing, method, path, asked)
    settings = replace(standing.settings, strict_fields=True)
    strict = Workspace(settings=settings)
    found = refused(strict, method, path, body, **query)
    assert found[:2] == (400, "MALFORMED_REQUEST")
    assert says in found[2]


def test_what_an_inner_object_does_not_know_is_dropped_unless_strict(standing: Workspace) -> None:
    parameters = {"columns_to_rerank": ["id"], "columns": ["id"]}
    asked = {
        **ASK,
        "query_text": "a",
        "query_type": "HYBRID",
        "reranker": {"parameters": parameters},
    }
    ok(standing, "POST", QUERY, asked)
    strict = Workspace(settings=replace(standing.settings, strict_fields=True))
    found = refused(strict, "POST", QUERY, asked)
    assert found[:2] == (400, "MALFORMED_REQUEST")
    assert "reranker.parameters.columns" in found[2]


def test_a_known_field_of_another_type_is_refused_all_the_same(standing: Workspace) -> None:
    found = refused(standing, "POST", QUERY, {**ASK, "num_results": "5", "unknown": 1})
    assert found[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_failure_inside_shows_no_internals(
    standing: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret path /home/someone")

    monkeypatch.setattr(Workspace, "get_index", fail)
    with caplog.at_level(logging.ERROR, "engine.rest"):
        status, reply = handle(standing, "GET", f"{VS}/indexes/{DIRECT}")
    assert (status, reply["error_code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in json.dumps(reply)
    assert reply["details"][0]["request_id"] in caplog.text
    assert "secret path" in caplog.text


def test_a_server_gives_the_request_its_id_and_learns_the_operation(standing: Workspace) -> None:
    status, reply, operation = answer(
        ROUTES, standing, "GET", f"{VS}/indexes/a.b.nothing", request_id="seven"
    )
    assert (status, operation) == (404, "get_index")
    assert reply["details"][0]["request_id"] == "seven"
    assert answer(ROUTES, standing, "GET", "/nowhere")[2] == ""


# ------------------------------------------------------------------ anything at all
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["id", "v", "title", "ANN", "FULL_TEXT", '{"id": 1}', "title TOP 0", "id ASC"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
READING = [route for route in ROUTES if route.method in ("GET", "POST")]


@st.composite
def bodies(draw: st.DrawFn, route: Any) -> object:
    """A body of the route's own fields with values of every kind, some as they should be."""
    good = {"columns": ["id"], "query_vector": [1.0, 0.5], "endpoint_name": "shop"}
    chosen = draw(st.lists(st.sampled_from(route.body), unique=True)) if route.body else []
    body = {field.name: draw(JSON) for field in chosen}
    for name, value in good.items():
        if name in {field.name for field in route.body} and draw(st.booleans()):
            body[name] = value
    return body


@given(st.data())
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_body_breaks_a_route(standing: Workspace, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(READING))
    parts = {"endpoint": "empty", "index": DIRECT, "workspace": "1", "endpoint_id": "empty"}
    parts["securable_type"] = "table"
    path = route.template.format(**{**parts, "name": "x", "full_name": SYNCED, **SQL_PARTS})
    status, reply = handle(standing, route.method, path, {}, data.draw(bodies(route)))
    assert status < 500 or reply["error_code"] == "NOT_IMPLEMENTED", reply
    json.dumps(reply, allow_nan=False)


@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "get", "x"]),
    st.lists(
        st.sampled_from([*"/", "api", "2.0", "vector-search", "endpoints", "indexes", "query", "%"])
        | st.text(max_size=5),
        max_size=8,
    ).map("/".join),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.lists(st.text(max_size=3))),
    JSON | st.binary(max_size=10) | st.text(max_size=10),
)
@settings(max_examples=200, deadline=None)
def test_no_address_breaks_the_table(
    standing: Workspace, method: str, path: str, query: dict[str, object], body: object
) -> None:
    status, reply = handle(standing, method, path, query, body)
    assert status < 500, reply
    json.dumps(reply, allow_nan=False)


@pytest.fixture(scope="module")
def battered(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A world that may be changed in any way."""
    return make_world(tmp_path_factory.mktemp("battered"))


KEYS = st.sampled_from(
    ["id", "id <", "title", "title LIKE", "price >=", "v", "v NOT", "id OR price"]
)
TEXTS = st.dictionaries(KEYS | st.text(max_size=4), JSON, max_size=3)


@given(TEXTS | st.lists(TEXTS, max_size=2) | JSON, st.sampled_from(["filters_json", "inputs_json"]))
@settings(max_examples=300, deadline=None)
def test_no_json_text_breaks_a_query_or_a_write(
    battered: Workspace, values: object, field: str
) -> None:
    verb, body = ("query", ASK) if field == "filters_json" else ("upsert-data", {})
    body = {**body, field: json.dumps(values)}
    status, reply = handle(battered, "POST", f"{VS}/indexes/{DIRECT}/{verb}", {}, body)
    assert status < 500, reply
    json.dumps(reply, allow_nan=False)


@pytest.mark.parametrize("depth", [100, 500, 900, 950, 980, 990, 1000, 5000])
def test_no_depth_of_nesting_breaks_a_route(standing: Workspace, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    for body in (f'{{"columns": {nested}}}', {**ASK, "filters_json": nested}):
        status, reply = handle(standing, "POST", f"{VS}/indexes/{DIRECT}/query", {}, body)
        assert status == 400, reply


def test_a_table_of_routes_is_hashed_without_a_look_at_each_route() -> None:
    same = Routes(ROUTES)
    assert hash(same) == object.__hash__(same) and same != ROUTES
    path = f"{VS}/indexes/a.b.c/query"
    assert find_route(ROUTES, "POST", path) == find_route(list(ROUTES), "POST", path)
    without = [route for route in ROUTES if route.name != "query_index"]
    with pytest.raises(EndpointNotFound):
        find_route(without, "POST", path)
