"""A shop's search in LlamaIndex: a program for any workspace, that knows host and credentials alone.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN. The workspace has the table main.shop.notes. Prints what
it found as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from databricks.vector_search.client import VectorSearchClient
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)
from llama_index.vector_stores.databricks import DatabricksVectorSearch

ENDPOINT, MODEL, TABLE = "library", "databricks-gte-large-en", "main.shop.notes"
WORDS = ("red", "blue", "dress", "shoes", "bag", "summer", "winter", "office")


class CountedWords(BaseEmbedding):
    """A text's vector is how often it has each of the shop's words."""

    def _get_text_embedding(self, text: str) -> list[float]:
        words = text.lower().split()
        return [float(words.count(word)) for word in WORDS]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def as_node(note: dict[str, Any]) -> TextNode:
    """A note as a node of the document that its colour names."""
    return TextNode(
        id_=note["id"],
        text=note["text"],
        metadata={"color": note["color"], "price": note["price"]},
        excluded_embed_metadata_keys=["color", "price"],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=note["color"])},
    )


def where(*conditions: tuple[str, FilterOperator, Any], any_of: bool = False) -> MetadataFilters:
    return MetadataFilters(
        filters=[MetadataFilter(key=k, operator=o, value=v) for k, o, v in conditions],
        condition=FilterCondition.OR if any_of else FilterCondition.AND,
    )


def new_store(client: VectorSearchClient) -> DatabricksVectorSearch:
    created = client.create_direct_access_index(
        endpoint_name=ENDPOINT,
        index_name="main.shop.nodes",
        primary_key="id",
        embedding_dimension=len(WORDS),
        embedding_vector_column="vector",
        schema={
            "id": "string",
            "text": "string",
            "color": "string",
            "price": "double",
            "doc_id": "string",
            "vector": "array<float>",
        },
    )
    return DatabricksVectorSearch(created, text_column="text", columns=["color", "price"])


def self_managed(client: VectorSearchClient, notes: list[dict[str, Any]]) -> dict[str, Any]:
    store, words = new_store(client), CountedWords()
    index = VectorStoreIndex(
        [as_node(note) for note in notes],
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=words,
    )

    def ask(filters: MetadataFilters | None = None, top: int = 8) -> list[Any]:
        retriever = index.as_retriever(similarity_top_k=top, filters=filters)
        return [[n.node.node_id, n.score] for n in retriever.retrieve("red summer dress")]

    operator = FilterOperator
    found = {
        "nearest": ask(top=3),
        "all": ask(),
        "equal": ask(where(("color", operator.EQ, "blue"))),
        "between": ask(where(("price", operator.GTE, 30), ("price", operator.LT, 80))),
        "among": ask(where(("color", operator.IN, ["red", "black"]))),
        "not_among": ask(where(("color", operator.NIN, ["red", "black"]))),
        "either": ask(
            where(("color", operator.EQ, "blue"), ("price", operator.LT, 30), any_of=True)
        ),
        "none": ask(where(("color", operator.EQ, "green"))),
    }
    query = VectorStoreQuery(query_embedding=words.get_query_embedding("blue"), similarity_top_k=1)
    node = store.query(query).nodes[0]
    found["node"] = [node.node_id, node.text, node.metadata]
    index.delete_ref_doc("red")
    found["after_delete"] = ask()
    return found


def managed(client: VectorSearchClient) -> dict[str, Any]:
    made = client.create_delta_sync_index(
        endpoint_name=ENDPOINT,
        index_name="main.shop.notes_by_text",
        primary_key="id",
        source_table_name=TABLE,
        pipeline_type="TRIGGERED",
        embedding_source_column="text",
        embedding_model_endpoint_name=MODEL,
    )
    while not made.describe()["status"]["ready"]:
        time.sleep(0.1)
    store = DatabricksVectorSearch(made, columns=["color"], doc_id_column="color")
    query = VectorStoreQuery(
        query_str="a red dress for the summer",
        similarity_top_k=3,
        filters=where(("price", FilterOperator.LT, 80)),
    )
    answer = store.query(query)
    return {"managed": answer.ids, "managed_scores": answer.similarities}


def main() -> None:
    notes = json.load(sys.stdin)
    client = VectorSearchClient(
        workspace_url=os.environ["DATABRICKS_HOST"],
        personal_access_token=os.environ["DATABRICKS_TOKEN"],
        disable_notice=True,
    )
    client.create_endpoint(ENDPOINT)
    json.dump({**self_managed(client, notes), **managed(client)}, sys.stdout)


if __name__ == "__main__":
    main()
