"""Arguments of the async index whose effect no other test of it shows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.sleeps import replace_sleep

from engine import AISearchIndex, StorageFailed, VectorSearchClient
from engine.core.query_request import QueryRequest
from engine.doors.client import retries
from engine.doors.client.reranker import DatabricksReranker
from engine.service.search.operations import Queries

ENDPOINT = "fashion_vector_search"
ROWS: list[dict[str, Any]] = [
    {"id": 1, "title": "red shirt", "note": "jeans", "price": 5.0, "v": [1.0, 0.0]},
    {"id": 2, "title": "blue jeans", "note": "warm", "price": 50.0, "v": [0.0, 1.0]},
    {"id": 3, "title": "red jeans", "note": "cold", "price": 500.0, "v": [0.6, 0.8]},
]
SCHEMA = {
    "id": "integer",
    "title": "string",
    "note": "string",
    "price": "double",
    "v": "array<float>",
}


@pytest.fixture
def titles(client: VectorSearchClient) -> AISearchIndex:
    """A direct access index of three rows with words in two columns."""
    made = client.create_direct_access_index(ENDPOINT, "a.b.titles", "id", 2, "v", SCHEMA)
    made.upsert(ROWS)
    return made


def ids(reply: dict[str, Any]) -> list[int]:
    return [int(row[0]) for row in reply["result"].get("data_array", [])]


def ask(client: VectorSearchClient, **arguments: Any) -> dict[str, Any]:
    """What the async index of titles answers."""
    index = client.get_async_index(index_name="a.b.titles")
    return asyncio.run(index.similarity_search(columns=["id"], **arguments))


class Backwards:
    """Likes later documents better."""

    def rerank(self, query_text: str, documents: list[str]) -> list[float]:
        return [float(place) for place in range(len(documents))]


def test_an_awaited_query_looks_for_words_in_the_columns_that_are_named(
    client: VectorSearchClient, titles: AISearchIndex
) -> None:
    found = ask(client, query_text="jeans", query_type="FULL_TEXT", query_columns=["note"])
    assert ids(found) == [1]
    assert sorted(ids(ask(client, query_text="jeans", query_type="FULL_TEXT"))) == [1, 2, 3]


def test_an_awaited_query_counts_facets_and_sorts(
    client: VectorSearchClient, titles: AISearchIndex
) -> None:
    found = ask(
        client, query_vector=[1.0, 0.0], facets=["title TOP 1"], sort_columns=["price DESC"]
    )
    assert ids(found) == [3, 2, 1]
    assert found["facet_result"]["facet_row_count"] == 1


def test_an_awaited_query_ranks_again(client: VectorSearchClient, titles: AISearchIndex) -> None:
    client.workspace.register_reranker("databricks_reranker", Backwards())
    words = {"query_text": "red jeans", "query_type": "FULL_TEXT", "query_columns": ["title"]}
    first = ids(ask(client, **words))
    reranker = DatabricksReranker(columns_to_rerank=["title"])
    assert ids(ask(client, **words, reranker=reranker, disable_notice=True)) == first[::-1]
    assert ids(ask(client, **words, columns_to_rerank=["title"])) == first[::-1]


def test_an_awaited_query_is_tried_again_too(
    client: VectorSearchClient, titles: AISearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    answer = Queries.query

    def fail_once(queries: Queries, request: QueryRequest) -> dict[str, Any]:
        if not waits:
            raise StorageFailed("not read just now")
        return answer(queries, request)

    monkeypatch.setattr(Queries, "query", fail_once)
    replace_sleep(monkeypatch, waits.append)
    monkeypatch.setattr(retries.random, "random", lambda: 1.0)
    found = asyncio.run(
        client.get_async_index(index_name=titles.name).similarity_search(
            columns=["id"],
            query_vector=[1.0, 0.0],
            total_retries=1,
            backoff_factor=2,
            backoff_jitter=0.25,
        )
    )
    assert ids(found) == [1, 3, 2]
    assert waits == [2.5]


def test_a_closed_index_answers_no_more(client: VectorSearchClient, titles: AISearchIndex) -> None:
    async def use() -> None:
        index = client.get_async_index(index_name=titles.name)
        await index.aclose()
        await index.describe()

    with pytest.raises(Exception, match="closed"):
        asyncio.run(use())
