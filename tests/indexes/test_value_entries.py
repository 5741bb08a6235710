"""Whatever is given as a value: taken, or refused by a declared error; nothing else suffers."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import VectorSearchClient, VitrineError, Workspace
from engine.doors.client.index import AISearchIndex
from engine.doors.rest import handle

INDEX = "main.t.i"
PATH = f"/api/2.0/vector-search/indexes/{INDEX}"
SCHEMA = {
    **{
        "id": "long",
        "t": "string",
        "price": "float",
        "cost": "double",
        "n": "int",
        "ok": "boolean",
    },
    **{"at": "timestamp", "day": "date", "tags": "array<string>", "v": "array<float>"},
}
GOOD = {"id": 1, "t": "red dress", "price": 19.99, "n": 5, "v": [1.0, 0.0]}
OFTEN = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

TEXTS = st.text(st.characters(exclude_categories=()), max_size=6) | st.sampled_from(
    [
        "red \ud83d",
        "\udc00",
        "a\0b",
        "1_0",
        " 1 ",
        "１２",
        "nan",
        "inf",
        "1e999",
        "9" * 5000,
        "'",
        "$in",
    ]
)
TIMES = st.sampled_from(
    [
        "2024-01-31T12:00:00Z",
        "20240131",
        "2024-W01-1",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00+05:00",
        "10000-01-01",
        "2024-01-31T12:00:00,5",
        dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        dt.datetime.min,
        dt.date.max,
        np.datetime64("NaT"),
        np.datetime64(10**18, "us"),
        np.datetime64("2024-01-31T12:00:00.000000001"),
    ]
)
NUMBERS = st.sampled_from(
    [
        *(2**31, 2**63, -(2**63) - 1, 2**64 + 1, 10**400, 1e39, 1e300, 5e-324, -0.0),
        *(float("nan"), float("inf"), Decimal("19.99"), Decimal("NaN"), Decimal("sNaN")),
        *(Decimal("1e999999"), np.float32(19.99), np.int8(1), np.float16(0.1), np.bool_(True)),
        *(np.float64("nan"), np.array([1.0, 2.0]), 1j),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | TIMES | NUMBERS
VALUES = st.recursive(
    SCALARS | st.binary(max_size=3) | st.sampled_from([GOOD["v"], object(), set()]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.integers(), inner),
    max_leaves=5,
)
COLUMNS = st.sampled_from(
    [*SCHEMA, "Price", "\ud83d", "nope", "t LIKE", "price <", "n OR t", "$and"]
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> AISearchIndex:
    workspace = Workspace(tmp_path_factory.mktemp("entries"))
    client = VectorSearchClient(disable_notice=True, workspace=workspace)
    client.create_endpoint("e", "STANDARD")
    index: AISearchIndex = client.create_direct_access_index(
        endpoint_name="e",
        index_name=INDEX,
        primary_key="id",
        embedding_dimension=2,
        embedding_vector_column="v",
        schema=SCHEMA,
    )
    index.upsert([GOOD])
    return index


def outcome(call: Callable[[], Any]) -> Any:
    """The reply, which can be sent as JSON; None where a declared error refused the call."""
    try:
        reply = call()
    except VitrineError as error:
        assert error.status_code == 400, error
        orjson.dumps(json.loads(error.response_content))
        return None
    orjson.dumps(reply)
    return reply


def still_serves(index: AISearchIndex) -> None:
    index.upsert([GOOD])
    found = index.similarity_search(
        ["id", "t", "price", "at", "day", "tags"], query_vector=[1.0, 0.0], num_results=50
    )
    rows = {row[0]: row for row in found["result"]["data_array"]}
    assert rows[1.0][1:3] == ["red dress", 19.99]
    assert index.scan(50)["data"]


@OFTEN
@given(row=st.dictionaries(COLUMNS, VALUES, max_size=4), key=VALUES | st.integers(2, 20))
def test_any_row(index: AISearchIndex, row: dict[str, Any], key: Any) -> None:
    reply = outcome(lambda: index.upsert([{**GOOD, **row, "id": key}, GOOD]))
    if reply is not None:
        failed = reply["result"].get("failed_primary_keys", [])
        assert reply["result"]["success_row_count"] == 2 - len(failed)
        assert [failure["primary_key"] for failure in reply.get("failures", [])] == failed
        assert all(failure["reason"] for failure in reply.get("failures", []))
    still_serves(index)


@OFTEN
@given(keys=st.lists(VALUES, max_size=3), last=VALUES)
def test_any_key(index: AISearchIndex, keys: list[Any], last: Any) -> None:
    outcome(lambda: index.delete([*keys, 10**5000]))
    outcome(lambda: index.scan(5, last))
    outcome(lambda: index.scan(5, 10**5000))
    still_serves(index)


@OFTEN
@given(column=COLUMNS | TEXTS, value=VALUES, text=TEXTS)
def test_any_filter(index: AISearchIndex, column: str, value: Any, text: str) -> None:
    def find(filters: Any) -> Any:
        return index.similarity_search(["id"], query_vector=[1.0, 0.0], filters=filters)

    outcome(lambda: find({column: value}))
    outcome(lambda: find([{column: value}, {"t": text}]))
    outcome(lambda: find(f"{column} = '{text}'"))
    outcome(lambda: find(f"`{column}` < {value!s:.99}"))
    still_serves(index)


@OFTEN
@given(names=st.lists(COLUMNS | TEXTS, max_size=2), text=TEXTS, kind=st.sampled_from("AHF"))
def test_any_name(index: AISearchIndex, names: list[str], text: str, kind: str) -> None:
    query_type = {"A": "ANN", "H": "HYBRID", "F": "FULL_TEXT"}[kind]
    asked = {
        "columns": names or ["id"],
        "query_vector": None if kind == "F" else [1.0, 0.0],
        "query_type": query_type,
    }
    outcome(lambda: index.similarity_search(**asked, query_text=text))
    plain = {**asked, "columns": ["id"], "query_text": "red"}
    for more in [
        {"sort_columns": [f"{name} DESC" for name in names]},
        {"facets": [f"{name}{text}" for name in names]},
        {"query_columns": names},
        {"columns_to_rerank": names},
    ]:
        outcome(partial(index.similarity_search, **plain, **more))
    still_serves(index)


ODD: list[Any] = [
    *(10**5000, 10**400, 2**64 + 1, float("nan"), float("inf"), True, 1j, object(), set()),
    *("\ud83d", "x" * 5000, "9" * 5000, "x < 1e999", f"id IN ({'9' * 5000})", b"\xff"),
    *(Decimal("sNaN"), Decimal("1e999999999"), np.float32(1), dt.datetime.max, (1, 2)),
    *([], [[]], [10**5000], [None], ["\ud83d"], [float("nan"), 1.0], [True, False], [b"x"]),
    *({}, {"a": 1}, {"id": 10**5000}, {10**5000: 1}, {(1, 2): 3}, {"$and": 10**5000}),
]
ARGUMENTS = (
    *("columns", "query_vector", "query_text", "filters", "num_results", "debug_level"),
    *("score_threshold", "query_type", "query_columns", "sort_columns", "facets", "reranker"),
    *("columns_to_rerank", "filter_string"),
)


@pytest.mark.parametrize("place", range(len(ODD)))
def test_an_odd_argument_is_taken_or_refused(index: AISearchIndex, place: int) -> None:
    value, workspace = ODD[place], index._workspace
    plain: dict[str, Any] = {"columns": ["id"], "query_vector": [1.0, 0.0]}
    for argument in ARGUMENTS:
        asked = {**plain, argument: value}
        outcome(partial(workspace.query_index, INDEX, **asked))
        if argument != "filter_string":
            outcome(partial(index.similarity_search, **asked))
    outcome(partial(index.scan, value))
    outcome(partial(index.scan, 5, value))
    outcome(partial(workspace.upsert, INDEX, value))
    outcome(partial(workspace.delete_rows, INDEX, value))
    outcome(partial(workspace.query_next_page, INDEX, value))
    for row in ({"id": value}, {"x": value}, {"v": value}, {"t": value}):
        outcome(partial(index.upsert, [{**GOOD, "id": 3, **row}]))
    still_serves(index)


def as_json(value: Any) -> str:
    return json.dumps(value, default=str)


@OFTEN
@given(row=st.dictionaries(COLUMNS, SCALARS, max_size=3), key=SCALARS, value=SCALARS)
def test_any_body(index: AISearchIndex, row: dict[str, Any], key: Any, value: Any) -> None:
    workspace = index._workspace
    rows = [{**GOOD, **row, "id": key}, GOOD]
    bodies = {
        ("POST", "upsert-data"): as_json({"inputs_json": as_json(rows)}),
        ("DELETE", "delete-data"): as_json({"primary_keys": [key, 999]}),
        ("POST", "scan"): as_json({"last_primary_key": key}),
        ("POST", "query"): as_json(
            {"columns": ["id"], "query_vector": [1, 0], "filters_json": as_json(row)}
        ),
        ("GET", "query"): as_json(
            {"columns": ["id"], "query_text": value, "query_type": "FULL_TEXT"}
        ),
    }
    for (method, operation), body in bodies.items():
        status, reply = handle(workspace, method, f"{PATH}/{operation}", {}, body)
        assert status in (200, 400), (body, reply)
        orjson.dumps(reply)
    still_serves(index)
