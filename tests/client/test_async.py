"""The async index: the sync one's answers, and calls that end as if never made when cancelled."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.syncs import settled, synced

import engine
from engine import (
    AISearchIndex,
    AsyncAISearchIndex,
    AsyncVectorSearchIndex,
    BadRequest,
    InvalidInputException,
    InvalidParameterValue,
    NotFound,
    VectorSearchClient,
    VectorSearchIndex,
    Workspace,
)
from engine.service import cancellation
from engine.service.indexes import direct_access as direct
from engine.service.serving import text_vectors
from engine.service.sync import source_rows

ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
INDEX = "main.fashion_demo.vs_image_search"
DIRECT = "main.fashion_demo.notes"
DIMENSION = 16
METHODS = ["upsert", "delete", "describe", "sync", "scan", "similarity_search"]

Run = Callable[..., Any]
Products = Callable[..., pa.Table]


def row(key: int, text: str = "a", dimension: int = 4) -> dict[str, Any]:
    """A row of the direct access index."""
    return {"id": key, "text": text, "vector": [float(key), *[1.0] * (dimension - 1)]}


@pytest.fixture
def notes(client: VectorSearchClient) -> VectorSearchIndex:
    """A direct access index with the rows 1, 2 and 3."""
    made = client.create_direct_access_index(
        ENDPOINT,
        DIRECT,
        "id",
        4,
        "vector",
        {"id": "long", "text": "string", "vector": "array<float>"},
    )
    made.upsert([row(key) for key in (1, 2, 3)])
    return made


def in_async(client: VectorSearchClient, use: Callable[[Any], Awaitable[Any]], name: str) -> Any:
    """What `use` returns for the async index of this name."""

    async def run() -> Any:
        async with client.get_async_index(index_name=name) as index:
            return await use(index)

    return asyncio.run(run())


def keys_in(index: VectorSearchIndex) -> list[int]:
    """Keys of a direct access index, ascending."""
    reply = index.similarity_search(columns=["id"], query_vector=[0.0] * 4, num_results=10_000)
    return sorted(int(values[0]) for values in reply["result"].get("data_array", []))


def files_of(client: VectorSearchClient) -> dict[str, bytes]:
    """Every file of the workspace and its bytes, and every folder."""
    root = Path(client.workspace.path)
    return {
        str(p.relative_to(root)): p.read_bytes() if p.is_file() else b"" for p in root.rglob("*")
    }


def left_behind(client: VectorSearchClient, name: str) -> set[str]:
    """Folders of segments, and temporary files, that no version of an index has."""
    folder = Path(client.workspace.path) / "indexes" / name
    _, versions, _ = client.workspace.version_of(name)
    used = {part.segment.id for number in versions.numbers() for part in versions.get(number).parts}
    segments = {path.name for path in folder.glob("segments/*")}
    return (segments - used) | {path.name for path in folder.rglob(".writing-*")}


class Gate:
    """Holds calls of a function: shows when one has begun, and lets it go on when it is opened."""

    def __init__(self) -> None:
        self.begun, self.open, self.running = threading.Event(), threading.Event(), 0
        self._gone: threading.Event | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller of the call that began last has gone."""
        return self._gone is not None and self._gone.is_set()

    def around(self, function: Run) -> Run:
        def held(*given: Any, **named: Any) -> Any:
            self.running += 1
            try:
                self._gone = cancellation._token.get()
                self.begun.set()
                assert self.open.wait(20)
                return function(*given, **named)
            finally:
                self.running -= 1

        return held

    async def entered(self) -> None:
        """Wait, without a thread of the loop's, until a call has begun."""
        while not self.begun.is_set():
            await asyncio.sleep(0.002)


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    # The progress bar of a sync that encodes starts one for the whole process.
    assert [thread for thread in left if thread.name != "tqdm_monitor"] == []


# ------------------------------------------------------------------ the class
def arguments(function: Run) -> list[tuple[str, object, object]]:
    """(name, kind, default) of each argument but self and private ones."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [(p.name, p.kind, p.default) for p in parameters if not p.name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_a_coroutine_with_the_sync_ones_arguments(name: str) -> None:
    method = getattr(AsyncAISearchIndex, name)
    assert inspect.iscoroutinefunction(method)
    assert arguments(method) == arguments(getattr(AISearchIndex, name))


def test_there_are_the_packages_methods_and_no_others() -> None:
    public = {name for name in vars(AsyncAISearchIndex) if not name.startswith("_")}
    assert public == {*METHODS, "aclose"}


def test_both_names_are_one_class() -> None:
    assert AsyncVectorSearchIndex is AsyncAISearchIndex is engine.AsyncAISearchIndex


def test_the_client_gives_one_without_being_awaited(
    client: VectorSearchClient, notes: VectorSearchIndex
) -> None:
    found = client.get_async_index(ENDPOINT, DIRECT)
    assert isinstance(found, AsyncAISearchIndex)
    for name in ("name", "index_url", "workspace_url", "endpoint_name", "personal_access_token"):
        assert getattr(found, name) == getattr(notes, name)
    assert (found.total_retries, found.backoff_factor, found.backoff_jitter) == (3, 1, 0.2)


def test_the_client_refuses_as_for_the_sync_one(client: VectorSearchClient) -> None:
    with pytest.raises(AssertionError, match="Index name must be specified"):
        client.get_async_index()
    with pytest.raises(NotFound):
        client.get_async_index(index_name="main.shop.nothing")


def test_what_is_not_offered_is_named(client: VectorSearchClient, notes: VectorSearchIndex) -> None:
    with pytest.raises(
        AttributeError, match=r"'wait_until_ready' is not offered.*similarity_search"
    ):
        client.get_async_index(index_name=DIRECT).wait_until_ready()


# ------------------------------------------------------------------ the same answers
def same(reply: Any) -> Any:
    """A reply without what two calls can't have in common: times."""
    return {key: value for key, value in reply.items() if key != "debug_info"}


@pytest.mark.parametrize(
    "search",
    [
        {"query_vector": [0.25] * DIMENSION, "columns": ["product_id", "price"]},
        {"query_vector": [0.5] * DIMENSION, "columns": ["tags"], "num_results": 50},
        {
            "query_vector": [-0.5] * DIMENSION,
            "columns": ["product_id", "gender"],
            "filters": {"gender": "Women"},
            "score_threshold": 0.3,
            "debug_level": 1,
        },
        {
            "query_vector": [1.0] * DIMENSION,
            "columns": ["product_id"],
            "sort_columns": ["price DESC"],
            "query_type": "ann",
        },
    ],
    ids=["plain", "many", "filtered", "sorted"],
)
def test_a_search_answers_as_the_sync_index(
    client: VectorSearchClient, create_index: Run, search: dict[str, Any]
) -> None:
    index = create_index()
    got = in_async(client, lambda made: made.similarity_search(**search), INDEX)
    assert same(got) == same(index.similarity_search(**search))
    assert ("debug_info" in got) == ("debug_level" in search)


def test_scan_and_describe_answer_as_the_sync_index(
    client: VectorSearchClient, create_index: Run
) -> None:
    index = create_index()
    assert in_async(client, lambda made: made.describe(), INDEX) == index.describe()
    assert in_async(client, lambda made: made.scan(), INDEX) == index.scan()
    page = index.scan(7)["last_primary_key"]
    assert in_async(client, lambda made: made.scan(5, page), INDEX) == index.scan(5, page)


def test_a_sync_does_what_the_sync_index_does(
    client: VectorSearchClient, create_index: Run, make_products: Products
) -> None:
    index = create_index()
    client.workspace.write_table(TABLE, make_products(rows=45, seed=3))
    assert in_async(client, lambda made: made.sync(), INDEX) == {}
    assert settled(index.describe)["indexed_row_count"] == 45
    before = files_of(client)
    synced(index)
    assert files_of(client) == before  # nothing was left to do


def test_writes_answer_and_do_what_the_sync_index_does(
    client: VectorSearchClient, notes: VectorSearchIndex
) -> None:
    bad = {**row(9), "vector": [1.0]}
    wrote = in_async(client, lambda made: made.upsert([row(4), bad]), DIRECT)
    assert wrote == notes.upsert([row(4), bad])
    assert wrote["result"]["failed_primary_keys"] == ["9"]
    assert keys_in(notes) == [1, 2, 3, 4]
    gone = in_async(client, lambda made: made.delete([2, 77]), DIRECT)
    assert gone == notes.delete([2, 77])
    assert keys_in(notes) == [1, 3, 4]


def test_fifty_searches_at_once_answer_as_one_by_one(
    client: VectorSearchClient, create_index: Run
) -> None:
    index = create_index()
    queries = np.random.default_rng(5).normal(size=(50, DIMENSION)).tolist()

    def ask(made: Any, query: list[float]) -> Any:
        return made.similarity_search(["product_id", "price"], query_vector=query, num_results=7)

    async def all_at_once(made: Any) -> list[Any]:
        return await asyncio.gather(*(ask(made, query) for query in queries))

    assert in_async(client, all_at_once, INDEX) == [ask(index, query) for query in queries]


def test_context_variables_of_the_caller_are_seen_in_the_thread(
    client: VectorSearchClient, notes: VectorSearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")
    monkeypatch.setattr(AISearchIndex, "describe", lambda self: {"name": name.get()})

    async def use(made: Any) -> Any:
        name.set("me")
        return await made.describe()

    assert in_async(client, use, DIRECT) == {"name": "me"}


def test_a_write_is_what_was_given_at_the_call(
    client: VectorSearchClient,
    notes: VectorSearchIndex,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AISearchIndex, "upsert", gate.around(AISearchIndex.upsert))
    rows = [row(4), row(5)]

    async def use(made: Any) -> None:
        task = asyncio.ensure_future(made.upsert(rows))
        await gate.entered()
        rows[0]["id"] = 40
        rows.clear()
        gate.open.set()
        await task

    in_async(client, use, DIRECT)
    assert keys_in(notes) == [1, 2, 3, 4, 5]


# ------------------------------------------------------------------ errors
def test_errors_are_those_of_the_sync_index(
    client: VectorSearchClient, notes: VectorSearchIndex
) -> None:
    async def use(made: Any) -> None:
        with pytest.raises(BadRequest, match="not present in index: nope"):
            await made.similarity_search(["nope"], query_vector=[1.0] * 4)
        with pytest.raises(ValueError, match="cannot both be provided"):
            await made.similarity_search(["id"], columns_to_rerank=["text"], reranker=object())
        with pytest.raises(InvalidParameterValue, match="Sync needs a Delta Sync Index"):
            await made.sync()
        with pytest.raises(AssertionError, match="List of dictionaries"):
            await made.upsert({"id": 1})
        with pytest.raises(AssertionError, match="List of dicts"):
            await made.upsert(["1"])
        with pytest.raises(AssertionError, match="inputs must be of type: List"):
            await made.delete("1")
        client.delete_index(index_name=DIRECT)
        with pytest.raises(NotFound):
            await made.describe()

    in_async(client, use, DIRECT)


def test_a_closed_index_says_so(client: VectorSearchClient, notes: VectorSearchIndex) -> None:
    async def use(made: Any) -> None:
        await made.aclose()
        await made.aclose()
        for call in (made.describe, made.sync, lambda: made.delete([1]), made.scan):
            with pytest.raises(InvalidInputException, match=f"{DIRECT} is closed.*get_async_index"):
                await call()

    in_async(client, use, DIRECT)
    assert keys_in(notes) == [1, 2, 3]


# ------------------------------------------------------------------ cancellation
def wait_until_cancelled() -> None:
    """Hold the thread of a call until its caller has gone."""
    gone = cancellation._token.get()
    assert gone is not None and gone.wait(20)


class SlowSource:
    """Reading of a table, a row at a time; the second one comes when the call was cancelled."""

    def __init__(self) -> None:
        self.begun, self.rows_read, self.ended = threading.Event(), 0, 0
        self._read = source_rows.read_batches

    def __call__(self, table: Any, path: Path, columns: Any, rows: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._read(table, path, columns, 1):
                self.rows_read += 1
                yield batch
                if not self.begun.is_set():
                    self.begun.set()
                    wait_until_cancelled()
        finally:
            self.ended += 1


async def begins(call: Coroutine[Any, Any, Any], begun: threading.Event) -> asyncio.Task[Any]:
    """The task of a call, once its thread has come to what sets `begun`."""
    task = asyncio.ensure_future(call)
    while not begun.is_set():
        await asyncio.sleep(0.002)
    return task


async def cancelled(call: Coroutine[Any, Any, Any], begun: threading.Event) -> None:
    """Cancel a call that has begun."""
    task = await begins(call, begun)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def timed_out(call: Coroutine[Any, Any, Any], begun: threading.Event) -> None:
    """Give a call less time than it needs."""
    task = await begins(call, begun)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(task, 0.2)


@pytest.fixture
def waiting(client: VectorSearchClient) -> VectorSearchClient:
    """The same workspace, whose syncs are waited for."""
    settings = replace(client.workspace.settings, waiting_syncs=True)
    return VectorSearchClient(workspace=Workspace(settings=settings))


@pytest.mark.parametrize("end", [cancelled, timed_out])
def test_a_sync_that_is_cancelled_leaves_every_file_as_it_was(
    client: VectorSearchClient,
    waiting: VectorSearchClient,
    create_index: Run,
    make_products: Products,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[..., Awaitable[None]],
) -> None:
    index = create_index()
    query = {"columns": ["product_id"], "query_vector": [0.5] * DIMENSION, "num_results": 60}
    answer = index.similarity_search(**query)
    client.workspace.write_table(TABLE, make_products(rows=80, seed=1))
    before = files_of(client)
    source = SlowSource()
    monkeypatch.setattr(source_rows, "read_batches", source)

    async def use(made: Any) -> None:
        await end(made.sync(), source.begun)
        assert source.ended == 1  # the thread's work is over when the caller hears of it
        assert 0 < source.rows_read < 80
        assert files_of(client) == before

    in_async(waiting, use, INDEX)
    assert index.similarity_search(**query) == answer
    monkeypatch.undo()
    assert synced(index)["indexed_row_count"] == 80
    assert left_behind(client, INDEX) == set()
    assert client.workspace.check_index(INDEX) == []


def test_a_second_sync_works_on_the_same_async_index_after_a_cancelled_one(
    client: VectorSearchClient,
    waiting: VectorSearchClient,
    create_index: Run,
    make_products: Products,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = create_index()
    client.workspace.write_table(TABLE, make_products(rows=80, seed=1))

    async def use(made: Any) -> None:
        with monkeypatch.context() as patch:
            source = SlowSource()
            patch.setattr(source_rows, "read_batches", source)
            await cancelled(made.sync(), source.begun)
        await made.sync()

    in_async(waiting, use, INDEX)
    assert index.describe()["status"]["indexed_row_count"] == 80


def test_a_sync_goes_on_when_its_caller_does_not(
    client: VectorSearchClient,
    create_index: Run,
    make_products: Products,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The call only asks for it, and there is nothing left to cancel."""
    index = create_index()
    client.workspace.write_table(TABLE, make_products(rows=80, seed=1))
    entered, may_go = threading.Event(), threading.Event()
    read = source_rows.read_batches

    def held(*args: Any, **kwargs: Any) -> Any:
        entered.set()
        assert may_go.wait(60)
        return read(*args, **kwargs)

    monkeypatch.setattr(source_rows, "read_batches", held)

    async def use(made: Any) -> None:
        assert await made.sync() == {}
        task = asyncio.ensure_future(made.describe())
        await asyncio.sleep(0)
        task.cancel()

    in_async(client, use, INDEX)
    assert entered.wait(60)
    status = index.describe()["status"]
    assert (status["detailed_state"], status["indexed_row_count"]) == (
        "ONLINE_TRIGGERED_UPDATE",
        60,
    )
    may_go.set()
    assert settled(index.describe)["indexed_row_count"] == 80


class SlowEncoder:
    """Encodes texts of `number word` as (number, 1); a call that is held waits for its caller to go."""

    name, dimension, fingerprint = "slow", 2, "slow-1"

    def __init__(self) -> None:
        self.begun, self.seen, self.is_held = threading.Event(), [], False

    def encode_texts(self, texts: Any) -> Any:
        self.begun.set()
        if self.is_held:
            wait_until_cancelled()
        self.seen += list(texts)
        return np.array([[float(text.split()[0]), 1.0] for text in texts], dtype=np.float32)


def test_a_sync_cancelled_while_it_encodes_publishes_nothing_and_forgets_no_vector(
    waiting: VectorSearchClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = waiting
    name, source, model = "main.shop.texts", "main.shop.texts_source", SlowEncoder()
    client.workspace.serving.use("slow", model)
    monkeypatch.setattr(text_vectors, "BATCH_TEXTS", 4)

    def table(rows: int) -> pa.Table:
        return pa.table({"id": list(range(rows)), "text": [f"{i} word" for i in range(rows)]})

    client.workspace.write_table(source, table(2))
    index = client.create_delta_sync_index(
        ENDPOINT,
        name,
        "id",
        source,
        "TRIGGERED",
        embedding_source_column="text",
        embedding_model_endpoint_name="slow",
    )
    client.workspace.write_table(source, table(80))
    before = {file: data for file, data in files_of(client).items() if "cache" not in file}
    model.is_held = True
    model.begun.clear()

    async def use(made: Any) -> None:
        await cancelled(made.sync(), model.begun)
        after = {file: data for file, data in files_of(client).items() if "cache" not in file}
        assert after == before
        assert 2 < len(model.seen) < 80
        model.is_held = False
        await made.sync()

    in_async(client, use, name)
    assert index.describe()["status"]["indexed_row_count"] == 80
    assert sorted(model.seen) == sorted(f"{i} word" for i in range(80))  # each of them once
    assert left_behind(client, name) == set()


def test_an_upsert_cancelled_before_its_first_step_does_nothing(
    client: VectorSearchClient, notes: VectorSearchIndex
) -> None:
    before = files_of(client)

    async def use(made: Any) -> None:
        task = asyncio.ensure_future(made.upsert([row(4)]))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_async(client, use, DIRECT)
    assert files_of(client) == before


class OneThread(ThreadPoolExecutor):
    """An executor that counts what it was given."""

    submitted = 0

    def submit(self, *given: Any, **named: Any) -> Any:
        future = super().submit(*given, **named)
        self.submitted += 1
        return future


def test_an_upsert_cancelled_while_it_waits_for_a_thread_ends_at_once_and_does_nothing(
    client: VectorSearchClient,
    notes: VectorSearchIndex,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AISearchIndex, "describe", gate.around(AISearchIndex.describe))
    before = files_of(client)

    async def use(made: Any) -> None:
        executor = OneThread(1)
        asyncio.get_running_loop().set_default_executor(executor)
        first = asyncio.ensure_future(made.describe())
        await gate.entered()
        second = asyncio.ensure_future(made.upsert([row(4)]))
        while executor.submitted < 2:  # until it waits for the thread
            await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(second, 5)
        assert gate.running == 1  # the first still holds the only thread
        gate.open.set()
        assert (await first)["name"] == DIRECT

    in_async(client, use, DIRECT)
    assert files_of(client) == before


def test_an_upsert_cancelled_while_it_writes_is_done_completely(
    client: VectorSearchClient,
    notes: VectorSearchIndex,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(direct, "_write", gate.around(direct._write))

    async def use(made: Any) -> None:
        task = asyncio.ensure_future(made.upsert([row(key) for key in range(3, 9)]))
        await gate.entered()
        for _ in range(3):  # a caller who insists hears nothing before the thread is done
            task.cancel()
            await asyncio.sleep(0.02)
            assert not task.done()
        gate.open.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert gate.running == 0

    in_async(client, use, DIRECT)
    assert keys_in(notes) == list(range(1, 9))
    assert left_behind(client, DIRECT) == set()


def test_upserts_cancelled_at_any_moment_are_done_completely_or_not_at_all(
    client: VectorSearchClient, notes: VectorSearchIndex
) -> None:
    outcomes = []

    async def use(made: Any) -> None:
        for turn, milliseconds in enumerate([0, 0.2, 0.5, 1, 2, 3, 5, 8, 12, 20, 40, 80]):
            rows = [row(key, "new") for key in range(100 * (turn + 1), 100 * (turn + 1) + 20)]
            task = asyncio.ensure_future(made.upsert(rows))
            await asyncio.sleep(milliseconds / 1000)
            task.cancel()
            await asyncio.wait([task])
            written = {key for key in keys_in(notes) if key // 100 == turn + 1}
            assert written in (set(), {values["id"] for values in rows})
            outcomes.append((task.cancelled(), bool(written)))
            assert left_behind(client, DIRECT) == set()

    in_async(client, use, DIRECT)
    assert all(written for was_cancelled, written in outcomes if not was_cancelled)
    assert client.workspace.check_index(DIRECT) == []


@pytest.mark.parametrize("end", [cancelled, timed_out])
def test_a_search_that_is_cancelled_ends_with_its_thread(
    client: VectorSearchClient,
    notes: VectorSearchIndex,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[..., Awaitable[None]],
) -> None:
    held = gate.around(AISearchIndex.similarity_search)
    monkeypatch.setattr(AISearchIndex, "similarity_search", held)

    async def use(made: Any) -> None:
        ending = asyncio.ensure_future(
            end(made.similarity_search(["id"], query_vector=[1.0] * 4), gate.begun)
        )
        await gate.entered()
        while not gate.is_cancelled:
            await asyncio.sleep(0.002)
        assert not ending.done()
        assert gate.running == 1
        gate.open.set()
        await ending
        assert gate.running == 0
        reply = await made.similarity_search(["id"], query_vector=[1.0] * 4)
        assert reply["result"]["row_count"] == 3

    in_async(client, use, DIRECT)


def test_one_cancelled_search_of_many_leaves_the_others_alone(
    client: VectorSearchClient, create_index: Run
) -> None:
    index = create_index()
    query = {"columns": ["product_id"], "query_vector": [0.5] * DIMENSION}
    expected = index.similarity_search(**query)

    async def use(made: Any) -> None:
        tasks = [asyncio.ensure_future(made.similarity_search(**query)) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        for place, outcome in enumerate(done):
            if place % 3:
                assert outcome == expected
            else:
                assert isinstance(outcome, asyncio.CancelledError)

    in_async(client, use, INDEX)


def test_an_error_of_a_cancelled_call_is_not_reported_a_second_time(
    client: VectorSearchClient,
    notes: VectorSearchIndex,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(self: Any) -> Any:
        raise RuntimeError("too late")

    monkeypatch.setattr(AISearchIndex, "describe", gate.around(fail))
    reported: list[Any] = []

    async def use(made: Any) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, what: reported.append(what))
        task = asyncio.ensure_future(made.describe())
        await gate.entered()
        task.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    in_async(client, use, DIRECT)
    import gc

    gc.collect()
    assert reported == []
