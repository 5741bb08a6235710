"""Managed MCP over HTTP without the library's client: plain POSTs, refusals, log, metrics, limits."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from managed_mcp.functions import PATH as FUNCTIONS
from managed_mcp.functions import SEARCH, TOOLS, VALUE
from managed_mcp.shop import NAME, PATH, TOOL, shop_in
from support.children import LONGEST, wait_until
from support.encoder import CountingEncoder
from support.needs import needs
from support.server import CREDENTIALS, serving

needs("mcp")

from engine import Workspace
from engine.doors.http.guard import Limits
from engine.doors.http.server import BackgroundServer
from engine.optional import install_line

CALL = {"name": TOOL, "arguments": {"query": "red dress"}}
AI_SEARCH = "/api/2.0/mcp/ai-search/main/shop"


def rows_of(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    result = reply.json()["result"]
    assert result["isError"] is False, result
    assert [item["type"] for item in result["content"]] == ["text"]
    return json.loads(result["content"][0]["text"])


def error_of(reply: httpx.Response) -> tuple[int, str]:
    assert reply.status_code == 200, reply.text
    error = reply.json()["error"]
    return error["code"], error["message"]


# ------------------------------------------------------------------ answered
@pytest.mark.parametrize("path", [PATH, AI_SEARCH, f"{PATH}/by_text", f"{AI_SEARCH}/by_text/"])
def test_a_plain_post_without_a_session_is_answered_in_json(post: Any, path: str) -> None:
    reply = post("tools/call", CALL, path)
    assert reply.headers["content-type"] == "application/json"
    assert "mcp-session-id" not in reply.headers
    assert (reply.json()["jsonrpc"], reply.json()["id"]) == ("2.0", 7)
    assert rows_of(reply)[0] == {"id": "n00", "text": "red dress", "price": 0.0, "score": -1.0}


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "text/event-stream",
        "*/*",
        "application/json, text/event-stream",
        "text/html",
    ],
)
def test_whatever_is_accepted_the_reply_is_json(post: Any, accept: str) -> None:
    assert len(rows_of(post("tools/call", CALL, accept=accept))) == 5


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "x/y; a"]
)
def test_whatever_a_body_calls_itself_json_is_read(url: str, kind: str | None) -> None:
    message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": CALL}
    headers = {"Authorization": f"Bearer {CREDENTIALS.token}"}
    if kind is not None:
        headers["Content-Type"] = kind
    assert len(rows_of(httpx.post(url + PATH, content=json.dumps(message), headers=headers))) == 5


def test_parameters_come_in_meta(post: Any) -> None:
    meta = {"num_results": "2", "columns": "id", "include_score": "true"}
    found = rows_of(post("tools/call", {**CALL, "_meta": meta}))
    assert [list(row) for row in found] == [["id", "score"]] * 2


def test_tools_are_listed_at_both_addresses(post: Any) -> None:
    for path in (PATH, AI_SEARCH):
        tools = post("tools/list", path=path).json()["result"]["tools"]
        assert [tool["name"] for tool in tools] == ["main__shop__by__name", TOOL]
        assert tools[1]["inputSchema"]["required"] == ["query"]


def test_functions_are_listed_and_called(post: Any) -> None:
    tools = post("tools/list", path=FUNCTIONS).json()["result"]["tools"]
    assert [tool["name"] for tool in tools] == TOOLS
    assert tools[0]["inputSchema"]["required"] == ["wanted"]
    call = {"name": SEARCH, "arguments": {"wanted": "red dress", "most": 1}}
    found = rows_of(post("tools/call", call, f"{FUNCTIONS}/alike"))
    columns = ["id", "text", "price", "score"]
    assert found == {
        "is_truncated": False,
        "columns": columns,
        "rows": [["n00", "red dress", 0.0, 1.0]],
    }
    call = {"name": VALUE, "arguments": {"price": 3}}
    reply = post("tools/call", call, FUNCTIONS).json()["result"]["content"]
    assert reply == [
        {"type": "text", "text": '{"is_truncated":false,"columns":["output"],"rows":[[1.5]]}'}
    ]


def test_a_handshake_begins_no_session(post: Any) -> None:
    asked = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    reply = post("initialize", asked)
    assert reply.json()["result"]["protocolVersion"] == "2025-06-18"
    assert "tools" in reply.json()["result"]["capabilities"]
    assert "mcp-session-id" not in reply.headers


@pytest.mark.parametrize("host", ["vitrine.example:8765", "10.1.2.3", "host.docker.internal:80"])
def test_it_may_be_asked_under_any_name(post: Any, host: str) -> None:
    assert rows_of(post("tools/call", CALL, host=host, origin=f"https://{host}"))


# ------------------------------------------------------------------ refused
@pytest.mark.parametrize("token", [None, "wrong"])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/gone", "/api/2.0/mcp/genie/x", "/api/2.0/mcp/x"])
def test_without_credentials_nothing_is_said(post: Any, path: str, token: str | None) -> None:
    reply = post("tools/call", CALL, path, token)
    assert (reply.status_code, reply.json()["error_code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_only_post_is_taken(url: str, method: str) -> None:
    signed = {"Authorization": f"Bearer {CREDENTIALS.token}", "Accept": "text/event-stream"}
    reply = httpx.request(method, url + PATH, headers=signed, trust_env=False, timeout=60)
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/api/2.0/mcp/genie/x", 501, "'genie' is not offered"),
        ("/api/2.0/mcp/sql", 501, "'sql' is not offered"),
        ("/api/2.0/mcp/external/x", 501, "'external' is not offered"),
        ("/api/2.0/mcp/vector-search", 404, "mcp/vector-search/<catalog>/<schema>/<index>"),
        ("/api/2.0/mcp/vector-search/main", 404, "No API found"),
        ("/api/2.0/mcp/functions/main", 404, "mcp/functions/<catalog>/<schema>/<function>"),
        (f"{FUNCTIONS}/alike/more", 404, "No API found"),
        (f"{PATH}/by_text/more", 404, "No API found"),
        ("/api/2.0/mcp/", 404, "No API found"),
        ("/api/2.0/mcp/other/a/b", 404, "one of ai-search, vector-search, functions"),
    ],
)
def test_other_addresses_say_what_there_is(post: Any, path: str, status: int, text: str) -> None:
    reply = post("tools/list", path=path)
    assert reply.status_code == status
    assert text in reply.json()["message"]


@pytest.mark.parametrize(
    ("method", "params", "path", "text"),
    [
        ("tools/list", {}, f"{PATH}/gone", "main.shop.gone not found"),
        ("tools/list", {}, f"{PATH}/own_vectors", "no managed embeddings"),
        ("tools/list", {}, "/api/2.0/mcp/ai-search/main/nowhere", "nowhere"),
        ("tools/list", {}, f"{FUNCTIONS}/gone", "Function 'main.shop.gone' not found"),
        ("tools/list", {}, "/api/2.0/mcp/functions/main/nowhere", "nowhere"),
        ("tools/call", {"name": SEARCH}, FUNCTIONS, "Missing parameter value for wanted"),
        ("tools/call", {"name": SEARCH, "arguments": {"wanted": 5}}, FUNCTIONS, "wanted is 5"),
        ("tools/call", {"name": TOOL}, FUNCTIONS, "Function 'main.shop.by_text' not found"),
        ("tools/call", {**CALL, "name": "gone"}, PATH, "malformed or not found"),
        ("tools/call", {"name": TOOL}, PATH, "Missing parameter value"),
        ("tools/call", {**CALL, "_meta": {"num_results": "x"}}, PATH, "_meta.num_results"),
    ],
)
def test_a_call_that_can_t_be_made_is_an_error_of_json_rpc(
    post: Any, method: str, params: dict[str, Any], path: str, text: str
) -> None:
    code, message = error_of(post(method, params, path))
    assert code == -32602
    assert message.startswith("BAD_REQUEST: ")
    assert text in message


def test_a_search_that_fails_is_a_result_that_says_so(post: Any) -> None:
    reply = post("tools/call", {**CALL, "_meta": {"filters": '{"nothing": 1}'}}).json()["result"]
    assert reply["isError"] is True
    assert reply["content"][0]["text"].startswith("BAD_REQUEST: ")
    assert "nothing" in reply["content"][0]["text"]


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        (SEARCH, {"wanted": ""}, "INVALID_PARAMETER_VALUE: A query needs query_text"),
        (
            "main__shop__shouted",
            {"said": "a"},
            "NOT_IMPLEMENTED: main.shop.shouted is a function in",
        ),
    ],
)
def test_a_function_that_fails_is_a_result_that_says_so(
    post: Any, name: str, arguments: dict[str, str], text: str
) -> None:
    call = {"name": name, "arguments": arguments}
    reply = post("tools/call", call, FUNCTIONS).json()["result"]
    assert reply["isError"] is True
    assert reply["content"][0]["text"].startswith(text)


def test_a_method_that_is_not_offered_is_an_error_of_json_rpc(post: Any) -> None:
    assert error_of(post("resources/list"))[0] == -32601


def test_what_is_no_message_is_refused(url: str) -> None:
    signed = {"Authorization": f"Bearer {CREDENTIALS.token}", "Content-Type": "application/json"}
    for body in (b"", b"{", b"\xff", b'{"a":NaN}', b"[" * 100_000):
        reply = httpx.post(url + PATH, content=body, headers=signed, trust_env=False, timeout=60)
        assert (reply.status_code, reply.json()["error_code"]) == (400, "MALFORMED_REQUEST"), body
    for body in (b"[]", b"{}", b"5", b'{"jsonrpc":"2.0","id":1}'):
        reply = httpx.post(url + PATH, content=body, headers=signed, trust_env=False, timeout=60)
        assert reply.status_code == 400
        assert reply.json()["error"]["code"] in (-32600, -32602)


def test_a_body_that_is_no_query_s_size_is_refused(post: Any) -> None:
    reply = post("tools/call", {**CALL, "arguments": {"query": "x" * (5 << 20)}})
    assert (reply.status_code, reply.json()["error_code"]) == (413, "REQUEST_TOO_LARGE")


def test_the_missing_library_is_named_with_its_extra(
    post: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.doors.mcp import library

    library.load.cache_clear()
    monkeypatch.setattr("engine.optional.is_installed", lambda package: package != "mcp")
    reply = post("tools/list")
    assert (reply.status_code, reply.json()["error_code"]) == (400, "MISSING_EXTRA")
    assert install_line("mcp") in reply.json()["message"]
    monkeypatch.undo()
    assert post("tools/list").status_code == 200


def test_what_fails_inside_is_not_told(post: Any, shop: Any, monkeypatch: Any, caplog: Any) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(shop.queries), "query", broken)
    code, message = error_of(post("tools/call", CALL))
    assert (code, "secret" in message) == (-32603, False)
    assert "a secret of the inside" in caplog.text


# ------------------------------------------------------------------ beside other requests
def test_log_and_metrics_name_what_was_asked_for(
    post: Any, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("vitrine.access").propagate = True
    with caplog.at_level(logging.INFO, "vitrine.access"):
        sent = [post("tools/call", CALL), post("tools/list")]
        sent.append(post("tools/list", path=f"{PATH}/a/b/c"))
        ids = [reply.headers["x-request-id"] for reply in sent]

        def operations() -> dict[str, str]:
            written = [r.message for r in caplog.records if r.name == "vitrine.access"]
            return {line["request_id"]: line["operation"] for line in map(json.loads, written)}

        wait_until(lambda: operations().keys() >= set(ids))  # a line is written after its reply
    named = [operations()[each] for each in ids]
    assert named == ["mcp_call_tool", "mcp_list_tools", "mcp"]
    signed = {"Authorization": f"Bearer {CREDENTIALS.token}"}
    counts = httpx.get(f"{url}/metrics", headers=signed, trust_env=False, timeout=60).text
    label = 'vitrine_http_requests_total{method="POST",operation="mcp_call_tool",status="200"}'
    assert label in counts


class Slow(CountingEncoder):
    """Waits for a sign before it encodes."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.asked, self.may_go_on = threading.Event(), threading.Event()

    def encode_texts(self, texts: Sequence[str]) -> Any:
        if "red dress" in texts:
            self.asked.set()
            assert self.may_go_on.wait(LONGEST)
        return super().encode_texts(texts)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Workspace, Slow]]:
    workspace, encoder = Workspace(tmp_path), Slow()
    workspace.write_table("main.shop.t", pa.table({"id": [1, 2], "text": ["blue dress", "hat"]}))
    workspace.serving.use("slow", encoder)
    workspace.create_index(
        NAME,
        source_table="main.shop.t",
        source_column="text",
        model_endpoint="slow",
        primary_key="id",
        create_endpoint=True,
    )
    yield workspace, encoder
    encoder.may_go_on.set()


def test_a_slow_search_holds_up_nobody(slow: tuple[Workspace, Slow]) -> None:
    workspace, encoder = slow
    with BackgroundServer(workspace, None) as server, ThreadPoolExecutor(1) as pool:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL}
        ask = {"trust_env": False, "timeout": LONGEST}
        waiting = pool.submit(httpx.post, server.url + PATH, json=message, **ask)
        assert encoder.asked.wait(LONGEST)
        assert httpx.get(f"{server.url}/health", **ask).status_code == 200
        assert not waiting.done()
        encoder.may_go_on.set()
        assert len(rows_of(waiting.result())) == 2


def test_a_search_that_takes_too_long_is_given_up(slow: tuple[Workspace, Slow]) -> None:
    workspace, _ = slow
    with BackgroundServer(workspace, None, limits=Limits(seconds=0.5)) as server:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        ask = {"trust_env": False, "timeout": LONGEST}
        httpx.post(server.url + PATH, json=message, **ask)  # loads the library
        message = {**message, "method": "tools/call", "params": CALL}
        reply = httpx.post(server.url + PATH, json=message, **ask)
        assert (reply.status_code, reply.json()["error_code"]) == (504, "DEADLINE_EXCEEDED")


def test_several_workers_answer_the_same_caller(tmp_path: Path) -> None:
    folder = shop_in(tmp_path).path
    hashed = {**os.environ, "VITRINE_ENCODER": "hashed"}
    with serving(folder, "--workers", "2", "--no-auth", "--quiet", env=hashed) as (_, url):
        for _ in range(6):  # a connection each, so that both are asked
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL}
            reply = httpx.post(url + PATH, json=message, trust_env=False, timeout=LONGEST)
            assert rows_of(reply)[0]["id"] == "n00"
        other = {"origin": "https://elsewhere.example"}  # a page of another site
        reply = httpx.post(url + PATH, json=message, headers=other, trust_env=False, timeout=60)
        assert reply.status_code == 403


def test_the_library_is_loaded_when_it_is_asked_for(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from engine import Workspace\n"
        "from engine.doors.http.app import create_app\n"
        f"create_app(Workspace({str(tmp_path)!r}))\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('mcp', 'mcp_types')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
