"""A shop's search in LangChain: a program for any workspace, that knows host and credentials alone.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN, and of the service principal SHOP_CLIENT_ID and
SHOP_CLIENT_SECRET. The workspace has the table main.shop.notes. Prints what it found as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from databricks.ai_search.client import VectorSearchClient
from databricks.sdk import WorkspaceClient
from databricks_langchain import (
    DatabricksEmbeddings,
    DatabricksMCPServer,
    DatabricksMultiServerMCPClient,
    DatabricksVectorSearch,
    VectorSearchRetrieverTool,
)
from databricks_mcp import DatabricksMCPClient
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

ENDPOINT, MODEL, TABLE = "shop", "databricks-gte-large-en", "main.shop.notes"
DIMENSION = 1024  # of the model's vectors, as its documentation says
WORDS = ("red", "blue", "dress", "shoes", "bag", "summer", "winter", "office")
SCHEMA = {"id": "string", "text": "string", "color": "string", "price": "double"}


class CountedWords(Embeddings):
    """A text's vector is how often it has each of the shop's words."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        words = text.lower().split()
        return [float(words.count(word)) for word in WORDS]


class Scripted(BaseChatModel):
    """In a language model's place: asks its first tool what it was asked, and repeats the rows."""

    tool: str = ""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **_: Any) -> Scripted:
        return Scripted(tool=tools[0].name)

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            reply = AIMessage(content=last.text)
        else:
            call = {"name": self.tool, "args": {"query": last.text}, "id": "call-1"}
            reply = AIMessage(content="", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=reply)])


def shown(documents: list[Document]) -> list[Any]:
    return [[found.page_content, found.metadata] for found in documents]


def scored(pairs: list[tuple[Document, float]]) -> list[Any]:
    return [[found.metadata["id"], score] for found, score in pairs]


def ids(documents: list[Document]) -> list[str]:
    return [found.metadata["id"] for found in documents]


def new_store(client: VectorSearchClient, name: str, embedding: Embeddings, dimension: int) -> Any:
    client.create_direct_access_index(
        endpoint_name=ENDPOINT,
        index_name=name,
        primary_key="id",
        embedding_dimension=dimension,
        embedding_vector_column="vector",
        schema={**SCHEMA, "vector": "array<float>"},
    )
    return DatabricksVectorSearch(
        name, embedding=embedding, text_column="text", columns=["color", "price"]
    )


def fill(store: Any, notes: list[dict[str, Any]]) -> list[str]:
    return store.add_texts(
        [note["text"] for note in notes],
        [{"color": note["color"], "price": note["price"]} for note in notes],
        [note["id"] for note in notes],
    )


def self_managed(client: VectorSearchClient, notes: list[dict[str, Any]]) -> dict[str, Any]:
    words = CountedWords()
    store = new_store(client, "main.shop.counted", words, len(WORDS))
    found: dict[str, Any] = {"added": fill(store, notes)}
    ask = "red summer dress"
    found["documents"] = shown(store.similarity_search(ask, k=2))
    found["scores"] = scored(store.similarity_search_with_score(ask, k=8))
    found["by_vector"] = scored(
        store.similarity_search_by_vector_with_score(words.embed_query(ask), k=3)
    )
    found["cheap"] = ids(store.similarity_search(ask, k=8, filter={"price <": 50}))
    chosen = {"color": ["red", "black"], "price >=": 30}
    found["two_filters"] = ids(store.similarity_search(ask, k=8, filter=chosen))
    found["not_red"] = ids(store.similarity_search(ask, k=8, filter={"color NOT": "red"}))
    found["none"] = ids(store.similarity_search(ask, filter={"color": "green"}))
    found["hybrid"] = ids(store.similarity_search("leather", k=2, query_type="HYBRID"))
    found["diverse"] = ids(
        store.max_marginal_relevance_search(ask, k=2, fetch_k=5, lambda_mult=0.2)
    )
    found["diverse_hybrid"] = ids(
        store.max_marginal_relevance_search(ask, k=2, fetch_k=5, query_type="HYBRID")
    )
    retriever = store.as_retriever(search_kwargs={"k": 2, "filter": {"color": "blue"}})
    found["retriever"] = ids(retriever.invoke("blue shoes"))
    found["async"] = ids(asyncio.run(store.asimilarity_search(ask, k=3)))
    try:
        store.similarity_search(ask, filter={"colour": "red"})
    except Exception as error:
        found["bad_filter"] = [type(error).__name__, str(error)]
    found["deleted"] = store.delete(["1"])
    found["after_delete"] = ids(store.similarity_search(ask, k=8))
    return found


def managed(client: VectorSearchClient, notes: list[dict[str, Any]]) -> dict[str, Any]:
    name, ask = "main.shop.by_text", "a red dress for the summer"
    client.create_delta_sync_index_and_wait(
        endpoint_name=ENDPOINT,
        index_name=name,
        primary_key="id",
        source_table_name=TABLE,
        pipeline_type="TRIGGERED",
        embedding_source_column="text",
        embedding_model_endpoint_name=MODEL,
    )
    store = DatabricksVectorSearch(name, columns=["color", "price"])
    embedding = DatabricksEmbeddings(endpoint=MODEL)
    own = new_store(client, "main.shop.by_own_call", embedding, DIMENSION)
    fill(own, notes)
    tool = VectorSearchRetrieverTool(
        index_name=name, num_results=2, columns=["color", "price"], dynamic_filter=True
    )
    red = [{"key": "color", "value": "red"}]
    principal = WorkspaceClient(
        host=os.environ["DATABRICKS_HOST"],
        client_id=os.environ["SHOP_CLIENT_ID"],
        client_secret=os.environ["SHOP_CLIENT_SECRET"],
        auth_type="oauth-m2m",
    )
    theirs = DatabricksVectorSearch(name, workspace_client=principal)
    return {
        **asyncio.run(agent(ask, principal)),
        **tools_by_the_vendors_client(ask, principal),
        **asyncio.run(functions(ask, principal)),
        "managed": scored(store.similarity_search_with_score(ask, k=8)),
        "managed_documents": shown(store.similarity_search(ask, k=1, filter={"color": "blue"})),
        "managed_hybrid": ids(store.similarity_search("leather", k=1, query_type="HYBRID")),
        "own_call": scored(own.similarity_search_with_score(ask, k=8)),
        "tool": str(tool.invoke({"query": ask, "filters": red})),
        "tool_columns": json.dumps(tool.args_schema.model_json_schema()),
        "principal": ids(theirs.similarity_search(ask, k=8)),
    }


async def agent(ask: str, principal: WorkspaceClient) -> dict[str, Any]:
    """What an agent finds by the tools of a schema; it must be told of an index before it is asked."""
    server = DatabricksMCPServer.from_vector_search(catalog="main", schema="shop", name="shop")
    theirs = DatabricksMCPServer.from_vector_search(
        catalog="main", schema="shop", index_name="by_text", name="one", workspace_client=principal
    )
    tools = await DatabricksMultiServerMCPClient([server]).get_tools()
    one = await DatabricksMultiServerMCPClient([theirs]).get_tools()
    loop = create_agent(Scripted(), tools)
    done = await loop.ainvoke({"messages": [{"role": "user", "content": ask}]})
    found: dict[str, Any] = {
        "agent_tools": [tool.name for tool in tools],
        "agent_rows": json.loads(done["messages"][-1].text),
        "agent_turns": [type(message).__name__ for message in done["messages"]],
        "principals_tools": [tool.name for tool in one],
    }
    call = {"type": "tool_call", "id": "call-2", "name": one[0].name, "args": {"query": ""}}
    failed = await one[0].ainvoke(call)
    found["tool_error"] = {"text": failed.text, "status": failed.status}
    return found


def tools_by_the_vendors_client(ask: str, principal: WorkspaceClient) -> dict[str, Any]:
    """What the vendor's own client of MCP lists and calls, signed in by a token and as a principal."""
    url = f"{os.environ['DATABRICKS_HOST']}/api/2.0/mcp/vector-search/main/shop"
    token = WorkspaceClient(
        host=os.environ["DATABRICKS_HOST"],
        token=os.environ["DATABRICKS_TOKEN"],
        auth_type="pat",
    )
    found: dict[str, Any] = {}
    for name, client in {"token": token, "principal": principal}.items():
        tools = DatabricksMCPClient(url, client)
        called = tools.call_tool(tools.list_tools()[0].name, {"query": ask})
        rows = [row["id"] for row in json.loads(called.content[0].text)]
        resources = [resource.to_dict() for resource in tools.get_databricks_resources()]
        found[f"vendors_client_{name}"] = [rows, resources]
    return found


async def functions(ask: str, principal: WorkspaceClient) -> dict[str, Any]:
    """What a function that SQL made finds as a tool, and how the vendor's client names it."""
    workspace = WorkspaceClient()
    made = workspace.statement_execution.execute_statement(
        "CREATE FUNCTION main.shop.alike(wanted STRING COMMENT 'words', most INT DEFAULT 2) RETURNS "
        "TABLE (id STRING, price DOUBLE) COMMENT 'Notes alike' RETURN SELECT id, price FROM "
        "vector_search(index => 'main.shop.by_text', query_text => wanted, num_results => most) "
        "ORDER BY search_score DESC, id",
        next(iter(workspace.warehouses.list())).id or "",
    )
    assert made.status is not None
    server = DatabricksMCPServer.from_uc_function(
        catalog="main", schema="shop", function_name="alike", name="one", workspace_client=principal
    )
    (tool,) = await DatabricksMultiServerMCPClient([server]).get_tools()
    call = {"type": "tool_call", "id": "call-3", "name": tool.name, "args": {"wanted": ask}}
    answered = await tool.ainvoke(call)
    url = f"{os.environ['DATABRICKS_HOST']}/api/2.0/mcp/functions/main/shop"
    resources = await asyncio.to_thread(
        DatabricksMCPClient(url, principal).get_databricks_resources
    )
    return {
        "function_made": str(made.status.state),
        "function_tool": [tool.name, tool.description, tool.args],
        "function_rows": json.loads(answered.text),
        "function_resources": [resource.to_dict() for resource in resources],
    }


def main() -> None:
    notes = json.load(sys.stdin)
    client = VectorSearchClient(disable_notice=True)
    client.create_endpoint_and_wait(ENDPOINT)
    json.dump({**self_managed(client, notes), **managed(client, notes)}, sys.stdout)


if __name__ == "__main__":
    main()
