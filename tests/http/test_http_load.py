"""The server under load: its event loop goes on, memory is bounded, slow callers hold nobody up."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pyarrow as pa
import pytest

from engine import Settings, Workspace
from engine.doors.http import connections
from engine.doors.http.guard import Limits
from engine.doors.http.server import BackgroundServer
from engine.doors.rest import handle
from engine.doors.rest.read_cost import cost_of_read

ROWS, DIMENSION = 2500, 1024
WIDE, DIRECT = "main.load.wide", "main.load.direct"
BASE = "/api/2.0/vector-search/indexes"
QUERY = f"{BASE}/{WIDE}/query"
VECTOR = np.random.default_rng(5).standard_normal(DIMENSION).round(4).tolist()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(settings=Settings(tmp_path_factory.mktemp("load"), encoder="hashed"))
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    made.write_table(
        "main.load.rows",
        pa.table(
            {
                "id": pa.array(range(ROWS), pa.int64()),
                "name": [f"row number {i}" for i in range(ROWS)],
                "text": [f"{i} " + "many words " * 40 for i in range(ROWS)],
                "price": rng.random(ROWS),
                "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION),
            }
        ),
    )
    made.create_endpoint("load")
    made.create_index(
        WIDE, source_table="main.load.rows", primary_key="id", vector_column="v",
        dimension=DIMENSION, endpoint="load",
    )  # fmt: skip
    made.create_direct_access_index(
        DIRECT, dimension=2, vector_column="v", primary_key="id", endpoint="load",
        schema={"id": "int", "text": "string", "v": "array<float>"},
    )  # fmt: skip
    _, versions = made.registry.open(WIDE)
    # nothing was published just now
    os.utime(versions.segments_dir.parent / "versions", (1e9, 1e9))
    return made


def query(columns: list[str], rows: int = 10, **more: Any) -> dict[str, Any]:
    return {"columns": columns, "num_results": rows, "query_vector": VECTOR, **more}


# ---------------------------------------------------------------------- who answers
def test_what_is_quick_is_answered_in_the_event_loop_and_all_else_in_threads(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = workspace.queries.query
    threads: list[str] = []

    def watched(*args: Any, **given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return asked(*args, **given)

    monkeypatch.setattr(workspace.queries, "query", watched)
    with BackgroundServer(workspace, None) as server:

        def is_in_loop(body: dict[str, Any], path: str = QUERY) -> bool:
            for _ in range(2):  # the first time opens files and evaluates filters
                reply = httpx.post(server.url + path, json=body, trust_env=False, timeout=60)
                assert reply.status_code == 200, reply.text
            return threads[-1] == "vitrine-server"

        assert is_in_loop(query(["id", "name"]))
        assert is_in_loop(query(["id", "v"]))
        assert is_in_loop(query(["id"], filters_json='{"price <": 0.5}'))
        assert not is_in_loop(query(["id", "v"], 1000))
        assert not is_in_loop(query(["id", "name"], 1000))
        assert not is_in_loop(query(["id"], sort_columns=["price"]))
        assert not is_in_loop(query(["id"], facets=["name"]))
        assert not is_in_loop(query(["id"]) | {"query_text": "row", "query_type": "HYBRID"})
        assert not is_in_loop({**query(["id"]), "\u0071uery_type": "HYBRID", "query_text": "row"})
        assert not is_in_loop(
            query(["id"]), f"/api/2.0/vector-search/endpoints/load/indexes/{WIDE}/query"
        )
        httpx.post(f"{server.url}{QUERY}", json=query(["id", "price"]), trust_env=False)
        assert threads[-1] != "vitrine-server"  # columns that were not read yet
        new = query(["id"], filters_json='{"price <": 0.25}')
        httpx.post(f"{server.url}{QUERY}", json=new, trust_env=False)
        assert threads[-1] != "vitrine-server"  # a filter that was not evaluated yet


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("query_index", query(["id"], 1)),
        ("query_index", query(["id", "name", "price"], 100)),
        ("query_index", query(["id", "text"], 1000)),
        ("query_index", query(["v"], 1)),
        ("query_index", query(["id", "v"], 300)),
        ("query_index", query(["id", "v", "text"], 10_000)),
        ("scan_index", {"num_results": 200}),
    ],
)
def test_the_size_of_a_reply_is_told_before(
    workspace: Workspace, operation: str, body: dict[str, Any]
) -> None:
    path = QUERY if operation == "query_index" else f"{BASE}/{WIDE}/scan"
    status, reply = handle(workspace, "POST", path, body=body)
    assert status == 200
    size = len(orjson.dumps(reply))
    cost = cost_of_read(workspace, operation, {"index": WIDE}, body).reply_bytes
    assert size / 4 <= cost + 300 and cost <= 4 * size + 300


@pytest.mark.parametrize(
    "body",
    [{}, {"columns": 7}, {"columns": [["id"]]}, query(["id"], filters_json="{"),
     query(["id"], filters_json='{"nope": 1}'), query(["id"], filters_json="[" * 3000),
     {"columns": ["id"], "num_results": "many"}, {"columns": ["id"], "num_results": -5},
     {"columns": ["id"], "num_results": 10**30}, {"columns": None, "query_type": 7}],
)  # fmt: skip
def test_what_will_be_refused_is_weighed_too(workspace: Workspace, body: dict[str, Any]) -> None:
    cost_of_read(workspace, "query_index", {"index": WIDE}, body)
    assert handle(workspace, "POST", QUERY, body=body)[0] == 400
    cost_of_read(workspace, "query_index", {"index": "main.no.index"}, body)
    cost_of_read(workspace, "scan_index", {"index": "..%2f"}, body)


# ---------------------------------------------------------------------- the event loop goes on
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (QUERY, query(["id", "v"], 1000)),
        (f"{BASE}/{WIDE}/scan", {"num_results": 300}),
        (f"{BASE}/{DIRECT}/query", {"columns": ["id"], "query_vector": [0.123456] * 400_000}),
    ],
    ids=["vector columns", "scan", "large bodies"],
)
def test_health_is_answered_while_long_requests_run(
    workspace: Workspace, path: str, body: dict[str, Any]
) -> None:
    content = json.dumps(body).encode()
    with BackgroundServer(workspace, None) as server:
        answered: list[float] = []
        done = threading.Event()

        def poll() -> None:
            with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as own:
                while not done.is_set():
                    assert own.get("/health").status_code == 200
                    answered.append(time.monotonic())

        def ask(_: int) -> int:
            return httpx.post(
                server.url + path, content=content, trust_env=False, timeout=120
            ).status_code

        ask(0)
        polling = threading.Thread(target=poll)
        polling.start()
        started = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(ask, range(16))) <= {200, 400}
        ended = time.monotonic()
        done.set()
        polling.join()
    times = [started, *(moment for moment in answered if started <= moment <= ended), ended]
    gaps = np.diff(times)
    # Answered one by one in the loop, the longest gap is all the time; threads leave a small part.
    assert gaps.max() < (ended - started) / 3, (gaps.max(), ended - started, len(gaps))


def sent(url: str, method: str, path: str, body: object = None) -> socket.socket:
    """A connection with one request on its way."""
    content = b"" if body is None else json.dumps(body).encode()
    host, port = url.removeprefix("http://").split(":")
    opened = socket.create_connection((host, int(port)))
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(content)}\r\n"
    opened.sendall(f"{head}Connection: close\r\n\r\n".encode() + content)
    return opened


def test_a_new_connection_does_not_wait_behind_all_that_came_before(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    with BackgroundServer(workspace, None) as server:  # the first query opens files
        httpx.post(server.url + QUERY, json=query(["id"]), trust_env=False, timeout=60)
    caplog.set_level("INFO", "vitrine.access")
    caplog.clear()
    server = BackgroundServer(workspace, None)
    waiting = [sent(server.url, "POST", QUERY, query(["id"])) for _ in range(100)]
    waiting.append(sent(server.url, "GET", "/health"))
    with server:
        for each in waiting:
            while each.recv(1 << 16):
                pass
            each.close()
    answered = [json.loads(record.message)["operation"] for record in caplog.records]
    assert len(answered) == 101
    assert answered.index("health") < 20


def test_large_replies_are_made_one_after_the_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = workspace.queries.query
    alone = threading.Lock()
    met: list[bool] = []

    def watched(*args: Any, **given: Any) -> Any:
        met.append(not alone.acquire(blocking=False))
        try:
            return asked(*args, **given)
        finally:
            if not met[-1]:
                alone.release()

    monkeypatch.setattr(workspace.queries, "query", watched)
    with BackgroundServer(workspace, None) as server, ThreadPoolExecutor(8) as threads:

        def ask(_: int) -> int:
            body = query(["id", "v"], 1000)
            return httpx.post(
                server.url + QUERY, json=body, trust_env=False, timeout=120
            ).status_code

        assert set(threads.map(ask, range(16))) == {200}
    assert met == [False] * 16


# ---------------------------------------------------------------------- memory
def served(folder: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    """`vitrine serve` in a process of its own, as soon as it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "engine.doors.cli",
        "serve",
        "-w",
        str(folder),
        "--no-auth",
    ]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--quiet", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "VITRINE_ENCODER": "hashed"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            httpx.get(f"{url}/health", trust_env=False)
            return process, url
        except httpx.TransportError:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)


def memory(process: subprocess.Popen[str], what: str) -> int:
    """Megabytes: VmRSS now, or VmHWM at most."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) >> 10


@pytest.fixture
def process(workspace: Workspace) -> Iterator[tuple[subprocess.Popen[str], str]]:
    found, url = served(workspace.path)
    yield found, url
    found.send_signal(signal.SIGTERM)
    found.communicate(timeout=60)


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="reads /proc")


@needs_proc
def test_200_clients_with_2_megabytes_each_are_answered_in_bounded_memory(process: Any) -> None:
    server, url = process
    rows = [{"id": i, "text": "x" * 100_000, "v": [1.0, i]} for i in range(20)]
    upsert = json.dumps({"inputs_json": json.dumps(rows)}).encode()
    vector = json.dumps({"columns": ["id"], "query_vector": [0.123456789] * 170_000}).encode()
    before = memory(server, "VmRSS")
    start = threading.Barrier(200)

    def ask(number: int) -> int:
        address, content = [
            (f"{url}{BASE}/{DIRECT}/upsert-data", upsert), (f"{url}{BASE}/{DIRECT}/query", vector),
        ][number % 2]  # fmt: skip
        with httpx.Client(trust_env=False, timeout=280) as own:
            start.wait()
            reply = own.post(address, content=content)
        if reply.status_code == 429:
            assert reply.json()["error_code"] == "RESOURCE_EXHAUSTED"
            assert int(reply.headers["retry-after"]) >= 1
        return reply.status_code

    with ThreadPoolExecutor(200) as threads:
        statuses = Counter(threads.map(ask, range(200)))
    assert sum(statuses.values()) == 200 and set(statuses) <= {200, 400, 429}, statuses
    assert statuses[200] + statuses[400] >= 20
    # 400 MB of bodies; without a bound, they and their values are in memory at once.
    assert memory(server, "VmHWM") - before < 400


@needs_proc
def test_large_replies_to_slow_readers_take_bounded_memory(process: Any) -> None:
    server, url = process
    host, port = url.removeprefix("http://").split(":")
    body = json.dumps(query(["id", "v"], 1000)).encode()  # some 12 MB
    head = f"POST {QUERY} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    httpx.post(url + QUERY, content=body, trust_env=False, timeout=60)
    before = memory(server, "VmRSS")
    readers = []
    for _ in range(40):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        connection.sendall(head.encode() + body)
        readers.append(connection)
    first = readers[0].recv(1)  # replies are being made
    assert first == b"H"
    for _ in range(20):
        assert httpx.get(f"{url}/health", trust_env=False, timeout=60).status_code == 200
        plain = httpx.post(url + QUERY, json=query(["id"]), trust_env=False, timeout=60)
        assert plain.status_code == 200
        assert memory(server, "VmHWM") - before < 300  # of 480 MB of replies
    for connection in readers:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    reply = httpx.post(url + QUERY, content=body, trust_env=False, timeout=120)
    assert reply.status_code == 200  # their room is free again


@needs_proc
def test_files_go_up_and_down_in_flat_memory(process: Any, tmp_path: Path) -> None:
    server, url = process
    size, count = 64 << 20, 6
    address = f"{url}/api/2.0/fs/files/Volumes/main/load/files"
    before = memory(server, "VmRSS")

    def pieces() -> Iterator[bytes]:
        for number in range(size >> 20):
            yield bytes([number]) * (1 << 20)

    def there_and_back(number: int) -> int:
        with httpx.Client(trust_env=False, timeout=280) as own:
            put = own.put(f"{address}/{number}.bin", content=pieces())
            assert put.status_code == 204, put.text
            got = 0
            with own.stream("GET", f"{address}/{number}.bin") as reply:
                for piece in reply.iter_bytes():
                    got += len(piece)
            return got

    with ThreadPoolExecutor(count) as threads:
        assert list(threads.map(there_and_back, range(count))) == [size] * count
    assert memory(server, "VmHWM") - before < 100


# ---------------------------------------------------------------------- polite refusals
@pytest.fixture
def full(workspace: Workspace) -> Iterator[tuple[str, socket.socket, bytes]]:
    """A server whose room for bodies is taken by one caller; its connection, and what it has still
    to send."""
    limits = Limits(bodies_bytes=1 << 20, waiting=0)
    with BackgroundServer(workspace, None, limits=limits) as server:
        host, port = server.url.removeprefix("http://").split(":")
        rest = b" " * (1 << 20)
        head = f"POST {QUERY} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(rest)}\r\n\r\n"
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + rest[:1000])
            large = {"content": b" " * (200 << 10), "trust_env": False}
            while httpx.post(server.url + QUERY, **large).status_code != 429:
                pass
            yield server.url, connection, rest[1000:]


ROWS_OF_300_KB = [{"id": i, "text": "x" * 30_000, "v": [1.0, 2.0]} for i in range(10)]


def test_a_large_body_without_room_is_refused_with_a_time_and_others_are_not(full: Any) -> None:
    url, connection, rest = full
    body = {"inputs_json": json.dumps(ROWS_OF_300_KB)}
    refused = httpx.post(f"{url}{BASE}/{DIRECT}/upsert-data", json=body, trust_env=False)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    error = refused.json()
    assert error["error_code"] == "RESOURCE_EXHAUSTED" and "Try again in 2" in error["message"]
    assert error["details"][0]["request_id"] == refused.headers["x-request-id"]
    assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
    small = httpx.post(f"{url}{QUERY}", json=query(["id"]), trust_env=False)
    assert small.status_code == 200
    connection.sendall(rest)
    assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_the_real_clients_try_again_when_there_was_no_room(
    full: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ai_search = pytest.importorskip("databricks.ai_search.client")
    sdk = pytest.importorskip("databricks.sdk")
    for name in ("HOST", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "CONFIG_PROFILE"):
        monkeypatch.delenv(f"DATABRICKS_{name}", raising=False)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("NO_PROXY", "*")
    url, connection, rest = full
    client = ai_search.AISearchClient(
        workspace_url=url, personal_access_token="any", disable_notice=True
    )
    index = client.get_index(endpoint_name="load", index_name=DIRECT)
    api = sdk.WorkspaceClient(host=url, token="any").vector_search_indexes

    def with_client() -> object:
        many = {"text": [f"{i} " + "x" * 300 for i in range(1000)]}
        found = index.similarity_search(columns=["id"], query_vector=[1.0, 2.0], filters=many)
        return found["manifest"]["column_count"]

    def with_sdk() -> object:
        return api.upsert_data_vector_index(DIRECT, json.dumps(ROWS_OF_300_KB)).status.value

    def refusals() -> float:
        metrics = httpx.get(f"{url}/metrics", trust_env=False).text
        lines = [line for line in metrics.splitlines() if 'status="429"' in line]
        return sum(float(line.split()[-1]) for line in lines)

    with pytest.raises(Exception, match="Try again in 2 seconds") as refused:
        index.upsert(ROWS_OF_300_KB)  # this client sends no POST twice by itself
    assert type(refused.value).__name__ == "TooManyRequests"
    before = refusals()
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(with_client), threads.submit(with_sdk)]
        while refusals() < before + 2:
            assert not any(call.done() for call in calls), [call.result() for call in calls]
            time.sleep(0.02)
        connection.sendall(rest)
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
        assert [call.result(timeout=120) for call in calls] == [2, "SUCCESS"]


def test_a_body_in_pieces_takes_room_as_it_grows(full: Any) -> None:
    url, connection, _ = full
    pieces = (b" " * 10_000 for _ in range(60))
    refused = httpx.post(f"{url}{QUERY}", content=pieces, trust_env=False)
    assert refused.status_code == 429
    connection.close()


# ---------------------------------------------------------------------- slow callers
def conversation(url: str, *sent: bytes) -> bytes:
    """All that the server answers until it closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for part in sent:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def error_of(answer: bytes) -> tuple[int, str]:
    """Status and code of an error in the API's form."""
    head, _, content = answer.partition(b"\r\n\r\n")
    body = json.loads(content)
    assert body["message"] and body["details"][0]["request_id"]
    return int(head.split()[1]), body["error_code"]


def test_a_large_body_that_stops_coming_is_given_up_and_its_room_is_free(
    workspace: Workspace,
) -> None:
    limits = Limits(bodies_bytes=1 << 20, stalled_seconds=0.2)
    with BackgroundServer(workspace, None, limits=limits) as server:
        head = f"POST {QUERY} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 20}\r\n\r\n".encode()
        assert error_of(conversation(server.url, head + b" ")) == (408, "REQUEST_TIMEOUT")
        upload = (
            b"PUT /api/2.0/fs/files/Volumes/main/load/files/slow HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 100\r\n\r\nx"
        )
        assert error_of(conversation(server.url, upload)) == (408, "REQUEST_TIMEOUT")
        reply = httpx.post(server.url + QUERY, content=b" " * (1 << 20), trust_env=False)
        assert reply.status_code == 400
    assert not list(workspace.path.rglob("slow"))


def test_a_body_that_comes_byte_by_byte_is_given_up(workspace: Workspace) -> None:
    limits = Limits(stalled_seconds=0.3, slowest_bytes=1 << 20)
    with BackgroundServer(workspace, None, limits=limits) as server:
        host, port = server.url.removeprefix("http://").split(":")
        head = f"POST {QUERY} HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 18}\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(head.encode())
            connection.settimeout(0.05)
            answer = b""
            while not answer:
                connection.sendall(b" ")
                try:
                    answer = connection.recv(65536)
                except TimeoutError:
                    continue
        assert answer.startswith(b"HTTP/1.1 408")


def test_a_head_that_does_not_end_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections.Connection, "head_seconds", 0.3)
    with BackgroundServer(workspace, None) as server:
        assert conversation(server.url) == b""  # nothing at all was asked
        slow = conversation(server.url, b"GET /health HTTP/1.1\r\nHost:")
        assert error_of(slow) == (408, "REQUEST_TIMEOUT")
        # The next request of a connection, too.
        second = conversation(server.url, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /he")
        assert second.startswith(b"HTTP/1.1 200") and b"HTTP/1.1 408" in second
    monkeypatch.setattr(connections.Connection, "head_seconds", 30.0)
    with BackgroundServer(workspace, None) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
            answer = b""
            connection.settimeout(0.01)
            while not answer:
                connection.sendall(b"x-more: " + b"y" * 4000 + b"\r\n")
                try:
                    answer = connection.recv(65536)
                except TimeoutError:
                    continue
        assert answer.startswith(b"HTTP/1.1 431")


def test_a_reader_that_takes_nothing_is_cut_off(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections.Connection, "stalled_seconds", 0.3)
    body = json.dumps(query(["id", "v"], 1000)).encode()
    with BackgroundServer(workspace, None, limits=Limits(replies_bytes=1)) as server:
        host, port = server.url.removeprefix("http://").split(":")
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        head = f"POST {QUERY} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        assert connection.recv(1) == b"H"  # it holds all the room there is for replies
        reply = httpx.post(server.url + QUERY, content=body, trust_env=False, timeout=60)
        assert reply.status_code == 200
        connection.close()
