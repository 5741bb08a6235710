"""Rows that callers write themselves: upsert and delete, their types, failures and replies."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import (
    BadRequest,
    InvalidParameterValue,
    NotFound,
    ResourceConflict,
    VectorSearchClient,
    VectorSearchIndex,
    Workspace,
)

INDEX = "main.a.direct"
SCHEMA = {
    "id": "integer",
    "v": "array<float>",
    "small": "short",
    "byte": "byte",
    "long": "long",
    "ratio": "float",
    "price": "double",
    "flag": "boolean",
    "text": "string",
    "day": "date",
    "at": "timestamp",
    "tags": "array<string>",
}
ALL_SUCCEEDED = {"status": "SUCCESS", "result": {"success_row_count": 1}}


def create(workspace: Workspace, **changed: Any) -> VectorSearchIndex:
    """A direct access index with a column of each type."""
    client = VectorSearchClient(workspace=workspace)
    if not client.endpoint_exists("e"):
        client.create_endpoint("e")
    arguments = {
        "endpoint_name": "e",
        "index_name": INDEX,
        "primary_key": "id",
        "embedding_dimension": 2,
        "embedding_vector_column": "v",
        "schema": SCHEMA,
    }
    return client.create_direct_access_index(**{**arguments, **changed})


@pytest.fixture
def index(workspace: Workspace) -> VectorSearchIndex:
    return create(workspace)


def row(key: object, *vector: float, **values: object) -> dict[str, Any]:
    return {"id": key, "v": list(vector or (1.0, 0.0)), **values}


def stored(index: VectorSearchIndex, *columns: str, **changed: Any) -> list[list[Any]]:
    """Values of all rows by key, read by another process's eyes."""
    fresh = Workspace(index._workspace.path)
    schema = json.loads(fresh.get_index(index.name)["direct_access_index_spec"]["schema_json"])
    found = fresh.similarity_search_batch(
        index.name, query_vectors=[[0.0, 0.0]], columns=list(schema), num_results=1000, **changed
    )[0]
    return [[r[c] for c in columns] for r in sorted(found, key=lambda r: r["id"])]


# ------------------------------------------------------------------ what an index is
def test_a_new_index_is_online_and_empty(index: VectorSearchIndex) -> None:
    described = index.describe()
    assert described["index_type"] == "DIRECT_ACCESS"
    assert described["status"]["ready"] is True
    assert described["status"]["detailed_state"] == "ONLINE_DIRECT_ACCESS"
    assert described["status"]["indexed_row_count"] == 0
    assert "delta_sync_index_spec" not in described
    assert described["direct_access_index_spec"] == {
        "embedding_vector_columns": [{"name": "v", "embedding_dimension": 2}],
        "schema_json": (
            '{"at":"timestamp","byte":"tinyint","day":"date","flag":"boolean","id":"int",'
            '"long":"bigint","price":"double","ratio":"float","small":"smallint",'
            '"tags":"array<string>","text":"string","v":"array<float>"}'
        ),
    }
    reply = index.similarity_search(["id"], query_vector=[1.0, 0.0])
    assert reply["result"] == {"row_count": 0}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"schema": {"id": "int", "v": "array<float>", "x": "number"}}, "'x' the type 'number'"),
        ({"schema": {"id": "int", "v": "array<float>", "x": None}}, "'x' the type None"),
        ({"schema": {"id": "int"}}, "embedding_vector_column 'v' is not in the schema"),
        ({"schema": {"v": "array<float>"}}, "primary_key 'id' is not in the schema"),
        ({"schema": {"id": "float", "v": "array<float>"}}, "primary_key 'id' has type float"),
        ({"schema": {"id": "int", "v": "float"}}, "'v' has type float; expected array<float>"),
        ({"schema": {"id": "int", "v": "array<string>"}}, "'v' has type array<string>"),
        ({"schema": {"id": "int", "v": "array<float>", "_id": "int"}}, "'_id' is reserved"),
        ({"schema": {"id": "int", "v": "array<float>", "__x": "int"}}, "are internal; rename __x"),
        ({"schema": ["id", "v"]}, "expected a dict of types by column"),
        ({"embedding_dimension": 0}, "embedding_dimension is 0"),
        ({"index_name": "nope"}, "Invalid index name"),
    ],
    ids=str,
)
def test_a_schema_that_can_not_hold_the_rows_is_refused(
    workspace: Workspace, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        create(workspace, **changed)
    assert words in caught.value.message
    assert not list(workspace.path.glob("indexes/*"))


def test_what_the_client_and_the_service_refuse(workspace: Workspace) -> None:
    with pytest.raises(AssertionError, match="Schema must be present"):
        create(workspace, schema={})
    with pytest.raises(Exception, match="Usage policy is not supported for direct access index"):
        create(workspace, usage_policy_id="x")
    with pytest.raises(NotFound, match="The given endpoint does not exist"):
        create(workspace, embedding_model_endpoint_name="bge")
    with pytest.raises(NotFound, match="nowhere"):
        create(workspace, endpoint_name="nowhere")
    create(workspace)
    with pytest.raises(ResourceConflict, match="already exists"):
        create(workspace)


def test_it_is_not_synced(index: VectorSearchIndex) -> None:
    with pytest.raises(InvalidParameterValue, match="is a Direct Vector Access Index"):
        index.sync()


# ------------------------------------------------------------------ replies
def test_rows_written_are_seen_by_the_next_query(index: VectorSearchIndex) -> None:
    reply = index.upsert([row(1, 1, 0), row(2, 0, 1)])
    assert reply == {"status": "SUCCESS", "result": {"success_row_count": 2}}
    assert index.describe()["status"]["indexed_row_count"] == 2
    found = index.similarity_search(["id", "v"], query_vector=[0.0, 1.0])
    assert found["result"]["data_array"] == [
        [2.0, [0.0, 1.0], 1.0],
        [1.0, [1.0, 0.0], pytest.approx(1 / 3)],
    ]


def test_nothing_written_succeeds(index: VectorSearchIndex) -> None:
    versions = index._workspace.index_versions(INDEX)
    assert index.upsert([]) == {"status": "SUCCESS", "result": {"success_row_count": 0}}
    assert index.delete([]) == {"status": "SUCCESS", "result": {"success_row_count": 0}}
    assert index.delete([7]) == ALL_SUCCEEDED
    assert index._workspace.index_versions(INDEX) == versions


def test_a_row_replaces_the_whole_row_of_its_key(index: VectorSearchIndex) -> None:
    index.upsert([row(1, text="old", price=5.0), row(2)])
    assert index.upsert([row(1, 0, 1, text="new")]) == ALL_SUCCEEDED
    assert stored(index, "id", "v", "text", "price") == [
        [1, [0.0, 1.0], "new", None],
        [2, [1.0, 0.0], None, None],
    ]


def test_of_a_key_given_twice_in_one_call_the_last_counts(index: VectorSearchIndex) -> None:
    reply = index.upsert([row(1, text="a"), row(2, text="b"), row("1", text="c")])
    assert reply == {"status": "SUCCESS", "result": {"success_row_count": 3}}
    assert stored(index, "id", "text") == [[1, "c"], [2, "b"]]


def test_deleted_rows_are_gone_and_can_come_again(index: VectorSearchIndex) -> None:
    index.upsert([row(key) for key in range(5)])
    assert index.delete([1, "3", 99]) == {"status": "SUCCESS", "result": {"success_row_count": 3}}
    assert [key for (key,) in stored(index, "id")] == [0, 2, 4]
    index.upsert([row(3, text="again")])
    assert stored(index, "id", "text")[2] == [3, "again"]
    index.delete([0, 2, 3, 4])
    assert stored(index, "id") == []
    assert index.describe()["status"]["indexed_row_count"] == 0


BAD: list[dict[str, Any]] = [
    {"v": [1.0]},
    {"v": [1.0, 2.0, 3.0]},
    {"v": None},
    {"v": [float("nan"), 0.0]},
    {"v": [float("inf"), 0.0]},
    {"v": [1e39, 0.0]},
    {"v": [None, 0.0]},
    {"v": ["1", "2"]},
    {"v": "12"},
    {"v": [[1.0], [2.0]]},
    {"v": [True, False]},
    {"small": 2**15},
    {"small": 1.5},
    {"small": True},
    {"byte": -129},
    {"long": 2**63},
    {"ratio": "much"},
    {"ratio": True},
    {"ratio": 1e39},
    {"price": [1.0]},
    {"flag": 1},
    {"flag": "true"},
    {"text": 5},
    {"text": b"x"},
    {"long": "1_0"},
    {"long": " 5 "},
    {"long": "１２"},
    {"long": 2**64 + 1},
    {"long": 1.8446744073709552e19},
    {"ratio": float("nan")},
    {"price": float("inf")},
    {"price": np.float64("nan")},
    {"price": 10**400},
    {"text": "half \ud83d"},
    {"tags": ["half \ud83d"]},
    {"at": 1704067200},
    {"at": 1704067200.5},
    {"at": True},
    {"at": "20240131"},
    {"at": "2024-W05-3"},
    {"at": "2024-01-31T12:00:00,5"},
    {"at": "2024-01-31T12:00:00.123456789"},
    {"at": "10000-01-01"},
    {"at": "0000-00-00"},
    {"at": np.datetime64("NaT")},
    {"day": 19753},
    {"day": datetime(2024, 1, 31, 12)},
    {"day": "31.01.2024"},
    {"day": "not a day"},
    {"day": "2024-02-30"},
    {"at": "yesterday"},
    {"tags": "new"},
    {"tags": [1]},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_row_with_a_bad_value_fails_alone(index: VectorSearchIndex, bad: dict[str, Any]) -> None:
    reply = index.upsert([row(1), {**row(2), **bad}, row(3)])
    [failure] = reply.pop("failures")
    assert failure["primary_key"] == "2"
    assert all(str(name) in failure["reason"] for name in bad)
    assert reply == {
        "status": "PARTIAL_SUCCESS",
        "result": {"success_row_count": 2, "failed_primary_keys": ["2"]},
    }
    assert stored(index, "id") == [[1], [3]]


@pytest.mark.parametrize("key", ["one", 1.5, 2**31, True, [1], "", float("nan")], ids=str)
def test_a_key_of_another_type_fails_alone(index: VectorSearchIndex, key: object) -> None:
    reply = index.upsert([row(7), row(key)])
    assert reply["status"] == "PARTIAL_SUCCESS"
    assert reply["result"] == {"success_row_count": 1, "failed_primary_keys": [str(key)]}
    reply = index.delete([key, 7])
    assert reply["result"] == {"success_row_count": 1, "failed_primary_keys": [str(key)]}
    assert stored(index, "id") == []


def test_where_every_row_fails_nothing_is_written(index: VectorSearchIndex) -> None:
    index.upsert([row(1, text="stays")])
    versions = index._workspace.index_versions(INDEX)
    assert index.upsert([row(1, 1), row("x")]) == {
        "status": "FAILURE",
        "result": {"success_row_count": 0, "failed_primary_keys": ["1", "x"]},
        "failures": [
            {
                "primary_key": "1",
                "reason": "column 'v' must hold 2 finite numbers; it is given 1 values.",
            },
            {
                "primary_key": "x",
                "reason": "column 'id' holds 'x' of type str, which is not of type int32; expected an "
                "integer such as 42, in the type's range.",
            },
        ],
    }
    deleted = index.delete(["x"])
    assert "'x'" in deleted.pop("failures")[0]["reason"]
    assert deleted == {
        "status": "FAILURE",
        "result": {"success_row_count": 0, "failed_primary_keys": ["x"]},
    }
    assert stored(index, "id", "text") == [[1, "stays"]]
    assert index._workspace.index_versions(INDEX) == versions


def test_a_row_without_a_key_refuses_the_call(index: VectorSearchIndex) -> None:
    for bad in ({"v": [1.0, 0.0]}, row(None)):
        with pytest.raises(InvalidParameterValue, match="row 1 of inputs has no value for the pri"):
            index.upsert([row(1), bad])
    assert stored(index, "id") == []


def test_an_index_that_is_gone_is_named(index: VectorSearchIndex) -> None:
    VectorSearchClient(workspace=index._workspace).delete_index(index_name=INDEX)
    for call in (lambda: index.upsert([row(1)]), lambda: index.delete([1])):
        with pytest.raises(NotFound, match=INDEX):
            call()


# ------------------------------------------------------------------ values
BERLIN = timezone(timedelta(hours=2))
NOON = datetime(2024, 5, 6, 12)
VALUES: list[tuple[str, Any, Any]] = [
    ("small", -(2**15), -(2**15)),
    ("small", "12", 12),
    ("small", np.int64(12), 12),
    ("small", 3.0, 3),
    ("byte", 127, 127),
    ("long", 2**63 - 1, 2**63 - 1),
    ("ratio", 0.1, 0.1),
    ("ratio", 19.99, 19.99),
    ("ratio", np.float32(19.99), 19.99),
    ("ratio", 16777217, 16777216.0),
    ("price", -0.0, -0.0),
    ("price", Decimal("19.99"), 19.99),
    ("at", np.datetime64("2024-01-31T12:00:00"), datetime(2024, 1, 31, 12)),
    ("at", date(2024, 1, 31), datetime(2024, 1, 31)),
    ("day", datetime(2024, 1, 31), date(2024, 1, 31)),
    ("text", "", ""),
    ("tags", [], []),
    ("tags", ["", None, "a"], ["", None, "a"]),
    ("ratio", 2, 2.0),
    ("price", 0.1, 0.1),
    ("price", np.float32(0.5), 0.5),
    ("flag", False, False),
    ("flag", np.bool_(True), True),
    ("text", "", ""),
    ("text", "größe ☃", "größe ☃"),
    ("day", "2024-05-06", date(2024, 5, 6)),
    ("day", date(1899, 12, 31), date(1899, 12, 31)),
    ("at", "2024-05-06T12:00:00", NOON),
    ("at", "2024-05-06 12:00:00.000001", NOON.replace(microsecond=1)),
    ("at", "2024-05-06T12:00:00Z", NOON),
    ("at", "2024-05-06T14:00:00+02:00", NOON),
    ("at", NOON.replace(hour=14, tzinfo=BERLIN), NOON),
    ("at", NOON, NOON),
    ("tags", [], []),
    ("tags", ("a", None), ["a", None]),
    ("tags", None, None),
    ("v", (0.6, 0.8), [0.6, 0.8]),
    ("v", np.array([0.6, 0.8]), [0.6, 0.8]),
    ("v", np.array([1, 2], dtype=np.int8), [1.0, 2.0]),
    ("v", [1, 2], [1.0, 2.0]),
    ("v", [0, 0], [0.0, 0.0]),
]


@pytest.mark.parametrize(("column", "given_", "expected"), VALUES, ids=str)
def test_values_come_back_in_their_columns_type(
    index: VectorSearchIndex, column: str, given_: object, expected: object
) -> None:
    assert index.upsert([{**row(1), column: given_}]) == ALL_SUCCEEDED
    ((found,),) = stored(index, column)
    assert found == expected
    assert type(found) is type(expected)


def test_times_and_days_are_filtered_and_shown_as_the_api_has_them(
    index: VectorSearchIndex,
) -> None:
    index.upsert([row(1, day="2024-05-06", at="2024-05-06T12:00:00Z"), row(2, day="2024-05-07")])
    reply = index.similarity_search(
        ["id", "day", "at"],
        query_vector=[1.0, 0.0],
        filters={"day <": "2024-05-07", "at >=": "2024-05-06T12:00:00"},
    )
    assert reply["result"]["data_array"] == [[1.0, "2024-05-06", "2024-05-06T12:00:00", 1.0]]


def test_text_keys_are_taken_as_they_are(workspace: Workspace) -> None:
    index = create(
        workspace, primary_key="id", schema={"id": "string", "v": "array<double>", "n": "int"}
    )
    index.upsert([row("a", n=1), row("A", n=2), row("1", n=3)])
    assert index.upsert([row(1, n=4)])["result"]["failed_primary_keys"] == ["1"]
    index.delete(["A"])
    assert stored(index, "id", "n") == [["1", 3], ["a", 1]]


def test_a_batch_that_names_no_such_column_is_refused(index: VectorSearchIndex) -> None:
    with pytest.raises(BadRequest, match="nothing"):
        index.similarity_search(["nothing"], query_vector=[1.0, 0.0])


# ------------------------------------------------------------------ many writes
writes = st.lists(
    st.one_of(
        st.tuples(
            st.just("upsert"),
            st.lists(st.tuples(st.integers(0, 12), st.integers(-3, 3)), max_size=6),
        ),
        st.tuples(st.just("delete"), st.lists(st.integers(0, 14), max_size=6)),
        st.tuples(st.just("compact"), st.just([])),
    ),
    max_size=14,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(writes=writes)
def test_an_index_is_what_a_dictionary_would_be(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[str, list[Any]]]
) -> None:
    index = create(
        Workspace(tmp_path_factory.mktemp("ws")),
        schema={"id": "int", "v": "array<float>", "n": "int"},
    )
    model: dict[int, int] = {}
    for what, given_ in writes:
        if what == "upsert":
            reply = index.upsert([row(key, float(n), 1.0, n=n) for key, n in given_])
            model.update(given_)
        elif what == "delete":
            reply = index.delete(given_)
            model = {key: n for key, n in model.items() if key not in given_}
        else:
            index._workspace.compact_index(INDEX)
            reply = {"status": "SUCCESS", "result": {"success_row_count": 0}}
        assert reply == {"status": "SUCCESS", "result": {"success_row_count": len(given_)}}
        assert index.describe()["status"]["indexed_row_count"] == len(model)
    assert stored(index, "id", "n") == [[key, model[key]] for key in sorted(model)]
    # The nearest come in the order of a plain sort, and filters see the last values.
    hits = index.similarity_search(["id"], query_vector=[0.0, 1.0], num_results=30)
    order = sorted(model, key=lambda key: (model[key] ** 2, key))
    assert [int(hit[0]) for hit in hits["result"].get("data_array", [])] == order
    hits = index.similarity_search(
        ["id"], query_vector=[0.0, 1.0], num_results=30, filters={"n >": 0}
    )
    assert [int(hit[0]) for hit in hits["result"].get("data_array", [])] == [
        key for key in order if model[key] > 0
    ]
    assert index._workspace.check_index(INDEX) == []
