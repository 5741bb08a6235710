"""What a single package does beside the verbs that all have: waits, defaults, models, files, helpers."""

from __future__ import annotations

import base64
import importlib
import io
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from support.needs import needs
from support.sleeps import replace_sleep
from support.syncs import settled

needs("sdk", "clients")

from conformance.world import (
    ENDPOINT,
    MANY,
    MODEL,
    SOURCE,
    TEXTS,
    VECTORS,
    World,
    vector_of,
)
from databricks.ai_search.client import AISearchClient
from databricks.sdk import WorkspaceClient, errors

CLIP = "clip-multimodal-encoder"
CLIENTS = ("local", "ai_search", "ai_search-m2m", "vector_search")


@pytest.fixture
def w(world: World) -> WorkspaceClient:
    """The real databricks-sdk."""
    return world.door("sdk").w


# ------------------------------------------------------------------ databricks.ai_search
def test_the_older_package_warns_and_has_the_same_client(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: sys.modules[name] for name in sys.modules if name.startswith("databricks.vector")}
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    with pytest.warns(DeprecationWarning, match="renamed"):
        older = importlib.import_module("databricks.vector_search.client")
    assert older.VectorSearchClient is AISearchClient


@pytest.mark.parametrize("name", CLIENTS)
def test_waiting_ends_at_once(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client, mine = world.door(name).client, f"waits-{name.replace('_', '')}"
    really_sleep = time.sleep

    def sleep(seconds: float) -> None:
        assert seconds < 1, "the package waits for what was done at once"
        really_sleep(seconds)

    replace_sleep(monkeypatch, sleep)
    client.create_endpoint_and_wait(mine, "STANDARD")
    index = client.create_delta_sync_index_and_wait(
        endpoint_name=mine,
        index_name=f"main.fashion_demo.{mine.replace('-', '_')}",
        primary_key="id",
        source_table_name=SOURCE,
        pipeline_type="TRIGGERED",
        embedding_dimension=8,
        embedding_vector_column="v",
    )
    index.sync()
    settled(index.describe)  # the package looks again after some seconds
    index.wait_until_ready(timeout=timedelta(seconds=5), wait_for_updates=True)
    assert index.describe()["status"]["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"
    client.stop_endpoint_and_wait(mine)
    client.start_endpoint_and_wait(mine)
    client.delete_index(index_name=index.name)
    client.delete_endpoint(mine)


@pytest.mark.parametrize("name", CLIENTS)
def test_whether_something_exists(world: World, name: str) -> None:
    client = world.door(name).client
    assert client.index_exists(index_name=VECTORS)
    assert client.index_exists(ENDPOINT, TEXTS)
    assert not client.index_exists(index_name="main.fashion_demo.nothing")
    assert not client.index_exists("standing-large", VECTORS)
    assert client.endpoint_exists(ENDPOINT)
    assert not client.endpoint_exists("nowhere")
    assert client.get_index(ENDPOINT, VECTORS).name == VECTORS


def test_rows_that_are_not_counted_are_five_or_ten(world: World) -> None:
    asked: dict[str, Any] = {"columns": ["id"], "query_vector": vector_of(0)}
    counts = {
        name: world.door(name).search(VECTORS, **asked)["result"]["row_count"]
        for name in (*CLIENTS, "ai_search-async", "sdk", "sdk-in-process", "sdk-ai_search", "http")
    }
    by_package = {True: 5, False: 10}  # what the client sends; what the service takes for nothing
    assert counts == {n: by_package[n in (*CLIENTS, "ai_search-async")] for n in counts}


CHECKS: dict[str, Any] = {
    "no index name": lambda c: c.get_index("main.fashion_demo.standing_vectors"),
    "rows that are no list": lambda c: c.get_index(index_name=MANY).upsert({"id": 1}),
    "rows that are no dicts": lambda c: c.get_index(index_name=MANY).upsert([1]),
    "keys that are no list": lambda c: c.get_index(index_name=MANY).delete("1"),
    "throughput": lambda c: c.create_endpoint("e", target_qps=0),
    "two policies": lambda c: c.create_endpoint("e", budget_policy_id="a", usage_policy_id="b"),
    "no pipeline": lambda c: c.create_delta_sync_index("e", "i", "id", "t", None),
    "no embedding": lambda c: c.create_delta_sync_index("e", "i", "id", "t", "TRIGGERED"),
    "two rerankers": lambda c: c.get_index(index_name=MANY).similarity_search(
        ["id"], columns_to_rerank=["id"], reranker=object()
    ),
}


@pytest.mark.parametrize("what", CHECKS)
@pytest.mark.parametrize("name", CLIENTS[1:])
def test_a_check_of_the_client_is_that_of_the_package(world: World, name: str, what: str) -> None:
    def refused(door: str) -> tuple[str, str]:
        with pytest.raises(Exception) as caught:
            CHECKS[what](world.door(door).client)
        return type(caught.value).__name__, str(caught.value).removeprefix("[INVALID_INPUT] ")

    assert refused(name) == refused("local")


# ------------------------------------------------------------------ databricks.sdk
def test_a_model_is_asked_for_vectors(world: World, w: WorkspaceClient) -> None:
    texts = ["red summer dress", "blue jeans"]
    reply = w.serving_endpoints.query(
        name=CLIP, dataframe_records=[{"text": text, "image": ""} for text in texts]
    )
    expected = world.workspace.serving.encoder(CLIP).encode_texts(texts)
    assert len(reply.predictions) == 2
    for mine, its in zip(reply.predictions, expected.tolist()):
        assert mine == pytest.approx(its, abs=1e-5)
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(photo, "PNG")
    sent = {"image": base64.b64encode(photo.getvalue()).decode()}
    (vector,) = w.serving_endpoints.query(name=CLIP, dataframe_records=[sent]).predictions
    assert sum(number * number for number in vector) == pytest.approx(1, abs=1e-4)
    older = w.serving_endpoints.query(name="clip-image-encoder", dataframe_records=[sent])
    assert older.predictions == pytest.approx(vector, abs=1e-5)


def test_a_model_s_vector_finds_what_its_text_finds(world: World, w: WorkspaceClient) -> None:
    (found,) = w.serving_endpoints.query(name=MODEL, input=["leather"]).data
    asked: dict[str, Any] = {"columns": ["id", "note"], "num_results": 3}
    by_text = world.door("sdk").search(TEXTS, query_text="leather", **asked)
    by_vector = world.door("ai_search").search(TEXTS, query_vector=found.embedding, **asked)
    rows = zip(by_text["result"]["data_array"], by_vector["result"]["data_array"], strict=True)
    for mine, its in rows:
        assert mine[:-1] == its[:-1]
        assert mine[-1] == pytest.approx(its[-1], abs=1e-5)


def test_models_are_listed_and_described(world: World, w: WorkspaceClient) -> None:
    listed = {endpoint.name for endpoint in w.serving_endpoints.list()}
    assert listed >= {CLIP, "clip-image-encoder", MODEL}
    seen = w.serving_endpoints.get(CLIP)
    assert (seen.name, seen.state.ready.value, seen.route_optimized) == (CLIP, "READY", False)
    with pytest.raises(errors.ResourceDoesNotExist, match="The given endpoint does not exist"):
        w.serving_endpoints.get("nothing")
    with pytest.raises(errors.ResourceDoesNotExist):
        w.serving_endpoints.query(name="nothing", dataframe_records=[{"text": "red"}])
    with pytest.raises(errors.InvalidParameterValue, match="neither 'text' nor 'image'"):
        w.serving_endpoints.query(name=CLIP, dataframe_records=[{"words": "red"}])


def test_files_of_a_volume_are_written_and_read(w: WorkspaceClient) -> None:
    folder = "/Volumes/main/fashion_demo/raw_data/doors"
    w.files.create_directory(folder)
    w.files.upload(f"{folder}/a photo.bin", io.BytesIO(b"0123456789"), overwrite=True)
    assert w.files.get_metadata(f"{folder}/a photo.bin").content_length == 10
    contents = w.files.download(f"{folder}/a photo.bin").contents
    with contents:
        assert contents.read() == b"0123456789"
    assert [entry.name for entry in w.files.list_directory_contents(folder)] == ["a photo.bin"]
    w.files.delete(f"{folder}/a photo.bin")
    with pytest.raises(errors.NotFound):
        w.files.get_metadata(f"{folder}/a photo.bin")


def test_who_am_i_and_which_tables_are_there(w: WorkspaceClient) -> None:
    assert w.current_user.me().user_name == "vitrine@localhost"
    assert w.get_workspace_id() > 0
    table = w.tables.get(SOURCE)
    types = {column.name: (column.type_name.value, column.type_text) for column in table.columns}
    assert types["id"] == ("INT", "int")
    assert types["v"] == ("ARRAY", "array<float>")
    assert types["seen_at"] == ("TIMESTAMP", "timestamp")
    listed = [t.full_name for t in w.tables.list("main", "fashion_demo")]
    assert {SOURCE, f"{SOURCE}_few"} <= set(listed)
    paged = w.tables.list("main", "fashion_demo", max_results=1, omit_columns=True)
    assert [(t.full_name, t.columns) for t in paged] == [(name, []) for name in listed]
    assert {c.name for c in w.tables.get(VECTORS).columns} == types.keys()
    with pytest.raises(errors.NotFound):
        w.tables.get("main.fashion_demo.nothing")
    counted = w.statement_execution.execute_statement(f"SELECT COUNT(*) FROM {SOURCE}", "any")
    assert counted.result.data_array == [["40"]]
