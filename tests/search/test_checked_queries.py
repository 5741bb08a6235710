"""Queries whose shape was seen before are checked as if it had not been."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import VectorSearchClient
from engine.core.query_request import QueryRequest, parse_filters
from engine.core.schema import IndexSpec
from engine.errors import VitrineError
from engine.service.search.checking.checked import CheckedQueries
from engine.store.indexes.versions import Version

INDEX = "main.shop.checked"
VECTOR = [0.5, 1.0]
VALUES: dict[str, list[Any]] = {
    "columns": [
        ["id"],
        ["id", "name"],
        ("id", "name"),
        ["nobody"],
        ["id", "id"],
        [],
        "id",
        [1],
        [[]],
    ],
    "query_vector": [
        VECTOR,
        np.array(VECTOR, np.float32),
        np.array(VECTOR, np.float64),
        np.array(VECTOR, ">f4"),
        np.array([VECTOR], np.float32),
        np.array([np.inf, 0], np.float32),
        np.array([3e38, 3e38], np.float32),
        np.float32(1),
        [0.5, 1],
        ["a", "b"],
        [1.0],
        [],
        None,
    ],
    "query_text": [None, "", "red", 0],
    "filters": [
        None,
        {},
        {"id <": 3},
        {"id <": 3.0},
        {"id": 1},
        {"id": True},
        {"id": 1.0},
        {"id": 1, "name": "n1"},
        {"name": "n1", "id": 1},
        {"name": 1},
        {"id": [1, 2]},
        {"id": float("nan")},
        [{"id": 1}],
        {"nobody": 1},
        {1: "id"},
        "id < 3",
        5,
    ],
    "filter_string": [None, "", "id > 1", 7],
    "num_results": [3, 1, True, 1.0, 0, "3", None],
    "score_threshold": [None, 0.0, 0.5, 0, True, "x", float("nan")],
    "query_type": [None, "ANN", "ann", "HYBRID", "FULL_TEXT", "no", np.array(["ANN", "ANN"])],
    "debug_level": [0, 1, True, 1.0],
    "query_columns": [None, ["name"], []],
    "sort_columns": [None, ["id ASC"], [], 3],
    "facets": [None, ["id"], []],
    "reranker": [None, {}],
    "columns_to_rerank": [None, ["name"], []],
    "exact": [False, True],
}
USUAL = {name: values[0] for name, values in VALUES.items()}
ASKED = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
)
ONE_APART = st.one_of(
    *(st.sampled_from(values).map(lambda v, n=name: {n: v}) for name, values in VALUES.items())  # type: ignore[misc]
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[IndexSpec, Version]:
    client = VectorSearchClient(workspace=tmp_path_factory.mktemp("checked"))
    client.create_endpoint("e")
    schema = {"id": "int", "name": "string", "v": "array<float>"}
    index = client.create_direct_access_index("e", INDEX, "id", 2, "v", schema)
    index.upsert([{"id": k, "name": f"n{k}", "v": [float(k), 0.5]} for k in range(3)])
    spec, _, version = client.workspace.version_of(INDEX)
    return spec, version


def outcome(ask: Any) -> str:
    """The checked query, or why there is none."""
    try:
        query = ask()
    except VitrineError as error:
        return f"{type(error).__name__}: {error}"
    vector = query.vector
    return f"{query!r} {vector.dtype} {vector.tobytes()!r} {vector.flags.c_contiguous}"


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(ONE_APART | ASKED, min_size=1, max_size=6), st.booleans(), st.booleans())
def test_a_shape_that_was_seen_is_checked_as_one_that_was_not(
    opened: tuple[IndexSpec, Version], asked: list[dict[str, Any]], strict: bool, inputs: bool
) -> None:
    spec, version = opened
    queries = CheckedQueries(strict, inputs)
    for one in [*asked, *asked]:
        request = QueryRequest(INDEX, **(USUAL | one))
        found = outcome(lambda r=request: queries.of(r, spec, version.columns))  # type: ignore[misc]
        plain = outcome(lambda r=request: r.checked(spec, version.columns, strict, inputs))  # type: ignore[misc]
        assert found == plain


def test_another_version_of_the_index_is_checked_anew(opened: tuple[IndexSpec, Version]) -> None:
    spec, version = opened
    queries, request = CheckedQueries(False, False), QueryRequest(INDEX, **USUAL)
    queries.of(request, spec, version.columns)
    fewer = {name: column for name, column in version.columns.items() if name != "id"}
    with pytest.raises(VitrineError, match="id"):
        queries.of(request, spec, fewer)


def test_a_callers_array_can_change_afterwards(opened: tuple[IndexSpec, Version]) -> None:
    spec, version = opened
    given_vector = np.array(VECTOR, np.float32)
    queries = CheckedQueries(False, False)
    for _ in range(2):
        request = QueryRequest(INDEX, **(USUAL | {"query_vector": given_vector}))
        query = queries.of(request, spec, version.columns)
        given_vector += 1
        assert query.vector.tolist() == (given_vector - 1).tolist()
        assert queries._kept


def test_a_filter_that_was_seen_is_not_parsed_again(opened: tuple[IndexSpec, Version]) -> None:
    spec, version = opened
    queries = CheckedQueries(False, False)

    def condition(filters: object) -> Any:
        request = QueryRequest(INDEX, **(USUAL | {"filters": filters}))
        return queries.of(request, spec, version.columns).condition

    condition(None)
    first = condition({"id <": 2})
    assert condition({"id <": 2}) is first
    for number in range(300):
        assert condition({"id <": number}) == parse_filters({"id <": number}, None, version.columns)
        (kept,) = queries._kept.values()
        assert len(kept.conditions) <= 64


def test_shapes_are_bounded(opened: tuple[IndexSpec, Version]) -> None:
    spec, version = opened
    queries = CheckedQueries(False, False)
    for number in range(1, 300):
        queries.of(QueryRequest(INDEX, **(USUAL | {"num_results": number})), spec, version.columns)
        assert len(queries._kept) <= 64
