"""The clients' own retries and errors, each fault, over HTTP and behind the mock alike.

Over HTTP these are the real packages' loops; the mock's are held to the same calls, waits and classes.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
import time
import warnings
from collections.abc import Coroutine
from typing import Any

import pytest

from .conftest import INDEX, ROWS, Cloud

pytestmark = pytest.mark.filterwarnings("ignore:databricks-vectorsearch is deprecated")
SEARCH: dict[str, Any] = {"columns": ["id"], "query_vector": [1.0, 0.0], "num_results": 1}
NEW = [{"id": 3, "v": [1.0, 1.0]}, {"id": 4, "v": [0.5, 1.0]}]
LATE = 0.6  # seconds that a busy machine may be late


def exceptions(package: str = "ai_search") -> Any:
    return importlib.import_module(f"databricks.{package}.exceptions")


def about(found: list[float], told: list[float], more: float = 0.0) -> bool:
    """Whether waits are what was told, or a little longer, with a random part of up to `more`."""
    return len(found) == len(told) and all(
        t - 0.01 <= f <= t + more + LATE for f, t in zip(found, told)
    )


# ------------------------------------------------------------------ the packages over requests
@pytest.mark.parametrize("package", ["ai_search", "vector_search"])
def test_a_query_waits_as_long_as_it_is_told_and_then_succeeds(cloud: Cloud, package: str) -> None:
    index = cloud.index(package)
    cloud.faults.fail("query_index", times=2, status=429, retry_after=1)
    found = index.similarity_search(**SEARCH)
    assert [row[0] for row in found["result"]["data_array"]] == [1]
    assert cloud.calls.of("query_index").statuses == [429, 429, 200]
    assert about(cloud.waits("query_index"), [1, 1])
    assert cloud.calls[-1].body["query_vector"] == [1.0, 0.0]


def test_a_query_gives_up_after_its_retries(cloud: Cloud) -> None:
    from requests.exceptions import RetryError

    index = cloud.index()
    cloud.faults.fail("query_index", times=None, status=503)
    with pytest.raises(RetryError, match="too many 503 error responses"):
        index.similarity_search(**SEARCH, backoff_factor=0.05)
    assert cloud.calls.of("query_index").statuses == [503] * 4
    assert about(cloud.waits("query_index"), [0, 0.1, 0.2], more=0.2)
    cloud.faults.clear()
    assert index.similarity_search(**SEARCH)["result"]["row_count"] == 1


def test_without_retries_one_call_is_made(cloud: Cloud) -> None:
    from requests.exceptions import RetryError

    index = cloud.index()
    cloud.faults.fail("query_index", status=503)
    with pytest.raises(RetryError):
        index.similarity_search(**SEARCH, total_retries=0)
    assert cloud.calls.of("query_index").statuses == [503]


@pytest.mark.parametrize("package", ["ai_search", "vector_search"])
def test_a_write_that_is_refused_is_not_tried_again(cloud: Cloud, package: str) -> None:
    index = cloud.index(package)
    cloud.faults.fail("upsert_data*", status=429, retry_after=1)
    with pytest.raises(exceptions(package).TooManyRequests, match="exceeded the rate limit") as met:
        index.upsert(NEW)
    assert (met.value.status_code, met.value.error_code) == (429, "REQUEST_LIMIT_EXCEEDED")
    assert cloud.calls.of("upsert_data*").statuses == [429]
    assert cloud.keys() == [1, 2]
    assert index.upsert(NEW)["status"] == "SUCCESS"
    assert cloud.keys() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("status", "name", "code"),
    [
        (500, "AISearchException", "INTERNAL_ERROR"),
        (403, "PermissionDenied", "PERMISSION_DENIED"),
        (404, "NotFound", "RESOURCE_DOES_NOT_EXIST"),
        (409, "ResourceConflict", "RESOURCE_CONFLICT"),
        (400, "BadRequest", "BAD_REQUEST"),
    ],
)
def test_other_errors_arise_at_once_in_their_class(
    cloud: Cloud, status: int, name: str, code: str
) -> None:
    index = cloud.index()
    cloud.faults.fail("query_index", status=status)
    with pytest.raises(exceptions().AISearchException) as met:
        index.similarity_search(**SEARCH)
    assert isinstance(met.value, getattr(exceptions(), name))
    assert (met.value.status_code, met.value.error_code) == (status, code)
    assert str(met.value).startswith(f"[{code}]")
    assert cloud.calls.of("query_index").statuses == [status]


def test_a_reset_connection_is_tried_again_where_the_method_allows(cloud: Cloud) -> None:
    from requests.exceptions import ConnectionError as Broken

    index = cloud.index()
    cloud.faults.reset("query_index")
    assert index.similarity_search(**SEARCH)["result"]["row_count"] == 1
    assert cloud.calls.of("query_index").statuses == [None, 200]
    cloud.faults.reset("upsert_data*")
    with pytest.raises(Broken, match=r"Connection aborted.*reset by peer"):
        index.upsert(NEW)
    assert cloud.calls.of("upsert_data*").statuses == [None]
    assert cloud.keys() == [1, 2]


def test_a_write_whose_answer_was_cut_was_carried_out(cloud: Cloud) -> None:
    from requests.exceptions import ChunkedEncodingError

    index = cloud.index()
    cloud.faults.reset("upsert_data*", mid_answer=True)
    with pytest.raises(ChunkedEncodingError):
        index.upsert(NEW)
    assert cloud.calls.of("upsert_data*").faulty[0].fault == "closed mid-answer"
    assert cloud.calls.of("upsert_data*").statuses == [None]  # the same over HTTP and in the mock
    assert cloud.keys() == [1, 2, 3, 4]


def test_asking_whether_an_index_exists_is_recorded_as_the_api_answers_it(cloud: Cloud) -> None:
    client = cloud.client()
    assert client.index_exists("test_endpoint", INDEX)
    assert not client.index_exists("test_endpoint", "main.shop.none")
    assert cloud.calls.of("get_index").statuses == [200, 404]


def test_a_slow_answer_comes_late(cloud: Cloud) -> None:
    index = cloud.index()
    cloud.faults.wait_scale = 1.0
    cloud.faults.slow("query_index", seconds=0.4)
    began = time.monotonic()
    assert index.similarity_search(**SEARCH)["result"]["row_count"] == 1
    assert time.monotonic() - began >= 0.4
    assert cloud.calls.of("query_index").faulty.statuses == [200]


def test_a_slow_answer_ends_with_the_test(cloud: Cloud) -> None:
    index = cloud.index()
    cloud.faults.wait_scale = 1.0
    cloud.faults.slow("query_index", seconds=600)
    met = threading.Event()
    taken, cloud.faults.take = cloud.faults.take, None  # type: ignore[method-assign, assignment]
    cloud.faults.take = lambda *given: (taken(*given), met.set())[0]  # type: ignore[method-assign]
    found: list[Any] = []
    asking = threading.Thread(target=lambda: found.append(index.similarity_search(**SEARCH)))
    asking.start()
    assert met.wait(30)
    cloud.faults.close()
    asking.join(30)
    assert found and found[0]["result"]["row_count"] == 1


@pytest.mark.parametrize("given", [{"keys": [3]}, {"share": 0.5}, {"share": 0.5, "seed": 1}])
def test_rows_of_a_partial_upsert_are_really_not_written(cloud: Cloud, given: Any) -> None:
    index = cloud.index()
    cloud.faults.partial_upsert(**given)
    reply = index.upsert(NEW)
    (failed,) = reply["result"]["failed_primary_keys"]
    assert reply["status"] == "PARTIAL_SUCCESS"
    assert reply["result"]["success_row_count"] == 1
    assert cloud.keys() == sorted({1, 2, 3, 4} - {int(failed)})
    assert index.upsert(NEW)["status"] == "SUCCESS"
    assert cloud.keys() == [1, 2, 3, 4]


def test_an_upsert_of_which_every_row_fails(cloud: Cloud) -> None:
    index = cloud.index()
    cloud.faults.partial_upsert(keys=[1, 3, 4])
    assert index.upsert(NEW)["status"] == "FAILURE"
    assert cloud.keys() == [1, 2]
    cloud.faults.partial_upsert(keys=["nobody"])
    assert index.upsert(NEW)["status"] == "SUCCESS"


def test_calls_are_recorded_in_order(cloud: Cloud) -> None:
    index = cloud.index()
    index.upsert(NEW)
    index.similarity_search(**SEARCH)
    index.delete([3])
    index.describe()
    index.scan()
    table = cloud.calls
    called = [call for call in table if not call.operation.startswith("login")]
    assert [(call.method, call.operation) for call in called] == [
        ("GET", "get_index"),
        ("POST", "upsert_data_vector_index"),
        ("GET", "query_index"),
        ("DELETE", "delete_data_vector_index"),
        ("GET", "get_index"),
        ("GET", "scan_index"),
    ]
    assert all(call.path.startswith("/api/2.0/vector-search/") for call in called)
    assert INDEX in called[1].path
    assert called[1].body == {
        "inputs_json": '[{"id": 3, "v": [1.0, 1.0]}, {"id": 4, "v": [0.5, 1.0]}]'
    }
    assert called[3].body == {"primary_keys": [3]}
    assert table.statuses == [200] * len(table)
    assert [call.at for call in table] == sorted(call.at for call in table)


def test_endpoints_and_indexes_meet_faults_too(cloud: Cloud) -> None:
    client = cloud.client()
    cloud.faults.fail("create_endpoint", status=500)
    with pytest.raises(exceptions().AISearchException, match="INTERNAL_ERROR"):
        client.create_endpoint("another")
    client.create_endpoint("another")
    cloud.faults.fail("create_index", status=409)
    options = {"embedding_dimension": 2, "embedding_vector_column": "v", "primary_key": "id"}
    schema = {"id": "int", "v": "array<float>"}
    with pytest.raises(exceptions().ResourceConflict):
        client.create_direct_access_index("another", "main.shop.other", schema=schema, **options)
    made = client.create_direct_access_index("another", "main.shop.other", schema=schema, **options)
    cloud.faults.fail("GET *main.shop.other", status=404)
    with pytest.raises(exceptions().NotFound):
        made.describe()
    created = cloud.calls.of("create_*")
    assert created.operations == ["create_endpoint"] * 2 + ["create_index"] * 2
    assert created.statuses == [500, 200, 409, 200]
    assert cloud.calls.of("get_index").statuses == [404]


def test_a_sync_that_is_refused_can_be_asked_for_again(cloud: Cloud) -> None:
    made = cloud.mirror.index("main.shop.synced", ROWS)
    index = cloud.client().get_index(index_name=made.name)
    cloud.faults.fail("sync_index", status=429)
    with pytest.raises(exceptions().TooManyRequests):
        index.sync()
    index.sync()
    index.wait_until_ready(wait_for_updates=True)
    assert cloud.calls.of("sync_index").statuses == [429, 200]


# ------------------------------------------------------------------ the async index
def run(cloud: Cloud, call: Coroutine[Any, Any, Any]) -> Any:
    """The outcome of a coroutine, after which the package's connections are closed."""

    async def closing() -> Any:
        try:
            return await call
        finally:
            if not cloud.is_mock:
                from databricks.ai_search.async_utils import aclose_all_clients

                await aclose_all_clients()

    return asyncio.run(closing())


def test_the_async_index_tries_writes_again_too(cloud: Cloud) -> None:
    async def upsert() -> Any:
        index = cloud.client().get_async_index(index_name=INDEX)
        cloud.faults.fail("upsert_data*", status=429, retry_after=1)
        return await index.upsert(NEW)

    assert run(cloud, upsert())["status"] == "SUCCESS"
    assert cloud.calls.of("upsert_data*").statuses == [429, 200]
    assert about(cloud.waits("upsert_data*"), [1])


def test_the_async_index_gives_up_with_the_clouds_error(cloud: Cloud) -> None:
    async def search() -> Any:
        index = cloud.client().get_async_index(index_name=INDEX)
        cloud.faults.fail("query_index", times=None, status=503)
        return await index.similarity_search(**SEARCH, backoff_factor=0.05)

    with pytest.raises(exceptions().AISearchException, match="TEMPORARILY_UNAVAILABLE") as met:
        run(cloud, search())
    assert met.value.status_code == 503
    assert cloud.calls.of("query_index").statuses == [503] * 4
    assert about(cloud.waits("query_index"), [0.05, 0.1, 0.2], more=0.1)


def test_the_async_index_after_broken_connections(cloud: Cloud) -> None:
    import httpx

    async def search(times: int | None, mid_answer: bool) -> Any:
        index = cloud.client().get_async_index(index_name=INDEX)
        cloud.faults.reset("query_index", times=times, mid_answer=mid_answer)
        options = {"total_retries": 1, "backoff_factor": 0.01}
        return await index.similarity_search(**SEARCH, **options)

    for mid_answer in (False, True):
        assert run(cloud, search(1, mid_answer))["result"]["row_count"] == 1
    with pytest.raises(httpx.ReadError):
        run(cloud, search(None, False))
    met = [call.fault for call in cloud.calls.of("query_index")]
    assert met == ["reset", None, "closed mid-answer", None, "reset", "reset"]


def test_rows_of_an_async_upsert_fail_too(cloud: Cloud) -> None:
    async def upsert() -> Any:
        index = cloud.client().get_async_index(index_name=INDEX)
        cloud.faults.partial_upsert(keys=[4])
        return await index.upsert(NEW)

    assert run(cloud, upsert())["result"]["failed_primary_keys"] == ["4"]
    assert cloud.keys() == [1, 2, 3]


# ------------------------------------------------------------------ the SDK
def sdk_query(client: Any) -> Any:
    return client.vector_search_indexes.query_index(
        INDEX, ["id"], query_vector=[1.0, 0.0], num_results=1
    )


def test_the_sdk_waits_as_long_as_it_is_told(cloud: Cloud) -> None:
    client = cloud.sdk()
    cloud.faults.fail("query_index", status=429, retry_after=1)
    assert sdk_query(client).result.row_count == 1
    assert cloud.calls.of("query_index").statuses == [429, 200]
    assert about(cloud.waits("query_index"), [1], more=1)


def test_the_sdk_gives_up_when_its_time_is_over(cloud: Cloud) -> None:
    client = cloud.sdk(retry_timeout_seconds=1)
    cloud.faults.fail("query_index", times=None, status=503, retry_after=60 if cloud.is_mock else 1)
    with pytest.raises(TimeoutError, match="Timed out after") as met:
        sdk_query(client)
    assert "temporarily unavailable" in str(met.value.__cause__)
    statuses = cloud.calls.of("query_index").statuses
    assert set(statuses) == {503} and 1 <= len(statuses) <= 5


def test_the_sdk_raises_other_errors_at_once(cloud: Cloud) -> None:
    from databricks.sdk.errors import DatabricksError, InternalError, Unauthenticated

    client = cloud.sdk()
    for status, kind in ((500, InternalError), (401, Unauthenticated)):
        cloud.faults.fail("query_index", status=status)
        with pytest.raises(DatabricksError) as met:
            sdk_query(client)
        assert isinstance(met.value, kind)
    assert cloud.calls.of("query_index").statuses == [500, 401]


def test_the_sdk_tries_again_after_a_reset(cloud: Cloud) -> None:
    client = cloud.sdk()
    cloud.faults.reset("query_index")
    assert sdk_query(client).result.row_count == 1
    assert cloud.calls.of("query_index").statuses == [None, 200]
    assert about(cloud.waits("query_index"), [1], more=1)


def test_the_sdk_sees_which_rows_failed(cloud: Cloud) -> None:
    import json

    client = cloud.sdk()
    cloud.faults.partial_upsert(share=0.5)
    reply = client.vector_search_indexes.upsert_data_vector_index(INDEX, json.dumps(NEW))
    assert reply.status.value == "PARTIAL_SUCCESS"
    assert reply.result.failed_primary_keys == ["3"]
    assert cloud.keys() == [1, 2, 4]
    cloud.faults.partial_upsert(keys=[9])
    with pytest.raises(Exception, match=r"main\.shop\.nothing"):
        client.vector_search_indexes.upsert_data_vector_index("main.shop.nothing", json.dumps(NEW))


def test_catalogs_and_statements_meet_faults_too(cloud: Cloud) -> None:
    client = cloud.sdk()
    cloud.faults.fail("list_catalogs", status=500)
    cloud.faults.fail("execute_statement", status=500)
    with pytest.raises(Exception, match="failed inside the service"):
        list(client.catalogs.list())
    with pytest.raises(Exception, match="failed inside the service"):
        client.statement_execution.execute_statement("SELECT 1", "w")
    assert list(client.catalogs.list())


# ------------------------------------------------------------------ the end
def test_no_fault_outlives_its_cloud(workspace: Any) -> None:
    from engine import mock

    cloud = mock(workspace)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ZeroDivisionError), cloud:
            workspace.create_endpoint("e")
            cloud.faults.fail("*", times=None)
            raise ZeroDivisionError
    with pytest.raises(Exception, match="its faults are there inside"):
        cloud.faults  # noqa: B018
    with cloud:
        from databricks.vector_search.client import VectorSearchClient

        assert VectorSearchClient().get_endpoint("e")["name"] == "e"
        assert cloud.calls.operations == ["get_endpoint"]


def test_the_mock_tells_of_a_fault_that_no_call_met(workspace: Any) -> None:
    from engine import mock
    from engine.doors.faults.faults import UnusedFault

    with pytest.warns(UnusedFault, match="query_index: 503"), (cloud := mock(workspace)):
        cloud.faults.fail("query_index")
