"""What stands before every route: whose page may send it, odd headers and methods, log and metrics."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from support.children import wait_until
from support.server import CREDENTIALS, SYNCED, served

from engine import Workspace
from engine.doors.http.app import create_app
from engine.doors.http.server import Options
from engine.doors.rest.routing import new_request_id
from engine.errors import StorageFailed

ENDPOINTS = "/api/2.0/vector-search/endpoints"
QUERY = f"/api/2.0/vector-search/indexes/{SYNCED}/query"
BEARER = {"Authorization": f"Bearer {CREDENTIALS.token}"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    with served(tmp_path_factory.mktemp("guarded")) as found:
        yield found


@pytest.fixture(scope="module")
def client(shop: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop[1], headers=BEARER, trust_env=False, timeout=60) as opened:
        yield opened


@pytest.fixture
def log(shop: Any, caplog: pytest.LogCaptureFixture) -> Any:
    """The first so many lines of the access log. A line is written after its answer was sent."""
    caplog.set_level(logging.INFO, "vitrine.access")

    def written() -> list[str]:
        return [r.getMessage() for r in caplog.records if r.name == "vitrine.access"]

    # Behind this one's line come none of the requests that were made before.
    httpx.get(f"{shop[1]}/health", headers={"X-Request-Id": "the-first-line"}, trust_env=False)
    wait_until(lambda: any("the-first-line" in line for line in written()))
    caplog.clear()

    def lines(count: int = 1) -> list[dict[str, Any]]:
        wait_until(lambda: len(written()) >= count)
        return [json.loads(line) for line in written()]

    return lines


def raw(url: str, *lines: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """Status and body of a request written by hand."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        head = "\r\n".join([*lines, "Connection: close", "", ""])
        connection.sendall(head.encode("latin-1") + body)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    top, _, content = reply.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(content or b"{}")


# ---------------------------------------------------------------------- without credentials
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:8765"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8765"}, 200),
        ({"Host": "localhost:8765", "Origin": "http://localhost:3000"}, 200),
        ({"Host": "evil.example:8765"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": "evil.example@127.0.0.1.evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Host": ""}, 403),
        ({"Host": "127.0.0.1:8765", "Origin": "https://evil.example"}, 403),
        ({"Host": "127.0.0.1:8765", "Origin": "null"}, 403),
        ({"Host": "127.0.0.1:8765", "Origin": ""}, 403),
    ],
)
def test_a_page_of_another_site_can_not_use_a_server_without_credentials(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    with TestClient(create_app(Workspace(tmp_path), loopback_only=True)) as client:
        for method, path in (("GET", ENDPOINTS), ("POST", ENDPOINTS), ("GET", "/metrics")):
            reply = client.request(method, path, headers=headers, content=b"")
            if status == 403:
                assert (reply.status_code, reply.json()["error_code"]) == (403, "PERMISSION_DENIED")
            else:
                assert reply.status_code != 403


def test_the_command_without_credentials_looks_at_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.doors.http import server

    options = {"path": str(tmp_path), "auth": False, "access_log": False}
    monkeypatch.setenv("VITRINE_SERVER", json.dumps(options))
    with TestClient(server.app_from_environment()) as client:
        assert client.get(ENDPOINTS, headers={"Host": "evil.example"}).status_code == 403
        assert client.get(ENDPOINTS, headers={"Host": "127.0.0.1"}).status_code == 200


# ---------------------------------------------------------------------- addresses
@pytest.mark.parametrize(
    "path",
    ["/healthy", "/health/x", "/docsearch", "/metrics", "/openapi.json5", "/oidc", "/.well-known"],
)  # fmt: skip
def test_only_whole_addresses_are_public(shop: Any, path: str) -> None:
    assert httpx.get(shop[1] + path, trust_env=False).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/oidc/../api/2.0/vector-search/endpoints", "/health/../api/2.0/vector-search/endpoints",
     "/oidc/%2e%2e/api/2.0/vector-search/endpoints", "/%2e/api/2.0/vector-search/endpoints",
     "/.well-known/..%2fapi/2.0/vector-search/endpoints", "//api/2.0/vector-search/endpoints"],
)  # fmt: skip
def test_no_spelling_of_an_address_gets_around_the_token(shop: Any, path: str) -> None:
    status, body = raw(shop[1], f"GET {path} HTTP/1.1", "Host: x")
    assert status in (401, 404) and "endpoints" not in body


def test_a_basic_header_that_is_not_ascii_is_a_wrong_client(shop: Any) -> None:
    form = b"grant_type=client_credentials"
    status, body = raw(
        shop[1], "POST /oidc/v1/token HTTP/1.1", "Host: x", "Authorization: Basic \xff\xfe",
        f"Content-Length: {len(form)}", body=form,
    )  # fmt: skip
    assert (status, body["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("length", ["9" * 25, "9" * 18, "9" * 4000])
def test_a_length_beyond_all_numbers_is_refused(shop: Any, length: str) -> None:
    head = [f"POST {QUERY} HTTP/1.1", "Host: x", f"Authorization: {BEARER['Authorization']}"]
    host, port = shop[1].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        text = "\r\n".join([*head, f"Content-Length: {length}", "", ""])
        connection.sendall(text.encode())
        assert int(connection.recv(65536).split()[1]) in (400, 413)  # uvicorn's own, or ours


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused_in_the_apis_form(client: httpx.Client, method: str) -> None:
    for path in (ENDPOINTS, "/health", "/api/2.0/fs/files/Volumes/a/b/c/d", "/nowhere"):
        reply = client.request(method, path)
        assert 400 <= reply.status_code < 500
        if reply.headers["content-type"] == "application/json":  # not what uvicorn itself refuses
            assert {"error_code", "message", "details"} == set(reply.json())


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    for path in (ENDPOINTS, "/health"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
    assert client.head("/api/2.0/nothing").status_code == 404


def test_an_address_without_its_raw_form_is_encoded_again(tmp_path: Path) -> None:
    import asyncio

    app, sent = create_app(Workspace(tmp_path)), []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/api/2.0/vector-search/endpoints/ä b%", "headers": [],
        "query_string": b"", "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    body = json.loads(b"".join(m.get("body", b"") for m in sent))
    assert sent[0]["status"] == 404 and "ä b%" in body["message"]


# ---------------------------------------------------------------------- log and metrics
def test_methods_that_callers_make_up_do_not_fill_the_metrics(
    client: httpx.Client, log: Any
) -> None:
    for number in range(5):
        client.request(f"MADEUP{number}", "/nowhere")
    assert "MADEUP" not in client.get("/metrics").text


def test_each_request_counts_under_a_name(client: httpx.Client, log: Any) -> None:
    client.get(ENDPOINTS)
    client.get("/api/2.0/vector-search/nothing")
    client.get("/.well-known/databricks-config")
    client.post("/oidc/v1/token")
    names = {line["operation"] for line in log(4)}  # a line may be written after the next answer
    assert names == {"list_endpoints", "unknown", "login_config", "login_token"}


def test_what_a_query_string_holds_is_not_logged(client: httpx.Client, log: Any) -> None:
    client.get(f"{ENDPOINTS}?page_token=very-secret")
    assert "very-secret" not in json.dumps(log())


def test_a_line_of_the_log_stays_one_line(shop: Any, log: Any) -> None:
    raw(shop[1], "GET /a%0Ab%0d%22%20c HTTP/1.1", "Host: x")
    (line,) = log()
    assert line["path"] == '/a\nb\r" c' and line["status"] == 401


def test_an_id_that_is_no_plain_word_is_replaced(client: httpx.Client) -> None:
    for given in ("a b", "x" * 129, "", "é"):
        reply = client.get("/health", headers={"X-Request-Id": given.encode("latin-1")})
        assert len(reply.headers["x-request-id"]) == 36


def test_ids_are_random_uuids(client: httpx.Client) -> None:
    made = {client.get("/health").headers["x-request-id"] for _ in range(3)}
    made |= {new_request_id() for _ in range(500)}
    assert len(made) == 503
    for each in made:
        parsed = uuid.UUID(each)
        assert (str(parsed), parsed.version, parsed.variant) == (each, 4, uuid.RFC_4122)
    assert {each[19] for each in made} == set("89ab")


def test_a_client_that_goes_away_is_no_failure(
    shop: Any, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = shop[1].removeprefix("http://").split(":")
    caplog.set_level(logging.INFO, "vitrine.access")
    head = f"POST {QUERY} HTTP/1.1\r\nHost: x\r\nAuthorization: {BEARER['Authorization']}\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    for _ in range(200):
        client.get("/health")
        lines = [json.loads(r.message) for r in caplog.records if r.name == "vitrine.access"]
        if any(line["status"] == 499 for line in lines):
            break
    assert any(line["status"] == 499 for line in lines)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


# ---------------------------------------------------------------------- health
def test_health_fails_once_the_workspace_is_gone_and_not_before_it_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    with TestClient(create_app(Workspace(folder))) as client:
        assert client.get("/health").status_code == 200
        folder.mkdir()
        assert client.get("/health").json()["status"] == "ok"
        shutil.rmtree(folder)
        gone = client.get("/health")
        assert (gone.status_code, gone.json()["error_code"]) == (503, "STORAGE_FAILED")
        folder.mkdir()
        assert client.get("/health").status_code == 200


def test_the_page_of_the_api_asks_no_other_host(client: httpx.Client) -> None:
    page = client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(loaded) == 4 and "//" not in page.text.replace("<!doctype html>", "")
    for address in loaded:
        if address != "data:,":
            file = client.get(address)
            assert file.status_code == 200 and file.headers["x-content-type-options"] == "nosniff"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert "validatorUrl: null" in client.get("/docs/start.js").text
    assert client.get("/redoc").status_code == 404


@pytest.mark.parametrize(
    ("name", "digest"),
    [("swagger-ui-bundle.js", "e6a898692f2d768e807c3ba4626068a69a2c5dd960dd6c76f3e4d3a3de180af2"),
     ("swagger-ui.css", "5ed08757e53da3e026d6cbecc61fe5d43585c9560b302d534ad56692519a273d")],
)  # fmt: skip
def test_the_page_is_swagger_ui_as_it_was_published(
    client: httpx.Client, name: str, digest: str
) -> None:
    plain = client.get(f"/docs/{name}", headers={"Accept-Encoding": "identity"})
    packed = client.get(f"/docs/{name}", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert plain.content == packed.content  # httpx unpacks it
    assert hashlib.sha256(plain.content).hexdigest() == digest


# ---------------------------------------------------------------------- several workers
def test_metrics_of_ended_workers_still_count_but_nothing_runs_in_them(tmp_path: Path) -> None:
    worker = (
        "from engine.doors.http import guard\n"
        "guard.RUNNING.inc(); guard.REQUESTS.labels('list_endpoints', 'GET', '200').inc(3)"
    )
    reader = (
        "from engine.doors.http import guard, metrics\n"
        "guard.RUNNING.inc(); guard.REQUESTS.labels('list_endpoints', 'GET', '200').inc(2)\n"
        "print(metrics.current_metrics().decode())"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(program: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
        ).stdout  # fmt: skip

    for _ in range(2):
        run(worker)
    metrics = run(reader)
    assert 'total{method="GET",operation="list_endpoints",status="200"} 8.0' in metrics
    assert "vitrine_http_requests_running 1.0" in metrics


# ---------------------------------------------------------------------- the command
def serve(folder: Path, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """What the command says when its port is taken right after everything else was checked."""
    return subprocess.run(
        [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(folder), *options],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environ},
    )  # fmt: skip


def test_what_can_not_be_served_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder, options in (
        (tmp_path / "file", ()),
        (tmp_path / "file" / "below", ("--port", "1")),
        (tmp_path / "file" / "below", ("--no-auth",)),
        (tmp_path, ("--no-auth", "--host", "0.0.0.0")),
        (tmp_path, ("--host", "no-such-host.invalid")),
        (tmp_path, ("--host", "..")),
        (tmp_path, ("--host", "a" * 70)),
        (tmp_path, ("--host", "")),
    ):
        done = serve(folder, *options)
        assert done.returncode == 1, done
        assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1, done.stderr
        assert done.stdout == ""
    assert not (tmp_path / "credentials.json").exists()


def test_a_folder_that_can_not_be_made_is_found_before_serving(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="was not made"):
        Options(tmp_path / "file" / "below", port=0).check()


def test_an_ipv6_address_is_written_as_one() -> None:
    assert Options(Path("x"), "::1", 80).url == "http://[::1]:80"
    assert Options(Path("x"), "127.0.0.1", 80).url == "http://127.0.0.1:80"


def test_credentials_are_shown_once_and_those_given_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from engine.doors.cli.command import main
    from engine.doors.http import server

    monkeypatch.setattr(server, "serve", lambda *_: None)

    def shown(**environ: str) -> str:
        at = ["serve", "-w", str(tmp_path), "--port", "0"]
        done = CliRunner().invoke(main, at, env=environ, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    first = shown(VITRINE_TOKEN="mine-alone")
    kept = json.loads((tmp_path / "credentials.json").read_text())
    assert kept["client_secret"] in first and kept["client_id"] in first
    assert "mine-alone" not in first and "(that of VITRINE_TOKEN)" in first
    second = shown()
    assert not any(secret in second for secret in kept.values())
    assert str(tmp_path / "credentials.json") in second
    given = {"VITRINE_TOKEN": "a1", "VITRINE_CLIENT_ID": "b2", "VITRINE_CLIENT_SECRET": "c3"}
    assert "credentials.json" not in shown(**given)
