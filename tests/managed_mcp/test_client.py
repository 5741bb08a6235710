"""Managed MCP by the official library's own clients, signed in each way, and an agent's whole loop."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from managed_mcp.functions import PATH as FUNCTIONS
from managed_mcp.functions import SEARCH, TOOLS, VALUE, answer_of
from managed_mcp.shop import NAME, PATH, TOOL
from support.needs import needs
from support.server import CREDENTIALS

needs("mcp")

import mcp
from mcp.client import streamable_http
from mcp.shared import exceptions

from engine import Workspace

ASK = "red dress"
IS_SECOND = hasattr(exceptions, "MCPError")
McpError: type[Exception] = exceptions.MCPError if IS_SECOND else exceptions.McpError
Session = Any


def with_session(url: str, token: str, work: Callable[[Session], Awaitable[Any]]) -> Any:
    """What some work gives with a session of the library's client."""
    headers = {"Authorization": f"Bearer {token}"}

    async def run() -> Any:
        async with connected(url, headers) as streams, mcp.ClientSession(*streams[:2]) as session:
            await session.initialize()
            return await work(session)

    return asyncio.run(run())


@asynccontextmanager
async def connected(url: str, headers: dict[str, str]) -> AsyncIterator[Any]:
    """The client's end of a connection, as each release of the library makes it."""
    if hasattr(streamable_http, "streamable_http_client"):
        async with (
            client_of(headers) as http,
            streamable_http.streamable_http_client(url, http_client=http) as streams,
        ):
            yield streams
    else:
        async with streamable_http.streamablehttp_client(url, headers=headers) as streams:
            yield streams


def client_of(headers: dict[str, str]) -> Any:
    """A client of the package that the library's release uses, signed in."""
    http = importlib.import_module("httpx2" if IS_SECOND else "httpx")
    return http.AsyncClient(headers=headers, timeout=60, trust_env=False)


def errors_in(error: BaseException) -> list[BaseException]:
    """The errors of a group, of groups within it too; the library raises its own in several."""
    parts = getattr(error, "exceptions", None)
    return [error] if parts is None else [one for part in parts for one in errors_in(part)]


def access_token() -> str:
    return CREDENTIALS.new_access_token()


def text_of(result: Any) -> str:
    text: str = result.content[0].text
    return text


def failed(result: Any) -> bool:
    return bool(result.is_error if IS_SECOND else result.isError)


@pytest.mark.parametrize("prefix", ["vector-search", "ai-search"])
@pytest.mark.parametrize("token", [CREDENTIALS.token, access_token()], ids=["token", "oauth"])
def test_an_agent_finds_the_rows_of_the_api_s_query(
    shop: Workspace, url: str, prefix: str, token: str
) -> None:
    async def work(session: Session) -> Any:
        tools = (await session.list_tools()).tools
        assert [tool.name for tool in tools] == ["main__shop__by__name", TOOL]
        return await session.call_tool(tools[1].name, {"query": ASK})

    result = with_session(f"{url}/api/2.0/mcp/{prefix}/main/shop", token, work)
    columns = ["id", "text", "price", "score"]
    reply = shop.query_index(NAME, columns=columns, query_text=ASK, num_results=5)
    rows = [dict(zip(columns, row)) for row in reply["result"]["data_array"]]
    assert not failed(result)
    assert json.loads(text_of(result)) == rows


@pytest.mark.parametrize("token", [CREDENTIALS.token, access_token()], ids=["token", "oauth"])
def test_an_agent_searches_by_a_function(shop: Workspace, url: str, token: str) -> None:
    async def work(session: Session) -> Any:
        tools = (await session.list_tools()).tools
        assert [tool.name for tool in tools] == TOOLS
        assert tools[0].description == "Finds notes by meaning."
        price = await session.call_tool(VALUE, {"price": 5, "share": "0.1"})
        assert answer_of(text_of(price)) == (["output"], [[0.5]])
        return await session.call_tool(tools[0].name, {"wanted": ASK, "most": 2})

    result = with_session(url + FUNCTIONS, token, work)
    columns = ["id", "text", "price"]
    reply = shop.query_index(NAME, columns=columns, query_text=ASK, num_results=2)
    assert not failed(result)
    assert answer_of(text_of(result)) == ([*columns, "score"], reply["result"]["data_array"])


def test_functions_and_indexes_are_called_at_once(url: str) -> None:
    async def work(session: Session) -> Any:
        calls = [session.call_tool(VALUE, {"price": float(n)}) for n in range(12)]
        calls += [session.call_tool(SEARCH, {"wanted": text, "most": 1}) for text in ("hat", ASK)]
        return await asyncio.gather(*calls)

    rows = [
        answer_of(text_of(one))[1][0]
        for one in with_session(url + FUNCTIONS, CREDENTIALS.token, work)
    ]
    assert rows[:12] == [[n / 2] for n in range(12)]
    assert "hat" in str(rows[12][1])
    assert rows[13][1] == ASK


def test_meta_parameters_are_the_caller_s_own(url: str) -> None:
    meta = {"num_results": 2, "filters": '{"price >": 3}', "columns": "id,price"}

    async def work(session: Session) -> Any:
        return await session.call_tool(TOOL, {"query": ASK}, meta=meta)

    rows = json.loads(text_of(with_session(url + PATH, CREDENTIALS.token, work)))
    assert len(rows) == 2
    assert all(row["price"] > 3 and list(row) == ["id", "price"] for row in rows)


def test_one_session_calls_many_times_at_once(url: str) -> None:
    texts = ["red dress", "blue bag", "green hat", "red shoes"] * 5

    async def work(session: Session) -> Any:
        calls = [
            session.call_tool(TOOL, {"query": text}, meta={"num_results": 1}) for text in texts
        ]
        return await asyncio.gather(*calls)

    found = with_session(f"{url}{PATH}/by_text", CREDENTIALS.token, work)
    assert [json.loads(text_of(one))[0]["text"] for one in found] == texts


def test_a_failing_search_is_read_by_the_agent(url: str) -> None:
    async def work(session: Session) -> Any:
        return await session.call_tool(TOOL, {"query": ""})

    result = with_session(url + PATH, CREDENTIALS.token, work)
    assert failed(result)
    assert "query_text" in text_of(result)


@pytest.mark.parametrize(
    ("path", "tool", "arguments", "text"),
    [
        (PATH, "main__shop__gone", {"query": ASK}, "not found"),
        (PATH, "main__shop__own_vectors", {"query": ASK}, "no managed embeddings"),
        (PATH, TOOL, {"text": ASK}, "Missing parameter value"),
        (f"{PATH}/gone", TOOL, {"query": ASK}, "malformed or not found"),
        (FUNCTIONS, "main__shop__gone", {}, "'main.shop.gone' not found"),
        (FUNCTIONS, SEARCH, {}, "Missing parameter value for wanted"),
        (f"{FUNCTIONS}/alike", VALUE, {"price": 1}, "malformed or not found"),
    ],
)
def test_a_wrong_call_raises_the_library_s_error(
    url: str, path: str, tool: str, arguments: dict[str, Any], text: str
) -> None:
    async def work(session: Session) -> Any:
        with pytest.raises(McpError, match=text) as caught:
            await session.call_tool(tool, arguments)
        return str(caught.value)

    assert "BAD_REQUEST" in with_session(url + path, CREDENTIALS.token, work)


def test_a_wrong_token_is_refused_at_once(url: str) -> None:
    async def work(session: Session) -> None:
        raise AssertionError("it was let in")

    with pytest.raises(BaseException) as caught:
        with_session(url + PATH, "wrong", work)
    assert not any(isinstance(error, AssertionError) for error in errors_in(caught.value))


@pytest.mark.skipif(not IS_SECOND, reason="release 1 has no such client")
@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
def test_the_newest_protocol_has_no_handshake(url: str, mode: str) -> None:
    async def run() -> Any:
        async with client_of({"Authorization": f"Bearer {CREDENTIALS.token}"}) as http:
            transport = streamable_http.streamable_http_client(url + PATH, http_client=http)
            async with mcp.Client(transport, mode=mode) as client:
                tools = (await client.list_tools()).tools
                called = await client.call_tool(
                    tools[1].name, {"query": ASK}, meta={"num_results": 1}
                )
                return json.loads(text_of(called))

    assert [row["id"] for row in asyncio.run(run())] == ["n00"]
