"""Bodies over the REST routes: one bad row is that row's trouble, and values stay what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import VectorSearchClient, Workspace
from engine.doors.rest import handle
from engine.store.layout import read_json, write_json

INDEX = "main.t.i"
PATH = f"/api/2.0/vector-search/indexes/{INDEX}"
SCHEMA = {
    **{"id": "long", "x": "double", "f": "float", "t": "string", "v": "array<float>"},
    **{"at": "timestamp"},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "w")
    client = VectorSearchClient(disable_notice=True, workspace=workspace)
    client.create_endpoint("e", "STANDARD")
    client.create_direct_access_index(
        endpoint_name="e",
        index_name=INDEX,
        primary_key="id",
        embedding_dimension=2,
        embedding_vector_column="v",
        schema=SCHEMA,
    )
    return workspace


def send(workspace: Workspace, operation: str, body: str, method: str = "POST") -> Any:
    return handle(workspace, method, f"{PATH}/{operation}", {}, body)


def upsert(workspace: Workspace, *rows: str) -> Any:
    return send(workspace, "upsert-data", json.dumps({"inputs_json": f"[{', '.join(rows)}]"}))


def found(workspace: Workspace, *columns: str, **asked: Any) -> list[list[Any]]:
    body = {"columns": list(columns), "query_vector": [1, 0], "num_results": 50, **asked}
    status, reply = send(workspace, "query", json.dumps(body))
    assert status == 200, reply
    return sorted(row[:-1] for row in reply["result"].get("data_array", []))


GOOD = '{"id": 1, "x": 19.99, "t": "red", "v": [1, 0]}'


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ('{"id": 2, "x": NaN, "v": [1, 0]}', ["'x'", "nan", "finite number"]),
        ('{"id": 2, "x": -Infinity, "v": [1, 0]}', ["'x'", "-inf"]),
        ('{"id": 2, "x": 1e999, "v": [1, 0]}', ["'x'", "inf"]),
        ('{"id": 2, "v": [NaN, 0]}', ["'v'", "not finite"]),
        ('{"id": 2, "t": "red \\ud83d", "v": [1, 0]}', ["'t'", "surrogate"]),
        ('{"id": 2, "at": 1704067200, "v": [1, 0]}', ["'at'", "'2024-01-31T12:00:00Z'"]),
        ('{"id": 2, "v": [1, 0, 0]}', ["'v' must hold 2", "3 values"]),
        ('{"id": 2}', ["'v' must hold 2", "nothing"]),
        ('{"id": 2, "v": [true, 0]}', ["'v' must hold 2", "True at place 0"]),
        ('{"id": 2, "v": [1, "0"]}', ["'v' must hold 2", "'0' at place 1"]),
        ('{"id": 2, "v": [1, null]}', ["'v' must hold 2", "None at place 1"]),
        ('{"id": 2, "v": [[1], [0]]}', ["'v' must hold 2", "[1] at place 0"]),
        ('{"id": 2, "v": {"a": 1}}', ["'v' must hold 2", "{'a': 1}"]),
    ],
    ids=str,
)
def test_a_bad_row_of_a_body_fails_alone_and_says_why(
    workspace: Workspace, bad: str, words: list[str]
) -> None:
    status, reply = upsert(workspace, GOOD, bad)
    assert (status, reply["status"]) == (200, "PARTIAL_SUCCESS")
    assert reply["result"] == {"success_row_count": 1, "failed_primary_keys": ["2"]}
    [failure] = reply["failures"]
    assert failure["primary_key"] == "2"
    assert all(word in failure["reason"] for word in words), failure
    assert found(workspace, "id", "x") == [[1.0, 19.99]]


def test_a_column_that_the_schema_lacks_refuses_the_whole_call(workspace: Workspace) -> None:
    """Stores of third parties strip such fields before they write, for the service refuses them."""
    status, reply = upsert(workspace, GOOD, '{"id": 2, "X": 1, "v": [1, 0]}')
    assert (status, reply["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    for word in ("row 1 of inputs, with key 2", "no column X", "Did you mean 'x'?"):
        assert word in reply["message"]
    assert found(workspace, "id") == []


def test_a_key_beyond_64_bits_is_not_taken_for_another(workspace: Workspace) -> None:
    status, reply = upsert(workspace, GOOD, '{"id": 18446744073709551617, "v": [1, 0]}')
    assert reply["result"]["failed_primary_keys"] == ["18446744073709551617"]
    status, reply = send(
        workspace, "delete-data", '{"primary_keys": [18446744073709551617, 1]}', "DELETE"
    )
    assert (status, reply["status"]) == (200, "PARTIAL_SUCCESS")
    assert reply["result"]["failed_primary_keys"] == ["18446744073709551617"]
    assert found(workspace, "id") == []


@pytest.mark.parametrize(
    ("operation", "body", "name"),
    [
        ("query", '{"columns": ["id"], "query_vector": [1, 0], "columns": ["x"]}', "columns"),
        (
            "query",
            json.dumps(
                {
                    "columns": ["id"],
                    "query_vector": [1, 0],
                    "filters_json": '{"x": 1, "x": 19.99}',
                }
            ),
            "x",
        ),
        (
            "upsert-data",
            json.dumps({"inputs_json": '[{"id": 2, "x": 1, "x": 2, "v": [1, 0]}]'}),
            "x",
        ),
        ("upsert-data", '{"inputs_json": "[]", "inputs_json": "[]"}', "inputs_json"),
    ],
    ids=str,
)
def test_a_name_twice_in_a_body_is_refused_and_named(
    workspace: Workspace, operation: str, body: str, name: str
) -> None:
    upsert(workspace, GOOD)
    status, reply = send(workspace, operation, body)
    assert (status, reply["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert f"has the name '{name}' 2 times" in reply["message"]
    assert found(workspace, "id") == [[1.0]]


def test_a_name_twice_in_a_schema_is_refused(workspace: Workspace) -> None:
    schema = '{"id": "int", "x": "int", "x": "string", "v": "array<float>"}'
    body = {
        "name": "main.t.other",
        "endpoint_name": "e",
        "primary_key": "id",
        "index_type": "DIRECT_ACCESS",
        "direct_access_index_spec": {
            "embedding_vector_columns": [{"name": "v", "embedding_dimension": 2}],
            "schema_json": schema,
        },
    }
    status, reply = handle(
        workspace, "POST", "/api/2.0/vector-search/indexes", {}, json.dumps(body)
    )
    assert (status, "has the name 'x' 2 times" in reply["message"]) == (400, True)


@pytest.mark.parametrize(
    "changed",
    [
        {"query_text": "red \ud83d", "query_type": "FULL_TEXT", "query_vector": None},
        {"query_text": "red \ud83d", "query_type": "HYBRID"},
        {"filters_json": '{"t": "\\ud83d"}'},
        {"filters_json": '{"\\ud83d": 1}'},
        {"filter_string": "t = '\ud83d'"},
        {"columns": ["\ud83d"]},
        {"sort_columns": ["\ud83d ASC"]},
        {"facets": ["\ud83d"]},
        {"query_columns": ["\ud83d"], "query_type": "HYBRID", "query_text": "red"},
    ],
    ids=str,
)
def test_half_a_character_is_refused_wherever_it_stands(
    workspace: Workspace, changed: dict[str, Any]
) -> None:
    upsert(workspace, GOOD)
    body = {"columns": ["id"], "query_vector": [1, 0], **changed}
    for given in (json.dumps(body), {k: v for k, v in body.items() if v is not None}):
        status, reply = handle(workspace, "POST", f"{PATH}/query", {}, given)
        assert status == 400
        reply["message"].encode()
    assert found(workspace, "id") == [[1.0]]


def test_a_float_column_of_an_older_release_finds_what_was_written(workspace: Workspace) -> None:
    upsert(workspace, '{"id": 1, "f": 19.99, "x": 0.1, "v": [1, 0]}')
    newest = max(workspace.path.glob("indexes/**/versions/*.json"), key=lambda file: int(file.stem))
    facts = read_json(newest)
    for column in facts["columns"]:
        del column["single"], column["scale"]
    write_json(newest, facts)
    again = Workspace(workspace.path)
    assert found(again, "f", filters_json='{"f": 19.99}') == [[19.99]]
    assert found(again, "x", filters_json='{"x": 0.1, "f <=": 19.99}') == [[0.1]]
    upsert(again, '{"id": 2, "f": 0.1, "v": [1, 0]}')
    assert found(again, "id", filters_json='{"f": [0.1, 19.99]}') == [[1.0], [2.0]]
