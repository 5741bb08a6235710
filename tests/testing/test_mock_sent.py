"""What a mock's clients refuse as the package's do: values that can't be sent as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from support.needs import needs

from engine import Workspace, mock

SCHEMA = {"id": "int", "day": "date", "v": "array<float>"}
GOOD = {"id": 1, "day": "2024-01-31", "v": [1.0, 0.0]}
SEARCH = {"columns": ["id"], "query_vector": [1.0, 0.0]}
Call = Callable[[Any], Any]
CAN_NOT_BE_SENT: dict[str, tuple[Call, str]] = {
    "a numpy vector": (lambda i: i.upsert([{**GOOD, "v": np.array([1.0, 0.0])}]), "ndarray"),
    "a float32": (lambda i: i.upsert([{**GOOD, "v": [np.float32(1), 0.0]}]), "float32"),
    "a numpy key": (lambda i: i.upsert([{**GOOD, "id": np.int64(1)}]), "int64"),
    "a date": (lambda i: i.upsert([GOOD, {**GOOD, "day": date(2024, 1, 31)}]), "date"),
    "a set": (lambda i: i.upsert([{**GOOD, "v": {1.0, 0.0}}]), "set"),
    "a key to delete": (lambda i: i.delete([1, np.int64(2)]), "int64"),
    "a float32 to search": (
        lambda i: i.similarity_search(["id"], query_vector=[np.float32(1), 0.0]),
        "float32",
    ),
    "a date in a filter": (
        lambda i: i.similarity_search(**SEARCH, filters={"day": date(2024, 1, 31)}),
        "date",
    ),
    "a decimal in a filter": (
        lambda i: i.similarity_search(**SEARCH, filters=[{"id <": Decimal("2.5")}]),
        "Decimal",
    ),
}


def made(client: Any) -> Any:
    client.create_endpoint("e")
    index = client.create_direct_access_index("e", "main.t.i", "id", 2, "v", SCHEMA)
    index.upsert([GOOD])
    return index


@pytest.mark.parametrize(("call", "kind"), CAN_NOT_BE_SENT.values(), ids=list(CAN_NOT_BE_SENT))
def test_what_the_package_can_not_send_fails_in_the_mock_too(
    workspace: Workspace, call: Call, kind: str
) -> None:
    needs("clients")
    words = f"Object of type {kind} is not JSON serializable"
    with (cloud := mock(workspace)):
        from databricks.vector_search.client import VectorSearchClient

        client = VectorSearchClient()
        index = made(client)
        asked = len(cloud.calls)
        with pytest.raises(TypeError, match=words):
            call(index)

        async def awaited() -> None:
            await call(client.get_async_index(index_name="main.t.i"))

        with pytest.raises(TypeError, match=words):
            asyncio.run(awaited())
        assert len(cloud.calls) == asked + 1  # that of get_async_index
        assert [row["fields"][0]["value"] for row in index.scan()["data"]] == [
            {"number_value": 1.0}
        ]


def test_what_the_package_sends_or_refuses_otherwise_is_as_it_is(workspace: Workspace) -> None:
    needs("clients")
    with mock(workspace):
        from databricks.vector_search.client import VectorSearchClient

        index = made(VectorSearchClient())
        tuple_row = {**GOOD, "id": 2, "v": (np.float64(0.0), True + 0)}
        assert index.upsert([tuple_row])["status"] == "SUCCESS"
        assert index.upsert([{**GOOD, "v": [float("nan"), 0.0]}])["status"] == "FAILURE"
        for wrong in ({"id": {1}}, [{1}], (GOOD,), "x"):
            with pytest.raises(AssertionError, match="inputs must be of type"):
                index.upsert(wrong)
        with pytest.raises(AssertionError, match="inputs must be of type"):
            index.delete({1})
        found = index.similarity_search(("id",), query_vector=(np.float64(1.0), 0), filters=())
        assert found["result"]["row_count"] == 2
