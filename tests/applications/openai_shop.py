"""A shop's agent by OpenAI's library: a program for any workspace, that knows how to sign in alone.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN, and of the service principal SHOP_CLIENT_ID and
SHOP_CLIENT_SECRET. The workspace has the table main.shop.notes. Prints what it found as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from databricks.ai_search.client import VectorSearchClient
from databricks.sdk import WorkspaceClient
from databricks_openai import McpServerToolkit, VectorSearchRetrieverTool
from databricks_openai.agents import McpServer
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

ENDPOINT, MODEL, TABLE = "shop", "databricks-gte-large-en", "main.shop.notes"
NAME, ASK = "main.shop.by_text", "a red dress for the summer"


class Scripted(Model):
    """In a language model's place: asks its first tool what it was asked, and repeats the rows."""

    async def get_response(
        self,
        system_instructions: Any,
        input: Any,
        model_settings: Any,
        tools: Any,
        *_: Any,
        **__: Any,
    ) -> ModelResponse:
        outputs = [item for item in input if item.get("type") == "function_call_output"]
        if outputs:
            text = ResponseOutputText(
                type="output_text", text=outputs[-1]["output"][0]["text"], annotations=[]
            )
            reply: Any = ResponseOutputMessage(
                id="said", type="message", role="assistant", status="completed", content=[text]
            )
        else:
            reply = ResponseFunctionToolCall(
                type="function_call",
                call_id="call-1",
                name=tools[0].name,
                arguments=json.dumps({"query": input[0]["content"]}),
            )
        return ModelResponse(output=[reply], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError("this agent does not stream")


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


async def agent(principal: WorkspaceClient) -> dict[str, Any]:
    """What an agent finds by the tools of a schema."""
    servers = {"token": None, "principal": principal}
    found: dict[str, Any] = {}
    for who, client in servers.items():
        async with McpServer.from_vector_search(
            catalog="main", schema="shop", workspace_client=client, name="shop"
        ) as server:
            tools = await server.list_tools()
            done = await Runner.run(Agent(name="shop", model=Scripted(), mcp_servers=[server]), ASK)
            called = await server.call_tool(
                tools[0].name,
                {"query": ASK},
                meta={"num_results": 2, "filters": '{"color": "blue"}'},
            )
        found[who] = {
            "tools": [tool.name for tool in tools],
            "rows": ids(json.loads(done.final_output)),
            "turns": [type(item).__name__ for item in done.new_items],
            "two_blue": ids(json.loads(called.content[0].text)),
        }
    return found


def toolkit() -> dict[str, Any]:
    """What the helper for chat completions lists and runs."""
    tools = McpServerToolkit.from_vector_search("main", "shop", "by_text", name="mine").get_tools()
    return {
        "spec": tools[0].spec,
        "rows": ids(json.loads(tools[0].execute(query=ASK))),
    }


def retriever() -> list[Any]:
    """What the helper that asks the index itself finds."""
    tool = VectorSearchRetrieverTool(index_name=NAME, num_results=3, columns=["id", "text"])
    return tool.execute(query=ASK)


def main() -> None:
    set_tracing_disabled(True)
    client = VectorSearchClient(disable_notice=True)
    client.create_endpoint_and_wait(ENDPOINT)
    index = client.create_delta_sync_index_and_wait(
        endpoint_name=ENDPOINT,
        index_name=NAME,
        primary_key="id",
        source_table_name=TABLE,
        pipeline_type="TRIGGERED",
        embedding_source_column="text",
        embedding_model_endpoint_name=MODEL,
    )
    principal = WorkspaceClient(
        host=os.environ["DATABRICKS_HOST"],
        client_id=os.environ["SHOP_CLIENT_ID"],
        client_secret=os.environ["SHOP_CLIENT_SECRET"],
        auth_type="oauth-m2m",
    )
    reply = index.similarity_search(columns=["id"], query_text=ASK, num_results=8)
    found = {
        "ranked": [row[0] for row in reply["result"]["data_array"]],
        "agent": asyncio.run(agent(principal)),
        "toolkit": toolkit(),
        "retriever": retriever(),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
