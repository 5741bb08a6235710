"""A shop's memory of its customers in mem0: a program for any workspace, that knows host and token.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN. Prints what it found as JSON. No language model is asked:
texts are kept as they are, and those of the store alone are written with vectors that stand here.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ["MEM0_TELEMETRY"] = "false"

from mem0 import Memory
from mem0.vector_stores.databricks import Databricks

HOST, TOKEN = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]
MODEL, DIMENSION = "databricks-gte-large-en", 1024
WHERE = {"endpoint_name": "shop", "catalog": "main", "schema": "shop"}
ACCESS = {"workspace_url": HOST, "access_token": TOKEN, **WHERE}


def memory(warehouse: str) -> Memory:
    models = {"api_key": TOKEN, "openai_base_url": f"{HOST}/serving-endpoints", "model": MODEL}
    store = {
        **ACCESS,
        "table_name": "memories",
        "collection_name": "memories_index",
        "embedding_model_endpoint_name": MODEL,
        "embedding_dimension": DIMENSION,
        "endpoint_type": "STANDARD",  # as given: the SDK refuses the default, a plain text
        "pipeline_type": "CONTINUOUS",  # mem0 never asks for a sync
        "warehouse_name": warehouse,
    }
    return Memory.from_config(
        {
            "vector_store": {"provider": "databricks", "config": store},
            "embedder": {"provider": "openai", "config": models},
            "llm": {"provider": "openai", "config": models},
            "history_db_path": "history.db",
        }
    )


def texts(found: dict[str, Any]) -> list[list[Any]]:
    return [[row["memory"], row["user_id"]] for row in found["results"]]


def remembered(notes: list[dict[str, Any]], warehouse: str) -> dict[str, Any]:
    """Memories of two customers: kept, searched, read, changed and deleted."""
    shop = memory(warehouse)
    keys = {}
    for note in notes:
        user = "anna" if note["color"] == "red" else "ben"
        added = shop.add(note["text"], user_id=user, infer=False)["results"]
        keys[note["text"]] = added[0]["id"]
    ask = "a red dress for the summer"
    by_user = {"user_id": "anna"}
    found: dict[str, Any] = {"keys": keys}
    found["search"] = texts(shop.search(ask, filters=by_user, top_k=3, threshold=0.0))
    store = shop.vector_store
    found["nearest"] = [[row.payload["memory"], row.score] for row in store.search(ask, [], 8)]
    found["keyword"] = [row.payload["memory"] for row in store.keyword_search("leather", 3)]
    found["all"] = sorted(text for text, _ in texts(shop.get_all(filters=by_user)))
    bag = shop.get(keys["black leather bag"])
    found["one"] = [bag["memory"], bag["user_id"], bag["created_at"]]
    store.update(keys["black leather bag"], payload={"metadata": '{"shelf": "O\'Hara\'s"}'})
    found["changed"] = store.get(keys["black leather bag"]).payload
    shop.delete(keys["black leather bag"])
    found["after_delete"] = sorted(
        text for text, _ in texts(shop.get_all(filters={"user_id": "ben"}))
    )
    found["again"] = texts(memory(warehouse).search(ask, filters=by_user, top_k=3, threshold=0.0))
    store.reset()
    found["after_reset"] = store.search(ask, [], 3)
    return found


def with_vectors(notes: list[dict[str, Any]], warehouse: str) -> dict[str, Any]:
    """A direct access index, and the table beside it that mem0 writes its rows to."""
    store = Databricks(
        **ACCESS,
        table_name="vectors",
        collection_name="vectors_index",
        index_type="DIRECT_ACCESS",
        embedding_dimension=2,
        warehouse_name=warehouse,
    )
    made = store.client.vector_search_indexes.get_index("main.shop.vectors_index").as_dict()
    store.insert(
        [[1.0, note["price"]] for note in notes],
        [{"data": note["text"], "user_id": "ben", "run_id": note["color"]} for note in notes],
        [note["id"] for note in notes],
    )
    store.update("1", [0.5, 0.25])
    store.delete("2")
    rows = "SELECT memory_id, memory, embedding FROM main.shop.vectors ORDER BY memory_id"
    reply = store.client.statement_execution.execute_statement(rows, store.warehouse_id)
    table = store.client.tables.get("main.shop.vectors").as_dict()
    return {
        "direct": made,
        "rows": reply.result.data_array,
        "columns": [[column["name"], column["type_text"]] for column in table["columns"]],
        "constraints": table["table_constraints"],
        "collections": sorted(store.list_cols()),
    }


def main() -> None:
    from databricks.sdk import WorkspaceClient

    warehouse = next(iter(WorkspaceClient(host=HOST, token=TOKEN).warehouses.list())).name
    notes = json.load(sys.stdin)
    json.dump({**remembered(notes, warehouse), **with_vectors(notes, warehouse)}, sys.stdout)


if __name__ == "__main__":
    main()
