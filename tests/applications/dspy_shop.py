"""A shop's retrieval in DSPy: a program for any workspace, that knows host and credentials alone.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN, and of the service principal SHOP_CLIENT_ID and
SHOP_CLIENT_SECRET. The workspace has the table main.shop.notes. Prints what it found as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import dspy
from databricks.sdk import WorkspaceClient
from databricks.sdk.service import vectorsearch as vs
from dspy.retrievers.databricks_rm import DatabricksRM

ENDPOINT, MODEL, TABLE = "shop", "databricks-gte-large-en", "main.shop.notes"
COUNTED, BY_TEXT = "main.shop.counted", "main.shop.by_text"
WORDS = ("red", "blue", "dress", "shoes", "bag", "summer", "winter", "office")
SCHEMA = {"id": "string", "text": "string", "color": "string", "price": "double"}


class Shopper(dspy.Module):
    """A module of a program, as DSPy's users write it; no language model behind it."""

    def __init__(self, retrieve: DatabricksRM) -> None:
        super().__init__()
        self.retrieve = retrieve

    def forward(self, question: str) -> dspy.Prediction:
        return dspy.Prediction(answer=self.retrieve(question).docs[0])


def counted(text: str) -> list[float]:
    words = text.split()
    return [float(words.count(word)) for word in WORDS]


def make_indexes(client: WorkspaceClient, notes: list[dict[str, Any]]) -> None:
    client.vector_search_endpoints.create_endpoint_and_wait(ENDPOINT, vs.EndpointType.STANDARD)
    vectors = [vs.EmbeddingVectorColumn(name="vector", embedding_dimension=len(WORDS))]
    client.vector_search_indexes.create_index(
        COUNTED,
        ENDPOINT,
        "id",
        vs.VectorIndexType.DIRECT_ACCESS,
        direct_access_index_spec=vs.DirectAccessVectorIndexSpec(
            embedding_vector_columns=vectors,
            schema_json=json.dumps({**SCHEMA, "vector": "array<float>"}),
        ),
    )
    rows = [{**note, "vector": counted(note["text"])} for note in notes]
    client.vector_search_indexes.upsert_data_vector_index(COUNTED, json.dumps(rows))
    texts = [vs.EmbeddingSourceColumn(name="text", embedding_model_endpoint_name=MODEL)]
    client.vector_search_indexes.create_index(
        BY_TEXT,
        ENDPOINT,
        "id",
        vs.VectorIndexType.DELTA_SYNC,
        delta_sync_index_spec=vs.DeltaSyncVectorIndexSpecRequest(
            source_table=TABLE,
            pipeline_type=vs.PipelineType.TRIGGERED,
            embedding_source_columns=texts,
        ),
    )


def searched() -> dict[str, Any]:
    by_vector = DatabricksRM(COUNTED, columns=["color", "price"], k=8)
    ask = counted("red summer dress")
    found = by_vector(ask)
    cheap = by_vector(ask, filters_json=json.dumps({"price <": 50}))
    by_text = DatabricksRM(BY_TEXT, k=3)
    question = "a red dress for the summer"
    return {
        "docs": found.docs,
        "ids": found.doc_ids,
        "extra": found.extra_columns,
        "cheap": cheap.doc_ids,
        "none": by_vector(ask, filters_json=json.dumps({"color": "green"})).docs,
        "by_text": by_text(question).docs,
        "hybrid": by_text("leather", query_type="HYBRID").docs,
        "filtered": DatabricksRM(BY_TEXT, filters_json='{"color": "blue"}')(question).docs,
        "uris": DatabricksRM(COUNTED, docs_uri_column_name="color", columns=["color"], k=2)(
            ask
        ).doc_uris,
        "module": Shopper(by_text)(question=question).answer,
    }


def as_principal() -> list[str]:
    """By the service principal's credentials, which the SDK takes where no token is set."""
    del os.environ["DATABRICKS_TOKEN"]
    retrieve = DatabricksRM(
        BY_TEXT,
        databricks_client_id=os.environ["SHOP_CLIENT_ID"],
        databricks_client_secret=os.environ["SHOP_CLIENT_SECRET"],
        k=3,
    )
    return retrieve("a red dress for the summer").docs


def main() -> None:
    client = WorkspaceClient()
    make_indexes(client, json.load(sys.stdin))
    print(json.dumps({**searched(), "principal": as_principal()}))


if __name__ == "__main__":
    main()
