"""Requests that no client of the API sends: each gets a declared error in its form, and others go on."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Settings, Workspace
from engine.doors.http.connections import _without_upgrade
from engine.doors.http.description import describe_api
from engine.doors.http.server import BackgroundServer

DIRECT = "main.odd.direct"
BASE = f"/api/2.0/vector-search/indexes/{DIRECT}"
INDEXES = "/api/2.0/vector-search/indexes"
GOOD = {"columns": ["id"], "query_vector": [1.0, 2.0]}
BOMB = gzip.compress(b" " * (100 << 20))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("odd")
    workspace = Workspace(settings=Settings(folder, encoder="hashed"))
    workspace.create_endpoint("odd")
    workspace.create_direct_access_index(
        DIRECT, dimension=2, vector_column="v", primary_key="id", endpoint="odd",
        schema={"id": "int", "text": "string", "v": "array<float>"},
    )  # fmt: skip
    workspace.upsert(DIRECT, [{"id": 1, "text": "red dress", "v": [1.0, 2.0]}])
    with BackgroundServer(workspace, None) as server:
        yield server.url


def answers(url: str, *parts: bytes) -> list[tuple[int, Any]]:
    """Status and JSON of all answers of one connection, which the server must close or answer on."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for part in parts:
            connection.sendall(part)
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(x.split(":")[1]) for x in lines if x.startswith("content-length"))
        found.append((int(lines[0].split()[1]), json.loads(rest[:length])))
        data = rest[length:]
    return found


def is_declared(status: int, body: Any) -> None:
    declared = describe_api_statuses()
    assert status in declared | {404, 431}, (status, body)
    assert status != 500 and body["error_code"] and body["message"], body
    assert "Traceback" not in body["message"] and len(body["message"]) < 20_000


def describe_api_statuses() -> set[int]:
    from fastapi import FastAPI

    paths = describe_api(FastAPI())["paths"]
    found = [operation for item in paths.values() for operation in item.values()]
    return {int(code) for operation in found for code in operation["responses"]}


# ---------------------------------------------------------------------- bodies
BODIES: dict[str, tuple[bytes, dict[str, str], str]] = {
    "cut short": (b'{"columns": ["id"', {}, "not JSON"),
    "text": (b"columns=id&query_vector=1", {}, "not JSON"),
    "two": (b"{} {}", {}, "not JSON"),
    "utf-16": (json.dumps(GOOD).encode("utf-16"), {}, "It is UTF-16; send UTF-8"),
    "utf-16 without a mark": (json.dumps(GOOD).encode("utf-16-le"), {}, "UTF-16 or UTF-32"),
    "utf-32": (json.dumps(GOOD).encode("utf-32"), {}, "UTF-32; send UTF-8"),
    "byte order mark": (json.dumps(GOOD).encode("utf-8-sig"), {}, "byte order mark"),
    "latin-1": ('{"columns": ["größe"]}'.encode("latin-1"), {}, "not JSON"),
    "gzip": (gzip.compress(json.dumps(GOOD).encode()), {"Content-Encoding": "gzip"}, "compressed"),
    "gzip bomb": (BOMB, {"Content-Encoding": "gzip"}, "compressed"),
    "gzip, not said": (BOMB, {}, "not JSON"),
    "surrogate": (b'{"columns": ["\\ud83d"]}', {}, ""),
    "deep": (b"[" * 100_000, {}, ""),
    "deep objects": (b'{"columns":' * 500 + b"1" + b"}" * 500, {}, "expected a list"),
    "nothing": (b"", {}, "columns is missing"),
    "null": (b"null", {}, "columns is missing"),
    "spaces": (b" \n\t " * 1000, {}, "columns is missing"),
    "nul": (b"\0", {}, "not JSON"),
    "a number": (b"1e999", {}, ""),
    "a long list where one word is meant": (
        b'{"columns": ["id"], "query_text": [' + b"1," * 60_000 + b"1]}", {}, "query_text is [1, 1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_can_not_be_read_is_refused_and_good_ones_are_answered(
    url: str, name: str
) -> None:
    content, headers, words = BODIES[name]
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        for path in (f"{BASE}/query", f"{BASE}/upsert-data", f"{BASE}/scan?num_results=x"):
            reply = client.post(path, content=content, headers=headers)
            is_declared(reply.status_code, reply.json())
            if path.endswith("query"):
                assert words in reply.json()["message"]
            good = client.post(f"{BASE}/query", json=GOOD)  # on the same connection
            assert good.json()["result"]["data_array"][0][0] == 1.0


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/json; charset=utf-16", "multipart/form-data", "\xff", ""],
)
def test_the_body_counts_and_not_what_its_header_calls_it(url: str, kind: str) -> None:
    headers = {"Content-Type": kind.encode("latin-1")}
    body = json.dumps(GOOD)
    reply = httpx.post(f"{url}{BASE}/query", content=body, headers=headers, trust_env=False)  # type: ignore[arg-type]
    assert reply.status_code == 200


def test_an_invocation_with_an_odd_body_is_refused(url: str) -> None:
    address = f"{url}/serving-endpoints/clip-multimodal-encoder/invocations"
    for content, headers, _ in BODIES.values():
        reply = httpx.post(
            address, content=content, headers=headers, trust_env=False, timeout=60
        )  # fmt: skip
        is_declared(reply.status_code, reply.json())


# ---------------------------------------------------------------------- addresses
@pytest.mark.parametrize(
    "path",
    [f"{INDEXES}/%ed%a0%bd/query", f"{INDEXES}/a%00b/query", f"{INDEXES}/%2e%2e/query",
     f"{INDEXES}/%2e%2e%2f%2e%2e/query", f"{INDEXES}/{'a' * 5000}/query", f"{INDEXES}/%/query",
     f"{INDEXES}/{'%41.' * 300}/query", f"{INDEXES}/..%5c..%5c/query",
     "/api/2.0/vector-search/endpoints/%ff", "/api/2.0/vector-search/endpoints/" + "e" * 9000,
     "/api/2.0/fs/files/Volumes/a/b/c/%00", "/api/2.0/fs/files/Volumes/%2e%2e/%2e%2e/etc/passwd",
     "/api/2.0/fs/files/Volumes/a/b/c/" + "f" * 300, "/api/2.1/unity-catalog/tables/%ed%b0%80",
     "/serving-endpoints/%00/invocations", "/serving-endpoints/%ed%a0%bd/invocations",
     "/%", "/%ff%fe", "//%"],
    ids=lambda path: path[-40:],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"])
def test_an_odd_address_is_refused(url: str, method: str, path: str) -> None:
    body = b"" if method in ("GET", "HEAD", "DELETE") else b"{}"
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    if method == "HEAD":
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(head.encode())
            data = b"".join(iter(lambda: connection.recv(65536), b""))
        assert 400 <= int(data.split()[1]) < 500
        return
    ((status, answer),) = answers(url, head.encode("latin-1") + body)
    is_declared(status, answer)


@pytest.mark.parametrize(
    "line",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET", b"GET / HTTP/9.9",
     b"GET \xff\xfe HTTP/1.1", b"GET / HTTP/1.1\r\nno colon",
     b"BREW /pot HTCPCP/1.0", b"GET  /none HTTP/1.1",
     b"OPTIONS * HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"\0" * 50,
     b"POST / HTTP/1.1\r\nContent-Length: -1",
     b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
     b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz",
     b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"],
)  # fmt: skip
def test_what_is_no_http_is_refused_in_the_apis_form(url: str, line: bytes) -> None:
    for status, body in answers(url, line + b"\r\n\r\n"):
        is_declared(status, body)
    assert httpx.get(f"{url}/health", trust_env=False).status_code == 200


def test_requests_of_one_connection_are_answered_in_order(url: str) -> None:
    def request(path: str, body: bytes = b"", more: str = "") -> bytes:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        return head.encode() + body

    good, bad = json.dumps(GOOD).encode(), b"{"
    many = [request(f"{BASE}/query", [good, bad][n % 2]) for n in range(40)]
    slow = request(f"{BASE}/scan")  # answered in a thread
    last = request(f"{BASE}/nothing", more="Connection: close\r\n")
    found = answers(url, b"".join([*many[:20], slow, *many[20:], last]))
    statuses = [status for status, _ in found]
    assert statuses == [200, 400] * 10 + [200] + [200, 400] * 10 + [404]
    # Nonsense behind a request doesn't take its answer.
    (first, *_) = answers(url, slow + b"\0\0\0\0 nonsense\r\n\r\n")
    assert first[0] in (200, 400)


def test_an_upgrade_that_is_not_offered_is_an_ordinary_request(url: str) -> None:
    good = json.dumps(GOOD).encode()
    head = (
        f"POST {BASE}/query HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        f"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP\r\nContent-Length: {len(good)}\r\n\r\n"
    ).encode()
    ((status, body),) = answers(url, head + good)
    assert status == 200 and body["result"]["row_count"] == 1
    # Where the offer is not seen before it is parsed, nothing is done without the body.
    middle = head.index(b"grade: h2c")
    for status, body in answers(url, head[:middle], b"", head[middle:] + good):
        assert status == 200 or "send no Upgrade header" in body["message"]
    row = json.dumps(
        {"inputs_json": '[{"id": 2, "text": "\\r\\nUpgrade: x\\r\\n\\r\\n", "v": [1, 2]}]'}
    )
    sent = f"POST {BASE}/upsert-data HTTP/1.1\r\nHost: x\r\nContent-Length: {len(row)}\r\n"
    ((status, body),) = answers(url, f"{sent}Connection: close\r\n\r\n{row}".encode())
    assert (status, body["status"]) == (200, "SUCCESS")


PIECES = [
    "\r\n",
    "Upgrade",
    "uPGRADE",
    "upgrade-insecure-requests",
    ": h2c",
    " ",
    "\t:",
    "Host: x",
    "\r\n\r\n",
    "é",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_the_offer_of_another_protocol_is_hidden_in_the_head_alone(pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    head, end, rest = data.partition(b"\r\n\r\n")
    hidden = re.sub(rb"(\r\n)(upgrade[ \t]*:)", rb"\1x-\2", head, flags=re.IGNORECASE)
    assert _without_upgrade(data) == hidden + end + rest


def test_a_waiting_client_is_told_to_go_on_only_when_its_body_is_wanted(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")

    def first_line(length: int) -> bytes:
        head = (
            f"POST {BASE}/query HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            f"Content-Length: {length}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(head.encode())
            return connection.recv(1000).split(b"\r\n")[0]

    assert first_line(100) == b"HTTP/1.1 100 Continue"
    assert first_line(10 << 30).split()[1] == b"413"


@pytest.mark.parametrize("filters", [5, True, [1], {"id": 1}])
def test_filters_that_are_no_text_are_refused_by_their_name(url: str, filters: object) -> None:
    body = {**GOOD, "filters_json": filters}
    refused = httpx.post(f"{url}{BASE}/query", json=body, trust_env=False)
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("filters_json is ")


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ("[true, 1.0]", "query_vector is [True, 1.0]; expected a list of numbers"),
        ("[1.0, null]", "query_vector is [1.0, None]; expected a list of numbers"),
        ('"1, 2"', "query_vector is '1, 2'; expected a list of numbers"),
        (f"[1.0, 1{'0' * 400}]", "The body is not JSON: number is infinity"),
        ("[1.0, 1e39]", "query_vector[1] is 1e+39; expected finite float32 numbers"),
        ("[1.0, 2.0, 3.0]", "Query vector dimension 3 does not match index dimension 2"),
    ],
)
def test_a_query_vector_that_is_none_is_refused_as_it_came(
    url: str, vector: str, message: str
) -> None:
    body = f'{{"columns": ["id"], "query_vector": {vector}}}'
    refused = httpx.post(f"{url}{BASE}/query", content=body, trust_env=False)
    assert refused.status_code == 400 and refused.json()["message"].startswith(message)


@pytest.mark.parametrize("vector", ["[1, 2]", "[1, 2.0]", "[1.0, 2.0]", f"[{2**70}, 0.5]"])
def test_numbers_of_a_query_vector_are_integers_or_not(url: str, vector: str) -> None:
    body = f'{{"columns": ["id"], "query_vector": {vector}}}'
    found = httpx.post(f"{url}{BASE}/query", content=body, trust_env=False)
    assert found.status_code == 200 and found.json()["result"]["row_count"] >= 1
