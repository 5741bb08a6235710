"""The server: who may use it, what it refuses and how, its operations, and model serving."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from support.children import LONGEST, wait_until
from support.server import CREDENTIALS, DIRECT, SYNCED, served, serving

from engine import Workspace
from engine.doors.http import credentials as kept
from engine.doors.http.app import create_app
from engine.doors.http.connections import Connection
from engine.doors.http.guard import Limits
from engine.doors.http.server import Options
from engine.errors import InvalidInputException

QUERY = f"/api/2.0/vector-search/indexes/{SYNCED}/query"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    with served(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture(scope="module")
def client(shop: Any) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {CREDENTIALS.token}"}
    with httpx.Client(base_url=shop[1], headers=headers, trust_env=False, timeout=60) as opened:
        yield opened


def is_error(reply: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an error in the API's form, whose request id is that of the header."""
    body: dict[str, Any] = reply.json()
    assert (reply.status_code, body["error_code"]) == (status, code), body
    assert body["message"]
    (info,) = [d for d in body["details"] if d["@type"].endswith("google.rpc.RequestInfo")]
    assert info["request_id"] == reply.headers["x-request-id"]
    return body


# ---------------------------------------------------------------------- who may use it
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", "Basic abc", "token-of-tests", "Bearer a.b.c",
               "Bearer vitrine-oauth.9999999999.00", "Bearer vitrine-oauth.x.y"]
)  # fmt: skip
def test_without_the_right_token_nothing_is_told(shop: Any, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in (QUERY, "/metrics", "/nowhere", "/api/2.0/serving-endpoints"):
        reply = httpx.get(shop[1] + path, headers=headers, trust_env=False)
        body = is_error(reply, 401, "UNAUTHENTICATED")
        secret = (header or "").removeprefix("Bearer").strip()
        assert not secret or secret not in body["message"]


def test_some_addresses_need_no_token(shop: Any) -> None:
    for path in ("/health", "/openapi.json", "/docs", "/.well-known/databricks-config"):
        assert httpx.get(shop[1] + path, trust_env=False).status_code == 200, path


def test_a_client_id_and_its_secret_give_a_token_that_works_and_grows_old(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"grant_type": "client_credentials", "scope": "all-apis"}
    address = f"{shop[1]}/oidc/v1/token"
    pair = (CREDENTIALS.client_id, CREDENTIALS.client_secret)
    granted = httpx.post(address, data=form, auth=pair, trust_env=False).json()
    assert granted["token_type"] == "Bearer" and granted["expires_in"] == 3600
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    lists = f"{shop[1]}/api/2.0/vector-search/endpoints"
    assert httpx.get(lists, headers=bearer, trust_env=False).status_code == 200
    later = time.time() + 3700
    monkeypatch.setattr(kept.time, "time", lambda: later)
    assert "expired" in is_error(
        httpx.get(lists, headers=bearer, trust_env=False), 401, "UNAUTHENTICATED"
    )["message"]  # fmt: skip
    in_form = httpx.post(
        address, data={**form, "client_id": pair[0], "client_secret": pair[1]}, trust_env=False
    )
    assert in_form.status_code == 200
    wrong = httpx.post(address, data=form, auth=(pair[0], "wrong"), trust_env=False)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    other = httpx.post(address, data={"grant_type": "password"}, auth=pair, trust_env=False)
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")


def test_credentials_are_made_once_and_kept_for_their_owner(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: kept.open_credentials(tmp_path, {}), range(8)))
    assert len({made.token for made, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600
    assert found[0][0].client_secret not in repr(found[0][0])
    given = {"VITRINE_TOKEN": "mine"}
    again, is_new = kept.open_credentials(tmp_path, given)
    assert (again.token, again.client_id, is_new) == ("mine", found[0][0].client_id, False)


def test_everybody_is_let_in_on_this_machine_only(tmp_path: Path) -> None:
    Options(tmp_path, auth=False).check()
    with pytest.raises(InvalidInputException, match=r"--host 0\.0\.0\.0 is reached by others"):
        Options(tmp_path, host="0.0.0.0", auth=False).check()


# ---------------------------------------------------------------------- requests
def test_a_replys_body_does_not_wait_for_its_head_to_be_acknowledged(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to = []
    made = Connection.connection_made

    def connection_made(self: Any, transport: Any) -> None:
        made(self, transport)
        opened = transport.get_extra_info("socket")
        set_to.append(opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(Connection, "connection_made", connection_made)
    assert httpx.get(f"{client.base_url}/health", trust_env=False).status_code == 200
    assert set_to == [1]


def test_a_request_has_one_id_in_header_body_and_log(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vitrine.access")
    reply = client.get("/api/2.0/nothing", headers={"X-Request-Id": "mine-1"})
    assert is_error(reply, 404, "ENDPOINT_NOT_FOUND")["details"][0]["request_id"] == "mine-1"

    def lines() -> list[dict[str, Any]]:
        found = [json.loads(r.getMessage()) for r in caplog.records if r.name == "vitrine.access"]
        return [line for line in found if line["request_id"] == "mine-1"]

    wait_until(lines)  # it is written after the answer was sent, as that of what came before
    (line,) = lines()
    assert (line["status"], line["method"]) == (404, "GET")
    assert line["ms"] > 0 and line["path"] == "/api/2.0/nothing"


def test_no_token_stands_in_a_log(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get("/api/2.0/vector-search/endpoints")
        client.post("/oidc/v1/token", data={"client_secret": "secret-of-tests"})
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert CREDENTIALS.token not in logged and CREDENTIALS.client_secret not in logged


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("POST", QUERY, b"{", 400, "MALFORMED_REQUEST"),
        ("POST", QUERY, b"[]", 400, "MALFORMED_REQUEST"),
        ("POST", QUERY, b'{"columns":["id"],"columns":["x"]}', 400, "INVALID_PARAMETER_VALUE"),
        ("POST", QUERY, b'{"columns":["id"],"nope":1}', 400, "INVALID_PARAMETER_VALUE"),
        ("POST", QUERY, b'{"columns":["id"]}', 400, "INVALID_PARAMETER_VALUE"),
        ("PUT", QUERY, b"", 404, "ENDPOINT_NOT_FOUND"),
        ("GET", "/nowhere", b"", 404, "ENDPOINT_NOT_FOUND"),
        ("POST", "/api/2.0/sql/statements", b"{}", 400, "INVALID_PARAMETER_VALUE"),
        ("POST", "/serving-endpoints/none/invocations", b'{"inputs":["x"]}', 404,
         "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "/serving-endpoints/chat/completions", b"{}", 501, "NOT_IMPLEMENTED"),
        ("POST", "/serving-endpoints/responses", b"{}", 501, "NOT_IMPLEMENTED"),
    ],
)  # fmt: skip
def test_a_refusal_has_the_apis_form(
    client: httpx.Client, method: str, path: str, content: bytes, status: int, code: str
) -> None:
    is_error(client.request(method, path, content=content), status, code)


def test_two_slashes_are_one(client: httpx.Client) -> None:
    address = f"{client.base_url}".rstrip("/") + "//api//2.0/vector-search/endpoints"
    assert client.get(address).status_code == 200


def test_a_body_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    app = create_app(Workspace(tmp_path), limits=Limits(body_bytes=1000))
    from starlette.testclient import TestClient

    with TestClient(app) as small:
        announced = small.post(QUERY, content=b"x" * 1001)
        is_error(announced, 413, "REQUEST_TOO_LARGE")
        streamed = small.post(QUERY, content=(b"x" * 400 for _ in range(4)))
        is_error(streamed, 413, "REQUEST_TOO_LARGE")
        assert small.post(QUERY, content=b"x" * 1000).status_code == 400


def test_a_request_over_the_time_limit_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.testclient import TestClient

    slow = Workspace(tmp_path)
    given_up = threading.Event()
    monkeypatch.setattr(slow, "list_endpoints", lambda: given_up.wait(LONGEST) and [])
    with TestClient(create_app(slow, limits=Limits(seconds=1))) as impatient:
        reply = impatient.get("/api/2.0/vector-search/endpoints")
        given_up.set()
        is_error(reply, 504, "DEADLINE_EXCEEDED")
        assert impatient.get("/health").status_code == 200


def test_what_breaks_inside_tells_no_internals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.testclient import TestClient

    broken = Workspace(tmp_path)
    monkeypatch.setattr(broken, "list_endpoints", lambda: 1 / 0)
    with TestClient(create_app(broken)) as caller:
        reply = caller.get("/api/2.0/vector-search/endpoints")
    assert "division" not in json.dumps(is_error(reply, 500, "INTERNAL_ERROR"))


def test_metrics_count_by_operation(client: httpx.Client) -> None:
    def count() -> float:
        name = 'vitrine_http_requests_total{method="GET",operation="list_endpoints",status="200"}'
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    before = count()
    client.get("/api/2.0/vector-search/endpoints")
    wait_until(lambda: count() == before + 1)  # it counts once its answer was sent


def test_the_caller_of_unity_catalog_sees_columns(client: httpx.Client) -> None:
    table = client.get("/api/2.1/unity-catalog/tables/main.shop.products").json()
    kinds = {c["name"]: c["type_text"] for c in table["columns"]}
    assert kinds["id"] == "bigint" and kinds["v"] == "array<double>" and kinds["price"] == "double"
    assert table["full_name"] == "main.shop.products"
    index = client.get(f"/api/2.1/unity-catalog/tables/{SYNCED}").json()
    assert {c["name"] for c in index["columns"]} == set(kinds)
    is_error(client.get("/api/2.1/unity-catalog/tables/main.shop.no"), 404, "TABLE_DOES_NOT_EXIST")
    schema = {"catalog_name": "main", "schema_name": "shop"}
    listed = client.get("/api/2.1/unity-catalog/tables", params=schema).json()["tables"]
    assert [found["name"] for found in listed] == [
        "direct", "managed", "products", "synced", "words"
    ]  # fmt: skip


# ---------------------------------------------------------------------- model serving
def photo(seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


BOTH = "/serving-endpoints/clip-multimodal-encoder/invocations"
PHOTOS = "/serving-endpoints/clip-image-encoder/invocations"


@pytest.mark.parametrize(
    "payload",
    [
        {"dataframe_records": [{"text": "red dress"}, {"text": "shoe", "image": ""}]},
        {"dataframe_split": {"columns": ["text"], "data": [["red dress"], ["shoe"]]}},
        {"inputs": ["red dress", "shoe"]},
        {"inputs": {"text": ["red dress", "shoe"]}},
        {"instances": [{"text": "red dress"}, {"text": "shoe", "image": None}]},
    ],
    ids=lambda payload: next(iter(payload)),
)
def test_every_format_of_a_payload_gives_a_vector_a_record(
    shop: Any, client: httpx.Client, payload: dict[str, Any]
) -> None:
    found = client.post(BOTH, json=payload).json()["predictions"]
    expected = shop[0].encoder().encode_texts(["red dress", "shoe"])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_text_and_photo_together_are_the_blend(shop: Any, client: httpx.Client) -> None:
    both = {"text": "red dress", "image": f"data:image/png;base64,{photo(1)}"}
    payload = {"dataframe_records": [both, {"image": photo(1)}]}
    mixed, of_photo = np.array(client.post(BOTH, json=payload).json()["predictions"])
    of_text = shop[0].encoder().encode_texts(["red dress"])[0]
    expected = (of_text + of_photo) / np.linalg.norm(of_text + of_photo)
    np.testing.assert_allclose(mixed, expected, atol=1e-5)
    assert np.linalg.norm(mixed) == pytest.approx(1, abs=1e-5)


def test_the_older_endpoint_takes_photos_and_answers_one_flat(client: httpx.Client) -> None:
    one = client.post(PHOTOS, json={"dataframe_records": [{"image": photo(1)}]}).json()
    two = client.post(PHOTOS, json={"inputs": [photo(1), photo(2)]}).json()
    assert len(one["predictions"]) == 512 and one["predictions"] == two["predictions"][0]
    refused = client.post(PHOTOS, json={"inputs": [{"text": "x"}]})
    assert "takes 'image' only" in is_error(refused, 400, "INVALID_PARAMETER_VALUE")["message"]


def test_openais_form_of_embeddings(shop: Any, client: httpx.Client) -> None:
    body = {"model": "databricks-gte-large-en", "input": ["red dress", "shoe"]}
    reply = client.post("/serving-endpoints/embeddings", json=body).json()
    expected = shop[0].serving.encoder(body["model"]).encode_texts(["red dress", "shoe"])
    assert expected.shape == (2, 1024)
    np.testing.assert_allclose([d["embedding"] for d in reply["data"]], expected, atol=1e-6)
    assert reply["object"] == "list" and reply["usage"]["total_tokens"] == 3


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"dataframe_records": [{"text": "x"}, {"colour": "red"}]}, "record 1 has neither 'text' nor"),
        ({"dataframe_records": [{"text": "", "image": ""}]}, "record 0 has neither"),
        ({"dataframe_records": []}, "holds 0 records"),
        ({"dataframe_records": [{"image": "?!"}]}, "record 0: image is '?!'"),
        ({"dataframe_records": [{"image": "aGVsbG8="}]}, "record 0:"),
        ({"dataframe_records": [7]}, "record 0 is 7"),
        ({"dataframe_records": [{"text": 7}]}, "record 0: text is 7"),
        ({"dataframe_split": {"columns": ["text"], "data": [["a", "b"]]}}, "rows of 1 values"),
        ({"inputs": ["x"], "instances": ["x"]}, "inputs and instances"),
        ({"text": "x"}, "must hold one of dataframe_records"),
        ([], "expected a JSON object"),
    ],
)  # fmt: skip
def test_a_record_that_can_not_be_used_is_named(
    client: httpx.Client, payload: Any, words: str
) -> None:
    reply = client.post(BOTH, json=payload)
    assert words in is_error(reply, 400, "INVALID_PARAMETER_VALUE")["message"]


# ---------------------------------------------------------------------- many at once
def test_200_clients_at_once_get_their_own_answers(shop: Any) -> None:
    vectors = np.array(shop[0].read_table("main.shop.products")["v"].to_pylist())
    headers = {"Authorization": f"Bearer {CREDENTIALS.token}"}
    barrier = threading.Barrier(200)

    def ask(number: int) -> list[int]:
        with httpx.Client(base_url=shop[1], headers=headers, trust_env=False, timeout=120) as own:
            barrier.wait()
            body = {"columns": ["id"], "num_results": 1, "query_vector": vectors[number].tolist()}
            replies = [own.post(QUERY, json=body) for _ in range(3)]
            return [int(r.json()["result"]["data_array"][0][0]) for r in replies]

    with ThreadPoolExecutor(200) as threads:
        assert list(threads.map(ask, range(200))) == [[number] * 3 for number in range(200)]


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts handles as Linux lists them")
def test_many_requests_leave_no_handles_and_little_memory(shop: Any, client: httpx.Client) -> None:
    count = int(os.environ.get("VITRINE_SOAK_REQUESTS", "2000"))
    body = {"columns": ["id", "name"], "query_vector": [0.1] * 16, "num_results": 5}

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(300):
        client.post(QUERY, json=body)
    before, memory = handles(), resident()
    for number in range(count):
        assert client.post(QUERY, json=body).status_code == 200
        if number % 50 == 0:
            client.get("/api/2.0/nothing")
    assert handles() <= before + 2
    assert resident() - memory < 20 << 20


def test_a_client_that_goes_away_or_is_slow_disturbs_nobody(
    shop: Any, client: httpx.Client
) -> None:
    host, port = shop[1].removeprefix("http://").split(":")
    head = (
        f"POST {QUERY} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CREDENTIALS.token}\r\n"
        "Content-Length: 100\r\n\r\n{"
    ).encode()
    slow = [socket.create_connection((host, int(port))) for _ in range(20)]
    for connection in slow:
        connection.sendall(head)
    assert client.get("/health").status_code == 200  # while all of them wait
    for connection in slow:
        connection.close()
    assert client.get("/health").status_code == 200


# ---------------------------------------------------------------------- the command
def ended(run: subprocess.Popen[str], by: int = signal.SIGTERM) -> tuple[str, str]:
    run.send_signal(by)
    return run.communicate(timeout=60)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_one_worker_wrote_every_worker_sees(tmp_path: Path, workers: str) -> None:
    environment = {**os.environ, "VITRINE_ENCODER": "hashed"}
    with serving(tmp_path, "--workers", workers, env=environment) as (run, url):
        token = json.loads((tmp_path / "credentials.json").read_text())["token"]
        headers = {"Authorization": f"Bearer {token}"}

        def call(method: str, path: str, body: object = None) -> Any:
            # A connection of its own, so that any worker may answer.
            reply = httpx.request(
                method, url + path, json=body, headers=headers, trust_env=False, timeout=60
            )
            assert reply.status_code == 200, reply.text
            return reply.json()

        call("POST", "/api/2.0/vector-search/endpoints", {"name": "e", "endpoint_type": "STANDARD"})
        spec = {
            "embedding_vector_columns": [{"name": "v", "embedding_dimension": 2}],
            "schema_json": '{"id": "integer", "v": "array<float>"}',
        }
        call(
            "POST",
            "/api/2.0/vector-search/indexes",
            {"name": DIRECT, "endpoint_name": "e", "primary_key": "id",
             "index_type": "DIRECT_ACCESS", "direct_access_index_spec": spec},
        )  # fmt: skip
        base = f"/api/2.0/vector-search/indexes/{DIRECT}"
        with ThreadPoolExecutor(4) as threads:
            rows = [{"inputs_json": json.dumps([{"id": i, "v": [i, 1]}])} for i in range(12)]
            list(threads.map(lambda row: call("POST", f"{base}/upsert-data", row), rows))
        for _ in range(10):
            ask = {"columns": ["id"], "query_vector": [3.0, 1.0], "num_results": 100}
            assert call("POST", f"{base}/query", ask)["result"]["row_count"] == 12
        asked = {"statement": "SELECT 1", "warehouse_id": "any"}
        assert call("POST", "/api/2.0/sql/statements", asked)["result"]["data_array"] == [["1"]]
        reply = httpx.post(f"{url}/api/2.0/sql/sessions", json={}, headers=headers, trust_env=False)
        assert reply.status_code == (200 if workers == "1" else 501), reply.text
        out, errors = ended(run)
    assert run.returncode == 0, errors
    lines = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert {"query_index", "upsert_data_vector_index"} <= {line["operation"] for line in lines}
    refused = [line["operation"] for line in lines if line["status"] != 200]
    assert refused == ([] if workers == "1" else ["open_sql_session"])
    assert token in out and token not in errors
    assert Workspace(tmp_path).check_index(DIRECT) == []


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_running_request_is_finished_when_the_server_is_stopped(tmp_path: Path, by: int) -> None:
    environment = {**os.environ, "VITRINE_ENCODER": "hashed"}
    texts = [{"text": f"{n} " + "many words " * 300} for n in range(1000)]
    done: list[int] = []
    with serving(tmp_path, "--no-auth", "--quiet", env=environment) as (run, url):

        def ask() -> None:
            reply = httpx.post(
                f"{url}{BOTH}", json={"dataframe_records": texts}, trust_env=False, timeout=300
            )
            done.append(reply.status_code)

        def is_running() -> bool:
            metrics = httpx.get(f"{url}/metrics", trust_env=False, timeout=60).text
            return "vitrine_http_requests_running 2.0" in metrics  # and the one that asks

        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(is_running, run)
        assert not done
        ended(run, by)
        asking.join()
    assert done == [200]


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(tmp_path)]
        done = subprocess.run(
            [*command, "--port", port], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    assert (
        done.stderr.startswith("Error: 127.0.0.1:") and "Choose another with --port" in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_a_server_that_ends_lets_go_of_a_connection_that_is_closing() -> None:
    """A second close over TLS made asyncio forget what it closes: the server's end was a traceback."""

    class Closing:
        aborted = closed = False

        def is_closing(self) -> bool:
            return True

        def close(self) -> None:
            self.closed = True

        def get_extra_info(self, name: str) -> object:
            return None if self.closed else name

        def get_write_buffer_size(self) -> int:
            return 0

        def abort(self) -> None:
            self.aborted = True

    connection, transport = Connection.__new__(Connection), Closing()
    connection.cycle, connection.transport = None, transport
    connection.shutdown()
    assert transport.aborted and not transport.closed
